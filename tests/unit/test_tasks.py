from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.tasks import Threads, begin, deadline, gather


def test_what_never_waits_is_done_at_once() -> None:
    seen: list[str] = []

    async def work() -> None:
        seen.append("done")

    begin(work(), "the work")
    assert seen == ["done"]


def test_it_goes_on_when_what_it_waits_for_comes() -> None:
    first: Deferred[int] = Deferred()
    second: Deferred[int] = Deferred()
    seen: list[int] = []

    async def work() -> None:
        seen.append(await first)
        seen.append(await second)

    begin(work(), "the work")
    assert seen == []
    first.callback(1)
    assert seen == [1]
    second.callback(2)
    assert seen == [1, 2]


def test_an_awaited_error_is_the_coroutines_to_handle() -> None:
    waited: Deferred[None] = Deferred()
    seen: list[str] = []

    async def work() -> None:
        try:
            await waited
        except ValueError as error:
            seen.append(str(error))

    begin(work(), "the work")
    waited.errback(ValueError("broken"))
    assert seen == ["broken"]


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_its_own_error_is_logged_and_goes_no_further(
    later: bool, nothing_lost_or_left: list[Failure]
) -> None:
    waited: Deferred[None] = Deferred()

    async def work() -> None:
        if later:
            await waited
        raise ValueError("a bug")

    begin(work(), "the work")
    waited.callback(None)
    [failure] = nothing_lost_or_left
    assert isinstance(failure.value, ValueError)
    nothing_lost_or_left.clear()


def test_what_takes_too_long_is_cancelled_with_pythons_own_error() -> None:
    clock, waited, errors = Clock(), Deferred[None](), list[object]()

    async def work() -> None:
        try:
            await deadline(waited, 5, clock)
        except TimeoutError as error:
            errors.append(error)

    begin(work(), "the work")
    clock.advance(4)
    assert not errors
    clock.advance(1)
    assert len(errors) == 1


def test_threads_may_be_stopped_twice_and_unstarted() -> None:
    threads = Threads(cast("IReactorFromThreads", Clock()), "test", 1)
    threads.stop()
    threads.start()
    threads.stop()
    threads.stop()


class Caller:
    """A reactor that is called from threads, and does at once what it is told."""

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        function(*args)


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads(cast("IReactorFromThreads", Caller()), "test", 1)
    threads.start()
    yield threads
    threads.stop()


def test_what_a_thread_finds_comes_back(threads: Threads) -> None:
    good, bad = threads.run(divmod, 7, 2), threads.run(divmod, 7, 0)
    threads.stop()
    assert results_of(good) == [(3, 1)]
    (found,) = results_of(bad)
    assert isinstance(found, Failure)
    assert isinstance(found.value, ZeroDivisionError)


def test_threads_that_are_stopped_take_nothing(threads: Threads) -> None:
    threads.stop()
    with pytest.raises(RuntimeError):
        threads.run(divmod, 7, 2)


def test_threads_that_were_not_started_say_so() -> None:
    threads = Threads(cast("IReactorFromThreads", Caller()), "test", 1)
    with pytest.raises(RuntimeError, match="not started"):
        threads.run(divmod, 7, 2)


def test_a_call_leaves_nothing_for_the_collector_of_garbage(threads: Threads) -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            threads.run(divmod, 7, 2)
        threads.stop()
        assert gc.collect() < 10
    finally:
        gc.enable()


class TestGathered:
    """Several coroutines awaited as one."""

    def test_the_results_come_in_order_whoever_is_first(self) -> None:
        first, second = Deferred[int](), Deferred[int]()
        running = Deferred.fromCoroutine(gather(_result(first), _result(second)))
        second.callback(2)
        assert not running.called
        first.callback(1)
        assert results_of(running) == [[1, 2]]

    def test_nothing_is_gathered_at_once(self) -> None:
        assert results_of(Deferred.fromCoroutine(gather())) == [[]]

    def test_an_error_ends_the_others(self) -> None:
        first, second, third = Deferred[int](), Deferred[int](), Deferred[int]()
        running = Deferred.fromCoroutine(gather(*map(_result, (first, second, third))))
        third.errback(KeyError("third"))
        first.errback(ValueError("first"))
        (found,) = results_of(running)
        assert isinstance(found, Failure)
        assert isinstance(found.value, ValueError)
        assert second.called  # cancelled

    def test_cancelling_it_cancels_all(self) -> None:
        first, second = Deferred[int](), Deferred[int]()
        clock = Clock()
        running = Deferred.fromCoroutine(
            deadline(gather(_result(first), _result(second)), 5, cast("IReactorTime", clock))
        )
        clock.advance(5)
        (found,) = results_of(running)
        assert isinstance(found, Failure)
        assert isinstance(found.value, TimeoutError)
        assert first.called
        assert second.called


async def _result(waited: Deferred[int]) -> int:
    return await waited


def results_of(deferred: Deferred[Any]) -> list[Any]:
    """Return what a Deferred has fired with, or a Failure."""
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found
