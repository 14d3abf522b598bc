"""Time, threads and waiting, each given by the caller and never reached for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, execute
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
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
    except BaseException:  # noqa: BLE001 - nobody awaits it: a Deferred would keep it to itself
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
    """A named pool of threads. Made by compose, started and stopped by its service.

    Python's own: each call of a pool of Twisted's leaves a circle for the collector of garbage.
    """

    def __init__(self, reactor: IReactorFromThreads, name: str, size: int) -> None:
        self._reactor = reactor
        self._name = name
        self._size = size
        self._pool: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begin to take work."""
        self._pool = ThreadPoolExecutor(self._size, thread_name_prefix=self._name)

    def stop(self) -> None:
        """Finish what was begun, then end the threads. May be called twice, or for nothing."""
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """See IThreads."""
        if self._pool is None:
            raise RuntimeError(f"The threads {self._name} were not started")
        done: Deferred[T] = Deferred()
        self._pool.submit(function, *args, **kwargs).add_done_callback(partial(self._tell, done))
        return done

    def _tell(self, done: Deferred[T], future: Future[T]) -> None:
        """Bring what a thread found to the reactor."""
        error = future.exception()
        if error is None:
            self._reactor.callFromThread(done.callback, future.result())
        else:
            self._reactor.callFromThread(done.errback, Failure(error))  # type: ignore[no-untyped-call]


@implementer(IThreads)
class InlineThreads:
    """Runs everything at once in the calling thread: for the command line and for tests."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """See IThreads."""
        return execute(function, *args, **kwargs)
