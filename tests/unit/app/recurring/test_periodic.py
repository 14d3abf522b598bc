from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.app.recurring.periodic import Periodic


def test_it_runs_at_its_interval_and_ends() -> None:
    clock, runs = Clock(), []

    async def action() -> None:
        runs.append(clock.seconds())

    periodic = Periodic(clock, "hourly", 3600, action)
    periodic.begin()
    clock.pump([1800] * 5)
    assert runs == [3600, 7200]
    periodic.stopService()
    clock.advance(7200)
    assert len(runs) == 2
    assert not clock.getDelayedCalls()


def test_the_first_run_may_come_sooner() -> None:
    clock, runs = Clock(), []

    async def action() -> None:
        runs.append(clock.seconds())

    periodic = Periodic(clock, "hourly", 3600, action, 60)
    periodic.begin()
    clock.advance(59)
    assert not runs
    clock.pump([1, 3599, 1, 3600])
    assert runs == [60, 3660, 7260]
    periodic.stopService()
    other = Periodic(clock, "hourly", 3600, action, 60)
    other.begin()
    other.stopService()
    assert not clock.getDelayedCalls()


def test_an_error_does_not_end_it(nothing_lost_or_left: list[Failure]) -> None:
    clock, runs = Clock(), []

    async def action() -> None:
        runs.append(1)
        raise ValueError("once")

    periodic = Periodic(clock, "x", 1, action)
    periodic.begin()
    clock.pump([1, 1])
    periodic.stopService()
    assert len(runs) == 2
    assert len(nothing_lost_or_left) == 2
    nothing_lost_or_left.clear()


def test_the_end_waits_for_a_run_on_its_way() -> None:
    clock, gate = Clock(), Deferred[None]()

    async def action() -> None:
        await gate

    periodic = Periodic(clock, "x", 1, action)
    periodic.begin()
    clock.advance(1)
    ended = periodic.stopService()
    assert ended is not None
    assert not ended.called
    gate.callback(None)
    assert ended.called
