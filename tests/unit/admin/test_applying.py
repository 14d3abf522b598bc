"""Runs that nobody waits for: one at a time, told at any time, ended in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.admin.applying import Applying, Task
from bitrixmail.admin.rule_runs import RuleRuns, Wish
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.rule_run import RunState
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.store.opening import InlineStores
from tests.fakes.stored_mail import Snapshot, fill, snapshot
from tests.fakes.stores import result_of
from tests.unit.admin.test_rule_runs import RULES


@implementer(IThreads)
@dataclass
class HeldThreads:
    """Threads that do nothing until they are let."""

    held: deque[tuple[Callable[[], Any], Deferred[Any]]] = field(default_factory=deque)
    free: bool = False

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        if self.free:
            return execute(function, *args, **kwargs)
        done: Deferred[Any] = Deferred()
        self.held.append((lambda: function(*args, **kwargs), done))
        return done

    def let(self) -> None:
        """Do what was asked for first."""
        work, done = self.held.popleft()
        execute(work).chainDeferred(done)

    def break_down(self) -> None:
        self.held.popleft()[1].errback(RuntimeError("a bug, planted"))


class Desk:
    """The use cases over forty messages, five at a time."""

    def __init__(self, stores: InlineStores) -> None:
        fill(stores, 40)
        clock = Clock()
        clock.advance(1_800_000_000)
        result_of(stores.rulebook.replace(parse_rules(RULES, "rules"), "me", ""))
        self.stores, self.threads = stores, HeldThreads()
        self.runs = RuleRuns(
            stores.rulebook,
            stores.directory,
            stores.runs,
            self.threads,
            cast("IReactorTime", clock),
            judging=Judging(),
            page=5,
        )
        self.applying = Applying(self.runs)

    def begun(self, asked: Coroutine[Deferred[Any], Any, Task]) -> Task:
        """Ask for something, up to where its first page waits."""
        found: list[Task] = []
        Deferred.fromCoroutine(asked).addCallback(found.append)
        self.threads.let()  # the rules are made ready
        return found[0]

    def look(self) -> Task:
        return self.begun(self.applying.look(Wish()))

    def looked(self) -> Task:
        task = self.look()
        self.go_on(task)
        return task

    def go_on(self, task: Task) -> None:
        while not task.ended:
            self.threads.let()


@pytest.fixture
def desk(stores: InlineStores) -> Desk:
    return Desk(stores)


def test_a_look_goes_on_by_itself(desk: Desk) -> None:
    task = desk.look()
    assert (task.done, task.of, task.ended, task.fault) == (0, 44, False, "")
    desk.threads.let()
    assert (task.done, task.ended) == (5, False)
    desk.go_on(task)
    assert (task.done, task.fault) == (44, "")
    assert task.changed == 32


def test_one_thing_is_done_at_a_time(desk: Desk) -> None:
    task = desk.look()
    for asked in (
        desk.applying.look(Wish()),
        desk.applying.resume(1),
        desk.applying.take_back(1),
        desk.applying.begin(task.number, "ann"),
    ):
        with pytest.raises(InputError, match=r"just now|looked at"):
            result_of(asked)
    desk.go_on(task)
    desk.go_on(desk.look())


def test_what_was_looked_at_is_carried_out_once_and_taken_back(desk: Desk) -> None:
    before = snapshot(desk.stores)
    task = desk.looked()
    applied = result_of(desk.applying.begin(task.number, "ann"))
    desk.go_on(applied)
    assert (applied.run, applied.done, applied.changed, applied.fault) == (1, 44, 32, "")
    assert snapshot(desk.stores) != before
    with pytest.raises(InputError, match="looked at"):
        result_of(desk.applying.begin(task.number, "ann"))
    undone = result_of(desk.applying.take_back(1))
    assert (undone.done, undone.of, undone.ended) == (32, 32, True)
    assert places(snapshot(desk.stores)) == places(before)


def places(found: Snapshot) -> dict[Any, list[Any]]:
    """Return what lies where, but for folders that are empty."""
    return {key: sorted(value) for key, value in found.items() if value and len(key) == 2}


def test_a_bug_ends_it_and_others_go_on(desk: Desk, nothing_lost_or_left: list[Failure]) -> None:
    task = desk.look()
    desk.threads.break_down()
    assert (task.ended, task.fault) == (True, "failed: the log says why")
    assert [failure.type for failure in nothing_lost_or_left] == [RuntimeError]
    nothing_lost_or_left.clear()
    with pytest.raises(InputError, match="looked at"):
        result_of(desk.applying.begin(task.number, "ann"))
    assert desk.looked().fault == ""


def test_the_end_waits_for_the_page_and_it_is_resumed(desk: Desk) -> None:
    task = desk.looked()
    applied = result_of(desk.applying.begin(task.number, "ann"))
    desk.threads.let()
    ended: list[None] = []
    Deferred.fromCoroutine(desk.applying.end()).addCallback(ended.append)
    assert not ended
    desk.threads.let()
    assert ended == [None]
    assert (applied.done, applied.fault, len(desk.threads.held)) == (10, "interrupted", 0)
    (run,) = result_of(desk.runs.listed(9))
    assert run.state is RunState.RUNNING
    desk.applying = Applying(desk.runs)  # as the next process has it
    again = desk.begun(desk.applying.resume(1))
    desk.go_on(again)
    assert (again.done, again.changed) == (44, 32)


def test_few_are_remembered(desk: Desk) -> None:
    tasks = [desk.looked() for _ in range(11)]
    assert len(desk.applying.listed()) == 10
    with pytest.raises(NotFoundError):
        desk.applying.find(tasks[0].number)
    assert desk.applying.find(tasks[-1].number) is tasks[-1]
