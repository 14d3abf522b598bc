"""What a person has tried again, in every job store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bitrixmail.model.job import JobState, Result, Settlement
from bitrixmail.model.queue import Search
from tests.contracts.test_job_store_contract import LATER, SOON, lease
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.jobs import make_attempt, make_job, make_letter

pytestmark = pytest.mark.parametrize("opened", BOTH)


async def test_retry_makes_due_also_what_was_given_up(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        jobs = [make_job("a@example.com", at=LATER), make_job("b@example.com")]
        await stores.messages.append(make_letter("Q1", *jobs))
        (dead,) = await lease(stores, "example.com")
        await stores.jobs.settle([Settlement(dead, JobState.DEAD, make_attempt(Result.FAILED))])
        ids = [found.id for found in await stores.queue.find(Search(), 10)]
        lasting = SOON + timedelta(days=9)
        assert await stores.queue.retry(ids, SOON, lasting) == 2
        again = {job.recipient: job.expires for job in await lease(stores, "example.com")}
        assert again == {
            "a@example.com": LATER + timedelta(days=5),
            "b@example.com": lasting,
        }


async def test_tries_by_hand_are_told_apart(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job()))
        for tried in range(1, 4):
            (found,) = await stores.queue.find(Search(), 10)
            # that somebody is impatient counts once for each attempt
            await stores.queue.retry([found.id], SOON, LATER)
            await stores.queue.retry([found.id], SOON, LATER)
            (job,) = await lease(stores, "example.com")
            assert (job.attempts, job.by_hand) == (tried - 1, tried)
            again = Settlement(job, JobState.WAITING, make_attempt(Result.DEFERRED), SOON)
            await stores.jobs.settle([again])
        (job,) = await lease(stores, "example.com")
        await stores.jobs.settle([Settlement(job, JobState.DEAD, make_attempt(Result.FAILED))])
        await stores.queue.retry([job.id], SOON, LATER)
        (job,) = await lease(stores, "example.com")
        assert (job.attempts, job.by_hand) == (4, 4)
