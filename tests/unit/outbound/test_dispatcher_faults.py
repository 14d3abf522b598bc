"""Deliveries that end by a bug, not at all, or while the disk fails: nothing is lost or repeated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from twisted.python.failure import Failure

from bitrixmail.model.errors import StoreUnavailableError
from bitrixmail.model.job import JobState
from bitrixmail.model.queue import Search
from tests.fakes.stores import result_of
from tests.unit.outbound.test_dispatcher import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.stores.close_now()


def test_a_delivery_that_never_ends_is_cut(office: Office) -> None:
    office.courier.slow = True
    office.write("a@example.com")
    office.dispatcher.begin()
    for _ in range(59):
        office.clock.advance(30)
    assert office.states() == {"a@example.com": JobState.LEASED}
    office.courier.slow = False
    office.outcomes.waits = [timedelta(minutes=1)]
    office.clock.advance(30)
    (job,) = result_of(office.stores.queue.find(Search(), 2))
    assert (job.attempts, str(job.last and job.last.reply)) == (1, "it did not end, and was cut")
    office.clock.pump([30] * 2)
    assert office.courier.delivered == ["a@example.com"] * 2
    assert office.states() == {"a@example.com": JobState.DONE}


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), SystemExit("a bug")])
def test_a_broken_courier_loses_nothing_and_is_not_tried_for_ever(
    office: Office, nothing_lost_or_left: list[Failure], error: BaseException
) -> None:
    office.courier.error = error
    office.outcomes.waits = [timedelta(minutes=1)]
    office.write("a@example.com")
    office.dispatcher.begin()
    assert nothing_lost_or_left.pop().type is type(error)
    (job,) = result_of(office.stores.queue.find(Search(), 2))
    assert (job.state, job.attempts) == (JobState.WAITING, 1)
    assert job.last is not None
    assert type(error).__name__ in job.last.reply
    office.courier.error = None
    office.clock.pump([30] * 5)
    assert office.states() == {"a@example.com": JobState.DONE}


def test_what_was_delivered_is_written_down_until_it_works(office: Office) -> None:
    jobs = office.stores.jobs
    broken = [StoreUnavailableError("disk"), StoreUnavailableError("disk")]

    class Failing:
        """The real store, whose disk fails twice."""

        def __getattr__(self, name: str) -> object:
            return getattr(jobs, name)

        async def settle(self, *arguments: object) -> None:
            if broken:
                raise broken.pop()
            await jobs.settle(*arguments)  # type: ignore[arg-type]

    office.dispatcher._settler._jobs = Failing()  # type: ignore[assignment]
    office.write("a@example.com")
    office.dispatcher.begin()
    assert office.states() == {"a@example.com": JobState.LEASED}
    office.clock.pump([5, 5])
    assert office.states() == {"a@example.com": JobState.DONE}
    assert office.courier.delivered == ["a@example.com"]
