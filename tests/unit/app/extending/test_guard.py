"""Calls of others' functions: bounded, counted, and given up when they fail too often."""

from __future__ import annotations

import sys
import time
from asyncio import CancelledError as AsyncioCancelledError
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred, inlineCallbacks, succeed
from twisted.python.failure import Failure

from bitrixmail.app.extending.guard import Guard, in_reactor
from bitrixmail.model.extension import AgainError
from tests.fakes.delivering import pause, reactor
from tests.fakes.installed import pass_over_planted


@pytest.fixture(autouse=True)
def planted(nothing_lost_or_left: list[Failure]) -> Iterator[None]:
    yield
    pass_over_planted(nothing_lost_or_left)


def guard(faults: int = 3, within_s: float = 60.0) -> tuple[Guard, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []

    def tell(subject: str, text: str) -> None:
        told.append((subject, text))

    return Guard("shop", reactor(), faults, within_s, tell), told


async def asked(one: Guard, function: Callable[..., Any], time_s: float = 0.2) -> Any:
    return await one.call("the condition shop.x", function, time_s, "given")


async def said(one: Guard, function: Callable[..., Any]) -> str:
    with pytest.raises(LookupError) as error:
        await asked(one, function)
    return str(error.value)


def plain(given: str) -> str:
    return f"plain {given}"


async def awaiting(given: str) -> str:
    await pause(0)
    return f"awaiting {given}"


def deferring(given: str) -> Deferred[str]:
    return succeed(f"deferring {given}")


@inlineCallbacks
def yielding(given: str) -> Any:
    yield pause(0)
    return f"yielding {given}"


@pytest.mark.parametrize("function", [plain, awaiting, deferring, yielding])
async def test_each_way_to_write_a_function(function: Callable[..., Any]) -> None:
    one, _ = guard()
    name = getattr(function, "__name__", "")
    assert await asked(one, function) == f"{name} given"
    assert in_reactor(function) is (function is not plain)


def broken(_given: str) -> None:
    raise ValueError("planted\nsecond line")


def hanging(_given: str) -> None:
    time.sleep(1)


async def never(_given: str) -> None:
    await Deferred()


async def stubborn(_given: str) -> None:
    while True:
        try:
            await Deferred()
        except CancelledError:
            continue


def unsaid(_given: str) -> Any:
    return succeed(1)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (broken, r"failed: ValueError: planted\u{a}second line"),
        (hanging, "took longer than 0.2 s"),
        (never, "took longer than 0.2 s"),
        (stubborn, "took longer than 0.2 s"),
        (unsaid, "failed: TypeError: it waits by a Deferred, and does not say so"),
    ],
)
async def test_each_way_to_fail(function: Callable[..., Any], why: str) -> None:
    one, _ = guard()
    assert await said(one, function) == f"the condition shop.x {why}"


async def test_what_computes_for_ever_is_stopped() -> None:
    one, _ = guard()
    ended: list[str] = []

    def computing(_given: str) -> None:
        try:
            while True:
                pass
        finally:
            ended.append("ended")

    usual_s = sys.getswitchinterval()
    assert await said(one, computing) == "the condition shop.x took longer than 0.2 s"
    until = time.monotonic() + 5
    while not ended or sys.getswitchinterval() != usual_s:
        assert time.monotonic() < until
        await pause(0.01)


async def test_hanging_threads_are_few_and_hold_up_nobody_but_their_own() -> None:
    one, _ = guard(faults=0)
    began = time.monotonic()
    running = [Deferred.fromCoroutine(said(one, hanging)) for _ in range(12)]
    answers = [await each for each in running]
    assert answers.count("the condition shop.x took longer than 0.2 s") == 2
    assert answers.count("the condition shop.x found no thread: those before it still run") == 10
    # Actions have threads of their own
    assert await one.call("the action shop.x", plain, 0.2, "given", acting=True) == "plain given"
    assert time.monotonic() - began < 0.9
    other, _ = guard()
    assert await asked(other, plain) == "plain given"


async def test_too_many_faults_switch_it_off_and_its_owner_hears_of_it_once() -> None:
    one, told = guard(faults=3)
    for _ in range(2):
        await said(one, broken)
    assert not one.off
    assert await asked(one, plain) == "plain given"
    await said(one, broken)
    off = "the extension shop is switched off: it has failed too often"
    assert await said(one, plain) == off
    assert await said(one, broken) == off
    assert told == [(off, r"the condition shop.x failed: ValueError: planted\u{a}second line")]
    one.switch_on()
    assert await asked(one, plain) == "plain given"
    await said(one, broken)
    assert not one.off


async def test_faults_of_long_ago_do_not_count() -> None:
    one, _ = guard(faults=2, within_s=0.1)
    await said(one, broken)
    await pause(0.15)
    await said(one, broken)
    assert not one.off


async def test_what_asks_for_another_attempt_is_no_fault() -> None:
    one, _ = guard(faults=1)

    def later(_given: str) -> None:
        raise AgainError("planted: it is closed")

    for _ in range(3):
        with pytest.raises(AgainError, match="closed"):
            await one.call("the action shop.x", later, 0.2, "given", acting=True)
    assert not one.off
    # Of a condition it is one: nobody asks it again
    assert (
        await said(one, later) == "the condition shop.x failed: AgainError: planted: it is closed"
    )
    assert one.off


@pytest.mark.parametrize("acting", [False, True])
@pytest.mark.parametrize(
    "error", [CancelledError, AsyncioCancelledError, SystemExit, KeyboardInterrupt, GeneratorExit]
)
async def test_whatever_it_raises_is_its_own_fault(
    error: type[BaseException], *, acting: bool
) -> None:
    one, told = guard(faults=2)

    def exiting(_given: str) -> None:
        raise error("planted")

    async def leaving(_given: str) -> None:
        await pause(0)
        raise error("planted")

    for function in (exiting, leaving):
        with pytest.raises(LookupError, match=f"shop.x failed: {error.__name__}: planted"):
            await one.call("the condition shop.x", function, 0.2, "given", acting=acting)
    assert len(told) == 1


@pytest.mark.parametrize("function", [hanging, never, stubborn])
async def test_whoever_waits_for_it_may_stop_waiting(function: Callable[..., Any]) -> None:
    one, told = guard(faults=1)
    running = Deferred.fromCoroutine(asked(one, function, 5.0))
    await pause(0.02)
    running.cancel()
    with pytest.raises(CancelledError):
        await running
    assert not told


async def test_cancelling_is_passed_on_and_is_no_fault() -> None:
    one, _ = guard(faults=1)
    running = Deferred.fromCoroutine(asked(one, never, 60))
    await pause(0.01)
    running.cancel()
    with pytest.raises(CancelledError):
        await running
    assert not one.off


async def test_that_others_keep_the_threads_is_no_fault() -> None:
    one, _ = guard(faults=5)
    running = [Deferred.fromCoroutine(said(one, hanging)) for _ in range(12)]
    for each in running:
        await each
    assert not one.off
