"""What every job store does, and the queue over it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.queue import IQueue
from bitrixmail.model.destination import RelayRoute
from bitrixmail.model.job import Job, JobState, Kind, Priority, Result, Settlement, put_off
from bitrixmail.model.message import INBOX
from bitrixmail.model.queue import Aged, Depth, Due, Search, Wanted
from bitrixmail.model.way import RouteRule
from bitrixmail.store.opening import Stores
from tests.contracts.test_message_store_contract import add_info, uids
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import BODY, RECEIVED, make_draft, make_filing
from tests.fakes.jobs import make_attempt, make_job, make_letter

WHOLE = b"Received: from mx.example.net\r\n" + BODY
SOON = RECEIVED + timedelta(minutes=5)
LATER = RECEIVED + timedelta(hours=1)
pytestmark = pytest.mark.parametrize("opened", BOTH)


async def lease(
    stores: Stores, *destinations: str, most: int = 10, priority: Priority = Priority.BULK
) -> tuple[Job, ...]:
    wanted = [Wanted(Kind.REMOTE, name, most, priority) for name in destinations]
    return await stores.jobs.lease("server-1", LATER, wanted, SOON)


async def states(stores: Stores) -> dict[str, JobState]:
    return {found.recipient: found.state for found in await stores.queue.find(Search(), 100)}


async def test_both_provide_their_interface(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(IJobStore, stores.jobs)
        verifyObject(IQueue, stores.queue)


async def test_a_job_comes_with_its_message(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job()))
        (job,) = await lease(stores, "example.com")
        assert (job.kind, job.recipient, job.queue_id) == (Kind.REMOTE, "bob@example.com", "Q1")
        assert (job.sender, job.attempts, job.delayed) == ("ann@example.net", 0, False)
        assert (job.created, job.expires) == (RECEIVED, RECEIVED + timedelta(days=5))
        assert (job.size_octets, job.content) == (len(WHOLE), WHOLE)
        assert await stores.jobs.read(job.message_id, 10, 40) == WHOLE[10:50]


async def test_a_job_beside_a_place_leaves_the_place(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        letter = make_letter("Q1", make_job())
        filed = make_draft("Q2", make_filing(info.id, INBOX))
        await stores.messages.append(letter)
        await stores.messages.append(filed)
        assert await uids(stores, info.id) == [1]
        assert [job.queue_id for job in await lease(stores, "example.com")] == ["Q1"]


async def test_what_is_leased_is_nobody_elses(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job()))
        assert len(await lease(stores, "example.com")) == 1
        assert await lease(stores, "example.com") == ()
        assert await stores.jobs.due(SOON) == ()


async def test_a_lease_that_has_run_out_can_be_taken(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job()))
        await lease(stores, "example.com")
        wanted = [Wanted(Kind.REMOTE, "example.com", 10)]
        late = LATER + timedelta(seconds=1)
        again = await stores.jobs.lease("server-2", late + timedelta(hours=1), wanted, late)
        assert [job.queue_id for job in again] == ["Q1"]


async def test_jobs_are_taken_by_their_numbers(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        later = make_job("eve@example.net", at=LATER)
        await stores.messages.append(make_letter("Q1", make_job(), later))
        await lease(stores, "example.com")
        states = (JobState.WAITING, JobState.HELD)
        found = await stores.jobs.lease_these("hand", LATER, [1, 2, 3], states)
        assert [(job.id, job.recipient, job.queue_id) for job in found] == [
            (2, "eve@example.net", "Q1")
        ]
        assert await stores.jobs.lease_these("hand", LATER, [2], states) == ()
        assert await stores.jobs.due(SOON) == ()
        due = await stores.jobs.due(LATER + timedelta(hours=1))
        assert ("example.net", 1) in [(each.destination, each.count) for each in due]


async def test_leases_of_those_who_are_gone_are_taken_back(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job()))
        await lease(stores, "example.com")
        assert await stores.jobs.reclaim("server-1") == 0
        assert await stores.jobs.reclaim("server-2") == 1
        assert len(await lease(stores, "example.com")) == 1


async def test_the_urgent_goes_first_then_the_oldest(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        jobs = [
            make_job("late@example.com", at=SOON),
            make_job("early@example.com"),
            make_job("bulk@example.com", priority=Priority.BULK),
            make_job("code@example.com", at=SOON, priority=Priority.URGENT),
            make_job("other@example.net"),
            make_job("tomorrow@example.com", at=LATER, priority=Priority.URGENT),
        ]
        await stores.messages.append(make_letter("Q1", *jobs))
        (first,) = await lease(stores, "example.com", most=1)
        assert first.recipient == "code@example.com"
        none_of_bulk = await lease(stores, "example.com", priority=Priority.NORMAL)
        assert [job.recipient for job in none_of_bulk] == ["early@example.com", "late@example.com"]
        rest = await lease(stores, "example.com", "example.net")
        assert [job.recipient for job in rest] == ["bulk@example.com", "other@example.net"]


async def test_due_tells_of_each_destination(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        jobs = [
            make_job("a@example.com"),
            make_job("b@example.com"),
            make_job("c@example.com", at=LATER),
            make_job("d@example.net", at=LATER),
        ]
        await stores.messages.append(make_letter("Q1", *jobs))
        assert await stores.jobs.due(SOON) == (
            Due(Kind.REMOTE, "example.com", 2, LATER),
            Due(Kind.REMOTE, "example.net", 0, LATER),
        )


async def test_jobs_of_a_lane_keep_their_order(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        jobs = [make_job("a@example.com", lane="crm"), make_job("b@example.com", lane="crm")]
        await stores.messages.append(make_letter("Q1", *jobs))
        (first,) = await lease(stores, "example.com")
        assert first.recipient == "a@example.com"
        again = Settlement(first, JobState.WAITING, make_attempt(Result.DEFERRED), LATER)
        await stores.jobs.settle([again])
        assert await lease(stores, "example.com") == ()
        wanted = [Wanted(Kind.REMOTE, "example.com", 10)]
        (once_more,) = await stores.jobs.lease("server-1", LATER, wanted, LATER)
        await stores.jobs.settle([Settlement(once_more, JobState.DEAD, make_attempt())])
        (second,) = await lease(stores, "example.com")
        assert second.recipient == "b@example.com"


async def test_a_settled_job_is_done_and_its_attempt_kept(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job()))
        (job,) = await lease(stores, "example.com")
        deferred = make_attempt(Result.DEFERRED, "450 4.2.0 Later")
        waiting = Settlement(job, JobState.WAITING, deferred, SOON, delayed=True)
        await stores.jobs.settle([waiting])
        (job,) = await lease(stores, "example.com")
        assert (job.attempts, job.delayed) == (1, True)
        await stores.jobs.settle([Settlement(job, JobState.DONE, make_attempt())])
        assert await lease(stores, "example.com") == ()
        assert await stores.queue.attempts(job.id) == (deferred, make_attempt())
        (found,) = await stores.queue.find(Search(), 10)
        assert (found.state, found.attempts, found.last) == (JobState.DONE, 2, make_attempt())
        events = await stores.messages.events("Q1", "bob@example.com", 10)
        assert [(event.kind, event.text) for event in events] == [
            ("deferred", "deferred by mx.example.com[192.0.2.25]: 450 4.2.0 Later"),
            ("sent", "sent by mx.example.com[192.0.2.25]: 250 2.0.0 Ok"),
        ]


async def test_it_tells_since_when_a_destination_is_not_reached(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        two = make_job("a@example.com"), make_job("b@example.com")
        await stores.messages.append(make_letter("Q1", *two, make_job("c@example.net")))
        found = await stores.queue.unreached(Kind.REMOTE, "example.com")
        assert found is None
        for minute, result in enumerate((Result.DEFERRED, Result.FAILED, *[Result.DEFERRED] * 3)):
            # The last two at the same moment
            at = RECEIVED + timedelta(minutes=min(minute, 3))
            attempt = replace(make_attempt(result, f"450 {minute}"), at=at)
            (job,) = await lease(stores, "example.com", most=1)
            await stores.jobs.settle([Settlement(job, JobState.WAITING, attempt, SOON)])
            found = await stores.queue.unreached(Kind.REMOTE, "example.com")
            if result is Result.FAILED:
                assert found is None
        assert found is not None
        assert (found.last.at, found.times) == (RECEIVED + timedelta(minutes=3), 2)
        assert await stores.queue.unreached(Kind.REMOTE, "example.net") is None
        assert await stores.queue.unreached(Kind.LOCAL, "example.com") is None


async def test_what_was_not_tried_counts_no_attempt(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job()))
        (job,) = await lease(stores, "example.com")
        await stores.jobs.settle([Settlement(job, JobState.WAITING, None, SOON)])
        (job,) = await lease(stores, "example.com")
        assert job.attempts == 0


async def test_what_follows_is_written_in_the_same_commit(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        await stores.messages.append(make_letter("Q1", make_job()))
        (job,) = await lease(stores, "example.com")
        bounce = make_draft("Q2", make_filing(info.id, INBOX))
        failed = Settlement(job, JobState.DEAD, make_attempt(Result.FAILED, "550 5.1.1 No"))
        await stores.jobs.settle([failed], [bounce])
        assert await uids(stores, info.id) == [1]
        assert await states(stores) == {"bob@example.com": JobState.DEAD}


async def test_settling_a_job_that_was_deleted_is_passed_over(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job("a@example.com")))
        await stores.messages.append(make_letter("Q2", make_job("b@example.com")))
        first, second = await lease(stores, "example.com")
        await stores.jobs.settle([Settlement(first, JobState.WAITING, None, SOON)])
        assert await stores.queue.delete([first.id]) == 1
        done = [Settlement(job, JobState.DONE, make_attempt()) for job in (first, second)]
        await stores.jobs.settle(done)
        assert await states(stores) == {"b@example.com": JobState.DONE}


async def test_held_jobs_wait_until_released(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job()))
        (found,) = await stores.queue.find(Search(), 10)
        assert await stores.queue.hold([found.id]) == 1
        assert await lease(stores, "example.com") == ()
        assert await states(stores) == {"bob@example.com": JobState.HELD}
        assert await stores.queue.release([found.id]) == 1
        assert len(await lease(stores, "example.com")) == 1
        assert await stores.queue.hold([found.id]) == 0


async def test_jobs_are_found_by_what_they_are(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job("Bob@example.com")))
        await stores.messages.append(make_letter("Q2", make_job("eve@example.net")))
        for search in (
            Search(queue_ids=("Q1",)),
            Search(recipient="bob@EXAMPLE.com"),
            Search(domain="example.com"),
            Search(ids=(1,)),
        ):
            assert [found.queue_id for found in await stores.queue.find(search, 10)] == ["Q1"]
            assert await stores.queue.count(search) == 1
        both = Search(
            states=(JobState.WAITING,), kind=Kind.REMOTE, sender="Ann@example.net", before=SOON
        )
        first, second = await stores.queue.find(both, 10)
        assert [found.queue_id for found in await stores.queue.find(both, 10, first.id)] == ["Q2"]
        assert second.last is None
        assert await stores.queue.count(Search(after=SOON)) == 0


async def test_depths_count_by_state(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        jobs = [make_job(f"{name}@{name}.example.com") for name in "abcde"]
        await stores.messages.append(make_letter("Q1", *jobs))
        leased = await lease(stores, *(f"{name}.example.com" for name in "abc"))
        await stores.jobs.settle(
            [
                Settlement(leased[0], JobState.DONE, make_attempt()),
                Settlement(leased[1], JobState.DEAD, make_attempt()),
            ]
        )
        held = await stores.queue.find(Search(recipient="e@e.example.com"), 1)
        await stores.queue.hold([held[0].id])
        assert await stores.queue.depths() == tuple(
            Depth(state, 1, RECEIVED)
            for state in (JobState.DEAD, JobState.HELD, JobState.LEASED, JobState.WAITING)
        )


async def test_ages_count_by_destination(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        jobs = [make_job("a@example.com"), make_job("b@example.com"), make_job("c@example.net")]
        await stores.messages.append(make_letter("Q1", *jobs))
        assert await stores.queue.ages(SOON, (60, 3600)) == (
            Aged("example.com", 2, (0, 2, 0)),
            Aged("example.net", 1, (0, 1, 0)),
        )


async def test_jobs_that_have_not_ended_are_rerouted(opened: Opened, tmp_path: Path) -> None:
    """Also those that are leased or held; whoever has one settles it by its id."""
    relay = RouteRule(RelayRoute("smtp.example.net"), "relay", domains=("example.com",))
    mine = RouteRule(RelayRoute(), "mine", senders=("@example.net",))
    async with opened(tmp_path) as stores:
        await stores.messages.append(make_letter("Q1", make_job("a@example.com")))
        leased = await lease(stores, "example.com")
        held = replace(make_job("b@example.com"), held=True)
        local = replace(make_job("d@example.com"), kind=Kind.LOCAL)
        await stores.messages.append(make_letter("Q2", held, make_job("c@example.net"), local))
        await stores.messages.append(make_letter("Q3", make_job("done@example.com")))
        (done,) = await lease(stores, "example.com")
        await stores.jobs.settle([Settlement(done, JobState.DONE, make_attempt())])
        assert await stores.jobs.reroute([relay, mine]) == 3
        found = await stores.queue.find(Search(), 10)
        assert {job.recipient: job.destination for job in found} == {
            "a@example.com": "route:relay",
            "b@example.com": "route:relay",
            "c@example.net": "route:mine:example.net",
            "d@example.com": "example.com",
            "done@example.com": "example.com",
        }
        assert await stores.jobs.reroute([relay, mine]) == 0
        await stores.jobs.settle([Settlement(leased[0], JobState.WAITING)])
        assert [job.recipient for job in await lease(stores, "route:relay")] == ["a@example.com"]
        # a person still finds them by the domain they are for
        assert await stores.queue.count(Search(domain="example.NET")) == 1


async def test_what_was_put_off_is_let_go_and_nothing_else(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        names = ("tried@example.com", "put@example.com", "back@example.com")
        for number, name in enumerate(names):
            await stores.messages.append(make_letter(f"Q{number}", make_job(name)))
        tried, put, back = await lease(stores, "example.com")
        asked = replace(make_job("asked@example.com"), not_before=LATER)
        await stores.messages.append(make_letter("Q9", asked))
        failed = make_attempt(Result.DEFERRED)
        await stores.jobs.settle(
            [
                Settlement(tried, JobState.WAITING, failed, LATER),
                put_off(put, LATER, 7),
                Settlement(back, JobState.WAITING, None, RECEIVED),
            ]
        )
        # by the settings that still hold
        assert await stores.jobs.let_go(SOON, 7) == 0
        assert await stores.jobs.let_go(SOON, 8) == 1
        assert await stores.jobs.let_go(SOON, 8) == 0
        found = {job.recipient: job.not_before for job in await stores.queue.find(Search(), 10)}
        assert found == {
            "tried@example.com": LATER,
            "put@example.com": SOON,
            "back@example.com": RECEIVED,
            "asked@example.com": LATER,
        }
