"""Jobs are leased by destination, carried out, settled; a dead destination holds up nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.model.job import Job, JobState, NewJob, Priority
from bitrixmail.model.queue import Due, Search, Wanted
from bitrixmail.outbound.destination import Bounds, Widths
from bitrixmail.outbound.dispatcher import Dispatcher
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import utcnow
from tests.fakes.courier import PlainOutcomes, RecordingCourier
from tests.fakes.jobs import make_job, make_letter
from tests.fakes.stores import make_stores, result_of


class Office:
    """A dispatcher over real stores, with a courier that does as it is told."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.stores: InlineStores = make_stores(folder, self.clock)
        self.stores.open_now()
        self.courier = RecordingCourier()
        self.outcomes = PlainOutcomes()
        self.letters = 0
        self.dispatcher = self.made()

    def made(
        self, first: int = 5, most: int = 20, deliveries: int = 200, leased: int = 2000
    ) -> Dispatcher:
        return Dispatcher(
            self.stores.jobs,
            [self.courier],
            self.outcomes,
            cast("IReactorTime", self.clock),
            owner="server-1",
            bounds=Bounds(deliveries, leased, Widths(first=first, most=most)),
        )

    def write(self, *recipients: str, later_s: float = 0.0, **job: object) -> list[NewJob]:
        at = utcnow(cast("IReactorTime", self.clock)) + timedelta(seconds=later_s)
        self.letters += 1
        jobs = [replace(make_job(each, at=at), **job) for each in recipients]  # type: ignore[arg-type]
        draft = make_letter(f"Q{self.letters}", *jobs)
        result_of(self.stores.messages.append(replace(draft, received=at)))
        return list(draft.jobs)

    def states(self) -> dict[str, JobState]:
        found = result_of(self.stores.queue.find(Search(), 20_000))
        return {one.recipient: one.state for one in found}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.stores.close_now()


def test_what_waits_at_the_start_is_delivered(office: Office) -> None:
    office.write("a@example.com", "b@example.net")
    office.dispatcher.begin()
    assert sorted(office.courier.delivered) == ["a@example.com", "b@example.net"]
    assert set(office.states().values()) == {JobState.DONE}


def test_what_is_told_of_is_delivered_at_once(office: Office) -> None:
    office.dispatcher.begin()
    office.dispatcher.take_note(office.write("a@example.com"))
    assert office.courier.delivered == ["a@example.com"]


def test_recipients_of_one_message_and_destination_go_together(office: Office) -> None:
    office.write("a@example.com", "b@example.com", "c@example.net")
    office.write("d@example.com")
    office.dispatcher.begin()
    assert sorted(office.courier.begun) == [
        ("a@example.com", "b@example.com"),
        ("c@example.net",),
        ("d@example.com",),
    ]


def test_what_is_due_later_is_delivered_then(office: Office) -> None:
    office.dispatcher.begin()
    office.dispatcher.take_note(office.write("a@example.com", later_s=600))
    office.clock.advance(599)
    assert office.courier.delivered == []
    office.clock.advance(1)
    assert office.courier.delivered == ["a@example.com"]


def test_what_nobody_told_of_is_found_in_half_a_minute(office: Office) -> None:
    office.dispatcher.begin()
    office.write("a@example.com")
    office.clock.advance(30)
    assert office.courier.delivered == ["a@example.com"]


def test_a_deferred_job_is_tried_again(office: Office) -> None:
    office.courier.down = {"example.com"}
    office.write("a@example.com")
    office.dispatcher.begin()
    office.courier.down = set()
    office.clock.advance(599)
    assert office.states() == {"a@example.com": JobState.WAITING}
    office.clock.advance(1)
    assert office.states() == {"a@example.com": JobState.DONE}


def test_a_repetition_is_done_as_it_falls_due_though_nothing_else_is_to_be_done(
    office: Office,
) -> None:
    waits = [timedelta(seconds=1), timedelta(seconds=2.5), timedelta(seconds=10)]
    office.courier.refusing, office.courier.slow = True, True
    office.outcomes.waits.extend(waits)
    begun = office.clock.seconds()
    office.dispatcher.begin()
    office.write("a@example.com")
    office.dispatcher.look()
    # What is decided while no turn is under way: an answer comes when it comes
    expected = [0.0]
    for wait in waits:
        office.clock.advance(0.25)
        office.courier.let_go()
        expected.append(office.clock.seconds() - begun + wait.total_seconds())
        for _ in range(12 * 4):
            office.clock.advance(0.25)
            if office.courier.waiting:
                break
        assert office.clock.seconds() - begun == expected[-1]
    assert len(office.courier.begun) == len(expected)


def test_no_more_at_a_time_than_the_width(office: Office) -> None:
    office.courier.slow = True
    office.dispatcher = office.made(first=2, most=3)
    for number in range(10):
        office.write(f"a{number}@example.com")
    office.dispatcher.begin()
    assert len(office.courier.begun) == 2
    office.courier.let_go(3)  # three good ones make it three wide
    assert len(office.courier.waiting) == 3
    while office.courier.waiting:
        assert len(office.courier.waiting) <= 3
        office.courier.let_go()
    assert set(office.states().values()) == {JobState.DONE}


def test_a_busy_destination_gets_less_at_a_time(office: Office) -> None:
    office.courier.slow = True
    office.courier.busy = {"example.com"}
    office.dispatcher = office.made(first=4, most=8)
    for number in range(20):
        office.write(f"a{number}@example.com")
    office.dispatcher.begin()
    assert len(office.courier.waiting) == 4
    office.courier.let_go(4)
    assert len(office.courier.waiting) == 1


def test_a_dead_destination_is_tried_once_and_then_left_alone(office: Office) -> None:
    office.courier.down = {"dead.example"}
    for number in range(300):
        office.write(f"a{number}@dead.example")
    office.dispatcher.begin()
    tried = len(office.courier.begun)
    assert tried <= 5
    office.dispatcher.take_note(office.write("bob@example.com"))
    assert office.courier.begun[tried:] == [("bob@example.com",)]
    states = office.states()
    assert sum(state is JobState.WAITING for state in states.values()) == 300
    office.clock.advance(300 * 5)  # longer than the pause of five failures in a row
    assert len(office.courier.begun) == tried + 2  # bob, and one to see whether it is alive


def test_a_dead_destination_that_comes_back_gets_everything(office: Office) -> None:
    office.courier.down = {"dead.example"}
    for number in range(50):
        office.write(f"a{number}@dead.example")
    office.dispatcher.begin()
    office.courier.down = set()
    office.clock.pump([60] * 60)
    assert set(office.states().values()) == {JobState.DONE}


def test_what_was_leased_as_its_destination_went_down_gets_its_turn(office: Office) -> None:
    office.courier.slow, office.courier.down = True, {"dead.example"}
    office.write("a@dead.example")
    office.dispatcher.begin()
    lease = office.stores.jobs.lease
    leased: Deferred[None] = Deferred()

    async def slowly(
        owner: str, until: datetime, wanted: Sequence[Wanted], now: datetime
    ) -> tuple[Job, ...]:
        jobs = await lease(owner, until, wanted, now)
        await leased
        return jobs

    office.stores.jobs.lease = slowly  # type: ignore[method-assign]
    office.dispatcher.take_note(office.write("b@dead.example"))
    office.courier.let_go()
    leased.callback(None)
    office.courier.slow, office.courier.down = False, set()
    assert office.courier.delivered == ["a@dead.example"]
    office.clock.pump([60] * 20)
    assert set(office.states().values()) == {JobState.DONE}


def test_a_person_does_not_wait_for_the_end_of_a_pause(office: Office) -> None:
    office.courier.down = {"dead.example"}
    office.write("a@dead.example")
    office.write("b@dead.example")
    office.dispatcher.begin()
    office.courier.down = set()
    found = result_of(office.stores.queue.find(Search(), 10))
    now = utcnow(cast("IReactorTime", office.clock))
    ids = [job.id for job in found]
    assert result_of(office.stores.queue.retry(ids, now, now + timedelta(days=5))) == 2
    office.dispatcher.changed_by_hand()
    assert set(office.states().values()) == {JobState.DONE}


def test_jobs_that_another_process_writes_are_heard_of_within_a_second(office: Office) -> None:
    office.dispatcher.begin()
    looks = []
    due = office.stores.jobs.due

    async def counted(now: datetime) -> tuple[Due, ...]:
        looks.append(now)
        return await due(now)

    office.stores.jobs.due = counted  # type: ignore[method-assign]
    office.clock.advance(5)
    office.write("a@example.com")
    office.dispatcher.heard()
    assert office.courier.delivered == ["a@example.com"]
    for number in range(6):
        office.write(f"b{number}@example.com")
        office.dispatcher.heard()
        office.clock.advance(0.1)
    assert (len(looks), len(office.courier.delivered)) == (1, 1)
    office.clock.advance(0.11)
    assert (len(looks), len(office.courier.delivered)) == (2, 7)


def test_many_of_one_destination_do_not_stand_before_others(office: Office) -> None:
    office.courier.slow = True
    office.dispatcher = office.made(deliveries=6)
    for number in range(100):
        office.write(f"a{number}@example.com")
    office.write("bob@example.net")
    office.dispatcher.begin()
    assert ("bob@example.net",) in office.courier.begun


def test_the_urgent_goes_before_what_waits(office: Office) -> None:
    office.courier.slow = True
    office.dispatcher = office.made(first=1, most=1)
    for number in range(60):
        office.write(f"a{number}@example.com", priority=Priority.BULK)
    office.dispatcher.begin()
    office.dispatcher.take_note(office.write("code@example.com", priority=Priority.URGENT))
    for _ in range(30):
        office.courier.let_go()
    assert ("code@example.com",) in office.courier.begun


def test_held_jobs_are_left_alone(office: Office) -> None:
    office.dispatcher.begin()
    office.dispatcher.take_note(office.write("a@example.com", held=True))
    office.clock.advance(60)
    assert office.courier.delivered == []


def test_a_worker_begins_the_next_one_where_no_other_would(office: Office) -> None:
    office.dispatcher = office.made(first=2, most=2)
    office.courier.slow = office.courier.open = True
    for number in range(9):
        office.write(f"a{number}@example.com")
    office.dispatcher.begin()
    # The first worker did so before there was the second
    assert len(office.courier.begun) == 3
    office.courier.let_go(3)
    assert len(office.courier.begun) == 7
    office.courier.let_go(4)
    office.courier.let_go(2)
    assert set(office.states().values()) == {JobState.DONE}


def test_with_room_for_more_workers_each_has_one(office: Office) -> None:
    office.dispatcher = office.made(first=5, most=5)
    office.courier.slow = office.courier.open = True
    for number in range(3):
        office.write(f"a{number}@example.com")
    office.dispatcher.begin()
    assert len(office.courier.begun) == 3


def test_a_worker_is_no_more_than_three_deliveries_ahead_of_the_disk(office: Office) -> None:
    jobs = office.stores.jobs
    slow: list[Deferred[None]] = []

    class Slow:
        """The real store, whose disk is waited for."""

        def __getattr__(self, name: str) -> object:
            return getattr(jobs, name)

        async def settle(self, *arguments: object) -> None:
            slow.append(Deferred())
            await slow[-1]
            await jobs.settle(*arguments)  # type: ignore[arg-type]

    office.dispatcher = office.made(first=1, most=1)
    office.dispatcher._settler._jobs = Slow()  # type: ignore[assignment]
    for number in range(5):
        office.write(f"a{number}@example.com")
    office.dispatcher.begin()
    assert len(office.courier.begun) == 3
    slow.pop(0).callback(None)
    assert len(office.courier.begun) == 4
    while slow:
        slow.pop(0).callback(None)
    assert set(office.states().values()) == {JobState.DONE}


def test_at_the_end_deliveries_are_waited_for(office: Office) -> None:
    office.courier.slow = True
    office.dispatcher = office.made(first=1, most=1)
    office.write("a@example.com")
    office.write("b@example.com")
    office.dispatcher.begin()
    ended = Deferred.fromCoroutine(office.dispatcher.stop(10))
    assert not ended.called
    office.courier.let_go()
    assert ended.called
    assert office.courier.closed
    assert office.states() == {"a@example.com": JobState.DONE, "b@example.com": JobState.WAITING}


def test_at_the_end_what_takes_too_long_is_cut(office: Office) -> None:
    office.courier.slow = True
    office.write("a@example.com")
    office.dispatcher.begin()
    ended = Deferred.fromCoroutine(office.dispatcher.stop(10))
    office.clock.advance(10)
    assert ended.called
    assert office.states() == {"a@example.com": JobState.WAITING}
