"""The queue summed up by destination, by every provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bitrixmail.model.job import Attempt, JobState, Kind, Result, Settlement
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


async def test_troubles_are_told_as_one_by_one(opened: Opened, tmp_path: Path) -> None:
    """What deferred since the last answer: how often, and the last time."""

    def tried(result: Result, minute: int, reply: str = "no") -> Attempt:
        return replace(make_attempt(result, reply), at=RECEIVED + timedelta(minutes=minute))

    async with opened(tmp_path) as stores:
        names = [f"{n}@{domain}.example" for domain in ("down", "up", "new") for n in "ab"]
        await stores.messages.append(make_letter("Q1", *map(make_job, names)))
        for minute, results in enumerate(
            (
                (Result.DEFERRED, Result.DEFERRED),
                (Result.DELIVERED, Result.DEFERRED),
                (Result.DEFERRED, Result.DELIVERED),
                (Result.DEFERRED, None),
            )
        ):
            settled = []
            for domain, result in zip(("down", "up"), results, strict=True):
                if result is None:
                    continue
                (job, *_) = await lease(stores, f"{domain}.example", most=1)
                done = result is Result.DELIVERED
                state = JobState.DONE if done else JobState.WAITING
                at = None if done else RECEIVED
                attempt = tried(result, minute, f"{domain} {minute}")
                settled.append(Settlement(job, state, attempt, at))
            await stores.jobs.settle(settled)
        every = [(Kind.REMOTE, f"{domain}.example") for domain in ("down", "up", "new")]
        found = await stores.queue.troubles(every)
        assert await stores.queue.troubles(every[1:]) == await stores.queue.troubles([]) == {}
        assert {key: (each.times, each.last.reply) for key, each in found.items()} == {
            (Kind.REMOTE, "down.example"): (2, "down 3"),
        }
        for domain in ("down", "up", "new"):
            alone = await stores.queue.unreached(Kind.REMOTE, f"{domain}.example")
            assert found.get((Kind.REMOTE, f"{domain}.example")) == alone
