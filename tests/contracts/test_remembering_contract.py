"""What every job store remembers, and how long: messages, jobs that ended, what came before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bitrixmail.model.errors import NotFoundError
from bitrixmail.model.job import JobState, Settlement
from bitrixmail.model.queue import Search
from tests.contracts.test_job_store_contract import SOON, WHOLE, lease, states
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED
from tests.fakes.jobs import make_attempt, make_job, make_letter

pytestmark = pytest.mark.parametrize("opened", BOTH)


async def test_the_same_is_taken_once(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job(), once="pickup:1"))
        await stores.messages.append(make_letter("Q2", make_job(), once="pickup:1"))
        await stores.messages.append(make_letter("Q3", make_job(), once="pickup:2"))
        jobs = await lease(stores, "example.com")
        assert [job.queue_id for job in jobs] == ["Q1", "Q3"]


async def test_what_was_brought_is_known_by_its_name(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        for number, once in enumerate(("api:a", "api:b:1", "api:b:2", "api:bb:3", "api:b/")):
            await stores.messages.append(make_letter(f"Q{number}", make_job(), once=once))
        assert await stores.messages.brought("api:a") == ("api:a",)
        assert await stores.messages.brought("api:b") == ("api:b:1", "api:b:2")
        assert await stores.messages.brought("ap") == ()


async def test_a_message_stays_as_long_as_a_job_needs_it(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        jobs = [make_job("a@example.com"), make_job("b@example.com")]
        await stores.messages.append(make_letter("Q1", *jobs))
        first, second = await stores.queue.find(Search(), 10)
        assert await stores.queue.delete([first.id]) == 1
        (job,) = await lease(stores, "example.com")
        assert await stores.queue.delete([second.id]) == 0  # it is leased
        await stores.jobs.settle([Settlement(job, JobState.DONE, make_attempt())])
        assert await stores.jobs.read(job.message_id, 0, 5) == WHOLE[:5]
        assert await stores.queue.delete([second.id]) == 1
        with pytest.raises(NotFoundError):
            await stores.jobs.read(job.message_id, 0, 5)


async def test_what_ended_long_ago_is_forgotten(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        jobs = [make_job("a@example.com"), make_job("b@example.com")]
        await stores.messages.append(make_letter("Q1", *jobs, once="key"))
        first, _ = await lease(stores, "example.com")
        await stores.jobs.settle([Settlement(first, JobState.DONE, make_attempt())])
        await stores.messages.expire(SOON + timedelta(days=2000))
        assert await states(stores) == {"b@example.com": JobState.LEASED}


async def test_what_a_job_has_brought_is_remembered_as_long_as_there_is_the_job(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", *(make_job(f"{n}@x.net") for n in range(2))))
        first, second = await stores.queue.find(Search(), 10)

        async def bring() -> set[str]:
            """Bring what jobs bring once more; return what had an effect."""
            found = set()
            for number, key in enumerate(keys):
                queue_id = f"{key}/{number}/{len(seen)}"
                await stores.messages.append(make_letter(queue_id, make_job(), once=key))
                found |= {key for one in await stores.queue.find(Search(), 99)
                          if one.queue_id == queue_id}  # fmt: skip
            seen.append(found)
            return found

        seen: list[set[str]] = []
        keys = [f"job:{first.id}", f"job:{first.id}:1", f"job:{first.id}0", f"job:{second.id}:7",
                "source:x"]  # fmt: skip
        assert await bring() == set(keys)
        assert await bring() == set()
        await stores.messages.expire(RECEIVED + timedelta(days=200))
        assert await bring() == {"source:x"}
        await stores.queue.delete([first.id])
        assert await bring() == {f"job:{first.id}", f"job:{first.id}:1"}
