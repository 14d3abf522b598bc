"""The queue summed up by destination, by every provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bitrixmail.model.job import JobState, Kind, Settlement
from bitrixmail.model.queue import Bound, Search
from tests.contracts.test_job_store_contract import lease
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED
from tests.fakes.jobs import make_attempt, make_job, make_letter

pytestmark = pytest.mark.parametrize("opened", BOTH)


async def test_open_jobs_are_summed_up_by_destination(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        first = RECEIVED - timedelta(minutes=5)
        await stores.messages.append(
            make_letter(
                "Q1",
                make_job("a@example.com", at=RECEIVED + timedelta(minutes=9)),
                make_job("b@example.com", at=first),
                make_job("c@example.com"),
                replace(make_job("d@example.com"), held=True),
                replace(make_job("e@example.net"), held=True),
                make_job("done@example.org"),
                replace(make_job("f@example.com"), kind=Kind.LOCAL),
            )
        )
        (done,) = await lease(stores, "example.org")
        await stores.jobs.settle([Settlement(done, JobState.DONE, make_attempt())])
        found = await stores.queue.bound(10)
        assert found == (
            Bound(Kind.REMOTE, "example.com", 3, 0, 1, RECEIVED, first),
            Bound(Kind.LOCAL, "example.com", 1, 0, 0, RECEIVED, RECEIVED),
            Bound(Kind.REMOTE, "example.net", 0, 0, 1, RECEIVED, None),
        )
        assert await stores.queue.bound(1) == found[:1]
        await lease(stores, "example.com", most=1)
        assert (await stores.queue.bound(1))[0].leased == 1
        assert len(await stores.queue.find(Search(states=(JobState.HELD,)), 9)) == 2
