"""Time, threads and waiting, each given by the caller and never reached for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, execute
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from bitrixmail.interfaces.threads import IThreads

P = ParamSpec("P")
T = TypeVar("T")
_log = Logger()


def utcnow(clock: IReactorTime) -> datetime:
    """Return the wall-clock time of `clock` as an aware UTC datetime.

    A clock that is kept steady has its own for that (`app.steady`).
    """
    seconds = getattr(clock, "wall_seconds", clock.seconds)
    return datetime.fromtimestamp(seconds(), UTC)


def spawn(coroutine: Coroutine[Deferred[Any], Any, T], what: str) -> Deferred[T | None]:
    """Start a coroutine that nobody awaits; its error is logged with `what`, never lost."""
    running: Deferred[T] = Deferred.fromCoroutine(coroutine)

    def failed(failure: Any) -> None:
        _log.failure("{what} failed", failure=failure, what=what)

    return running.addErrback(failed)


def begin(coroutine: Coroutine[Deferred[Any], Any, None], what: str) -> None:
    """Do as `spawn` does, and return nothing: what seldom has to wait then costs no Deferred."""
    _proceed(None, coroutine, what)


def _proceed(result: Any, coroutine: Coroutine[Deferred[Any], Any, None], what: str) -> None:
    """Hand a coroutine what it waited for, and let it go on up to the next Deferred."""
    try:
        if isinstance(result, Failure) and result.value is not None:
            awaited = coroutine.throw(result.value)
        else:
            awaited = coroutine.send(result)
    except StopIteration:
        return
    except Exception:  # noqa: BLE001 - nobody awaits it, so this is the end of its way
        _log.failure("{what} failed", what=what)
        return
    awaited.addBoth(_proceed, coroutine, what)


async def deadline(awaited: Awaitable[T], seconds: float, clock: IReactorTime) -> T:
    """Await no longer than `seconds`, then cancel it and raise TimeoutError."""

    async def waiting() -> T:
        return await awaited

    try:
        return await Deferred.fromCoroutine(waiting()).addTimeout(seconds, clock)
    except DeferredTimeoutError as error:  # which is none of Python's
        raise TimeoutError(f"longer than {seconds} s") from error


async def gather(*coroutines: Coroutine[Deferred[Any], Any, T]) -> list[T]:
    """Run coroutines at the same time; return their results in order.

    The first error, or being cancelled, cancels those still running.
    """
    running = [Deferred.fromCoroutine(coroutine) for coroutine in coroutines]
    try:
        return [await each for each in running]
    finally:
        for each in running:
            each.addErrback(_forget)
            each.cancel()


def _forget(_failure: Failure) -> None:
    """Another error, or the cancelling, is told in its place."""


@implementer(IThreads)
class Threads:
    """A named pool of threads. Made by compose, started and stopped by its service."""

    def __init__(self, reactor: IReactorFromThreads, name: str, size: int) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(minthreads=0, maxthreads=size, name=name)
        self._working = False

    def start(self) -> None:
        """Begin to take work."""
        self._working = True
        self._pool.start()

    def stop(self) -> None:
        """Finish what was begun, then end the threads. May be called twice, or for nothing."""
        if self._working:
            self._working = False
            self._pool.stop()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """See IThreads."""
        return deferToThreadPool(self._reactor, self._pool, function, *args, **kwargs)


@implementer(IThreads)
class InlineThreads:
    """Runs everything at once in the calling thread: for the command line and for tests."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """See IThreads."""
        return execute(function, *args, **kwargs)
