"""The examination: all probes at once, none waited for too long, none that ends the others."""

from __future__ import annotations

from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.admin.doctor import Doctor
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.model.finding import Finding, Severity


@implementer(IProbe)
class LateProbe:
    """Finds something once the test lets it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = False
        self.answer: Deferred[None] = Deferred()

    async def probe(self) -> tuple[Finding, ...]:
        self.asked = True
        await self.answer
        return (Finding(self.name, "it", Severity.OK, "is well"),)


class Examination:
    """One run over late probes."""

    def __init__(self, count: int) -> None:
        self.clock = Clock()
        self.probes = [LateProbe(f"p{number}") for number in range(count)]
        self.progress: list[tuple[str, int, int]] = []
        self.found: list[Any] = []
        doctor = Doctor(self.probes, cast("IReactorTime", self.clock), 10)
        running = doctor.examine(lambda *told: self.progress.append(told))
        Deferred.fromCoroutine(running).addBoth(self.found.append)


def test_all_are_asked_at_once_and_told_in_order() -> None:
    run = Examination(3)
    assert all(probe.asked for probe in run.probes)
    for number in (2, 0, 1):
        assert not run.found
        run.probes[number].answer.callback(None)
    assert [finding.probe for finding in run.found[0]] == ["p0", "p1", "p2"]
    assert run.progress == [("", 0, 3), ("p2", 1, 3), ("p0", 2, 3), ("p1", 3, 3)]
    assert not run.clock.getDelayedCalls()


def test_one_that_takes_too_long_is_a_doubt_and_cancelled() -> None:
    run = Examination(2)
    run.probes[0].answer.callback(None)
    run.clock.advance(10)
    well, late = run.found[0]
    assert (well.severity, late.probe, late.severity) == (Severity.OK, "p1", Severity.WARNING)
    assert "within 10 s" in late.what
    assert run.probes[1].answer.called


def test_a_bug_is_a_failure_of_its_own(nothing_lost_or_left: list[Failure]) -> None:
    run = Examination(2)
    run.probes[0].answer.errback(KeyError("oops"))
    run.probes[1].answer.callback(None)
    broken, well = run.found[0]
    assert (broken.severity, well.severity) == (Severity.FAILURE, Severity.OK)
    assert "KeyError" in broken.what
    (logged,) = nothing_lost_or_left
    assert isinstance(logged.value, KeyError)
    nothing_lost_or_left.clear()


def test_not_more_than_so_many_at_once() -> None:
    run = Examination(40)
    assert sum(probe.asked for probe in run.probes) == 32
    run.probes[0].answer.callback(None)
    assert sum(probe.asked for probe in run.probes) == 33
    for probe in run.probes[1:]:
        probe.answer.callback(None)
    assert len(run.found[0]) == 40


@pytest.mark.parametrize("count", [0, 1])
def test_few_are_no_special_case(count: int) -> None:
    run = Examination(count)
    for probe in run.probes:
        probe.answer.callback(None)
    assert len(run.found[0]) == count
