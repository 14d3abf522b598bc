"""What is written while the store is being asked is not in its answer, and not forgotten over it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.model.job import JobState
from tests.unit.outbound.test_dispatcher import Office


class LateAnswers:
    """The jobs of a store whose answers are on their way as long as `late` says. Made by a test."""

    def __init__(self, jobs: IJobStore) -> None:
        self._jobs = jobs
        self.late: set[str] = set()
        self._coming: list[Deferred[None]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._jobs, name)

    async def due(self, now: datetime) -> Any:
        return await self._answered("due", self._jobs.due(now))

    async def lease(self, *asked: Any) -> Any:
        return await self._answered("lease", self._jobs.lease(*asked))

    async def _answered(self, question: str, answer: Awaitable[Any]) -> Any:
        found = await answer
        if question in self.late:
            self._coming.append(Deferred())
            await self._coming[-1]
        return found

    def come(self) -> None:
        """Let the answers arrive."""
        self.late.clear()
        while self._coming:
            self._coming.pop(0).callback(None)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.stores.close_now()


@pytest.fixture
def answers(office: Office) -> LateAnswers:
    """What the office's dispatcher is answered by."""
    answers = LateAnswers(office.stores.jobs)
    office.dispatcher._jobs = answers  # type: ignore[assignment]
    return answers


def test_while_it_looks_through_the_store(office: Office, answers: LateAnswers) -> None:
    answers.late = {"due"}
    office.dispatcher.begin()
    office.dispatcher.take_note(office.write("a@example.com"))
    answers.come()
    assert office.courier.delivered == ["a@example.com"]


def test_while_it_takes_jobs_of_the_same_destination(office: Office, answers: LateAnswers) -> None:
    office.write("a@example.com")
    answers.late = {"lease"}
    office.dispatcher.begin()
    office.dispatcher.take_note(office.write("b@example.com"))
    answers.come()
    assert office.courier.delivered == ["a@example.com", "b@example.com"]


def test_while_it_looks_through_the_store_for_a_moment(
    office: Office, answers: LateAnswers
) -> None:
    answers.late = {"due"}
    office.dispatcher.begin()
    office.clock.advance(0.1)
    office.dispatcher.take_note(office.write("a@example.com"))
    answers.come()
    assert office.courier.delivered == ["a@example.com"]


def test_what_comes_due_later(office: Office, answers: LateAnswers) -> None:
    answers.late = {"due"}
    office.dispatcher.begin()
    office.dispatcher.take_note(office.write("a@example.com", later_s=5))
    answers.come()
    office.clock.advance(5)
    assert office.courier.delivered == ["a@example.com"]


def test_nothing_is_asked_for_again_and_again(office: Office, answers: LateAnswers) -> None:
    asked: list[str] = []
    lease: Callable[..., Any] = answers.lease

    async def counted(*words: Any) -> Any:
        asked.append("lease")
        return await lease(*words)

    answers.lease = counted  # type: ignore[method-assign]
    office.write("a@example.com")
    answers.late = {"due", "lease"}
    office.dispatcher.begin()
    office.dispatcher.take_note(office.write("b@example.com"))
    answers.come()
    office.clock.advance(29)
    assert len(asked) <= 3


def test_what_is_leased_while_its_host_is_found_down_is_given_back(
    office: Office, answers: LateAnswers
) -> None:
    office.courier.down, office.courier.slow = {"example.com"}, True
    office.write("a@example.com")
    office.dispatcher.begin()
    answers.late = {"lease"}
    office.dispatcher.take_note(office.write("b@example.com"))
    office.courier.let_go()
    answers.come()
    assert set(office.states().values()) == {JobState.WAITING}
    office.courier.down, office.courier.slow = set(), False
    office.clock.advance(301)
    office.clock.advance(1)
    assert office.states()["b@example.com"] is JobState.DONE
