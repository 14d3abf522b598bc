"""The clock of the machine set while the server runs: waits are as long as before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.selectreactor import SelectReactor

from bitrixmail.app.machine.steady import keep_steady
from bitrixmail.tasks import deadline, utcnow
from tests.fakes.results import begun, fired


class Machine:
    """A reactor of Twisted's, and the two clocks of a machine. Made by a test."""

    def __init__(self) -> None:
        self.wall_s, self.monotonic_s = 1_800_000_000.0, 77.0
        self.reactor: Any = SelectReactor()
        keep_steady(self.reactor, lambda: self.wall_s, lambda: self.monotonic_s)
        keep_steady(self.reactor)

    def passes(self, seconds: float) -> None:
        self.wall_s += seconds
        self.monotonic_s += seconds
        self.reactor.runUntilCurrent()


@pytest.mark.parametrize("jump_s", [-3600.0, 86_400.0])
def test_calls_come_when_they_are_due_whatever_the_time_of_day(jump_s: float) -> None:
    machine = Machine()
    called: list[str] = []
    machine.reactor.callLater(10, called.append, "before")
    machine.wall_s += jump_s
    machine.reactor.callLater(10, called.append, "behind")
    machine.passes(9)
    assert called == []
    machine.passes(1)
    assert called == ["before", "behind"]


@pytest.mark.parametrize("jump_s", [-3600.0, 86_400.0])
def test_a_deadline_is_no_nearer_and_no_farther(jump_s: float) -> None:
    machine = Machine()
    never: Deferred[None] = Deferred()
    waiting = begun(deadline(never, 60, cast("IReactorTime", machine.reactor)))
    machine.wall_s += jump_s
    machine.passes(59)
    assert not waiting.called
    machine.passes(1)
    with pytest.raises(TimeoutError):
        fired(waiting)


def test_what_is_written_down_is_the_time_of_day() -> None:
    machine = Machine()
    clock = cast("IReactorTime", machine.reactor)
    assert utcnow(clock) == datetime(2027, 1, 15, 8, tzinfo=UTC)
    machine.wall_s -= 3600
    assert utcnow(clock) == datetime(2027, 1, 15, 7, tzinfo=UTC)
    assert machine.reactor.seconds() == 1_800_000_000
