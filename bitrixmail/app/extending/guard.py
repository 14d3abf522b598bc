"""Calls of functions that others wrote: bounded in time, counted, and given up if they fail often.

Whatever such a function does, it holds up nobody but who asked, and no longer than it may: plain
functions run in threads of their own, a few at a time, whose end nobody waits for. One that takes
too long is abandoned; if it still computes, it is told to stop by an exception.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import ctypes
import inspect
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.logger import Logger
from twisted.python.failure import Failure

from bitrixmail.model.extension import AgainError, NeverError
from bitrixmail.model.text import printable

_log = Logger()
# Plain functions of one extension at one time: so many conditions, and beside them so many actions
_MOST_THREADS = 2
_SHOWN = 200
# How long a thread that computes may keep the others from going on. Python's own 5 ms would be
# felt: a message needs several turns.
_TURN_S = 0.0002


class Guard:
    """One extension's. Made with it, lives as long as the server; used in the reactor's thread.

    `off` says why nothing of it is called any more, empty while it is in force. `tell` is called
    with a sentence for its owner when that happens.
    """

    def __init__(
        self,
        name: str,
        reactor: Any,
        faults: int,
        within_s: float,
        tell: Callable[[str, str], None],
    ) -> None:
        self.name = name
        self.off = ""
        self._reactor = reactor
        self._most_faults = faults
        self._within_s = within_s
        self._tell = tell
        self._faults: deque[float] = deque()
        self._deciding = DeferredSemaphore(_MOST_THREADS)
        self._acting = DeferredSemaphore(_MOST_THREADS)

    def switch_on(self) -> None:
        """Put it in force again, its faults forgotten."""
        self.off = ""
        self._faults.clear()

    async def call(
        self,
        what: str,
        function: Callable[..., Any],
        time_s: float,
        *given: Any,
        acting: bool = False,
    ) -> Any:
        """Return what a function returns. Raises LookupError with a sentence if it can't be had.

        Before the time that it may take it may wait as long for a thread; that there was none is no
        fault. Of one that is `acting` AgainError and NeverError are passed on: they are none
        either. Whatever else it raises, and be it SystemExit or CancelledError, is its own fault.
        """
        if self.off:
            raise LookupError(self.off)
        threads = self._acting if acting else self._deciding
        if not in_reactor(function):
            try:
                await self._in_time(threads.acquire(), time_s)
            except TimeoutError:
                raise LookupError(f"{what} found no thread: those before it still run") from None
        try:
            outcome = await self._in_time(self._begun(function, given, threads.release), time_s)
        except TimeoutError:
            wrong = f"{what} took longer than {time_s:g} s"
        else:
            if not isinstance(outcome, Failure):
                return outcome
            error = outcome.value
            if acting and isinstance(error, AgainError | NeverError):
                raise error
            _log.failure("{what} failed", failure=outcome, what=what)
            wrong = printable(f"{what} failed: {type(error).__name__}: {error}", _SHOWN)
        self._note(wrong)
        raise LookupError(wrong)

    def note(self, what: str, error: Exception) -> LookupError:
        """Count a fault that was found elsewhere; return it as `call` would raise it."""
        wrong = printable(f"{what}: {error}", _SHOWN)
        self._note(wrong)
        return LookupError(wrong)

    def _note(self, wrong: str) -> None:
        if self._reactor is None:  # a command: it asks once, and tells its person
            return
        now = self._reactor.seconds()
        _log.warn("extension {name}: {wrong}", name=self.name, wrong=wrong)
        self._faults.append(now)
        while self._faults[0] <= now - self._within_s:
            self._faults.popleft()
        if not self._most_faults or len(self._faults) < self._most_faults or self.off:
            return
        self.off = f"the extension {self.name} is switched off: it has failed too often"
        _log.error("{off}; the last time: {wrong}", off=self.off, wrong=wrong)
        self._tell(self.off, wrong)

    def _begun(
        self,
        function: Callable[..., Any],
        given: tuple[Any, ...],
        ended: Callable[[], Any],
    ) -> Deferred[Any]:
        if in_reactor(function):
            return Deferred.fromCoroutine(awaited(function, given))
        thread = _Call(self._reactor, function, given, ended)
        return Deferred.fromCoroutine(self._in_a_thread(thread))

    @staticmethod
    async def _in_a_thread(thread: _Call) -> Any:
        try:
            return await thread.result
        finally:
            thread.stop()

    async def _in_time(self, running: Deferred[Any], time_s: float) -> Any:
        """Wait for what becomes of it, a Failure too; no longer, even if it can't be cancelled.

        So what is raised here is never its own: it took too long, or nobody waits any more.
        """
        result: Deferred[tuple[Any]] = Deferred()

        def late() -> None:
            result.errback(TimeoutError())
            running.cancel()

        def tell(outcome: Any) -> None:
            if timer.active():
                timer.cancel()
                result.callback((outcome,))

        timer = self._reactor.callLater(time_s, late)
        running.addBoth(tell)
        try:
            (outcome,) = await result
            return outcome
        finally:  # cancelled from outside
            if timer.active():
                timer.cancel()
                running.cancel()


async def awaited(function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    """Return what a function says once it has waited."""
    return await function(*given)


def in_reactor(function: Callable[..., Any]) -> bool:
    """Tell whether a function says that it waits by Deferreds: where it does not, it may block."""
    if inspect.iscoroutinefunction(function):
        return True
    inner = inspect.unwrap(function)
    if inspect.isgeneratorfunction(inner):  # of inlineCallbacks
        return True
    annotations = getattr(function, "__annotations__", {})
    return "Deferred" in str(annotations.get("return", ""))


class _Turns:
    """Has threads take short turns while others' functions run. One for the process."""

    def __init__(self) -> None:
        self._running = 0
        self._usual_s = 0.0

    def begin(self) -> None:
        """One more runs."""
        if not self._running:
            self._usual_s = sys.getswitchinterval()
            sys.setswitchinterval(min(_TURN_S, self._usual_s))
        self._running += 1

    def end(self) -> None:
        """One has ended."""
        self._running -= 1
        if not self._running:
            sys.setswitchinterval(self._usual_s)


_TURNS = _Turns()


class _Call:
    """One call in a thread of its own, for whose end nobody waits. Made by a guard.

    `ended` is called in the reactor's thread when the thread has come to its end, at last.
    """

    def __init__(
        self,
        reactor: Any,
        function: Callable[..., Any],
        given: tuple[Any, ...],
        ended: Callable[[], Any],
    ) -> None:
        self.result: Deferred[Any] = Deferred()
        self._reactor = reactor
        self._function = function
        self._given = given
        self._ended = ended
        self._lock = threading.Lock()
        self._returned = False
        self._thread = threading.Thread(target=self._work, name="extension", daemon=True)
        _TURNS.begin()
        self._thread.start()

    def stop(self) -> None:
        """Have it stop, if it still computes: else it would take time from everybody, for ever."""
        with self._lock:
            if not self._returned and self._thread.ident is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread.ident), ctypes.py_object(TimeoutError)
                )

    def _work(self) -> None:
        outcome: Any
        try:
            try:
                outcome = self._function(*self._given)
                if isinstance(outcome, Deferred) or inspect.isawaitable(outcome):
                    outcome = Failure(TypeError("it waits by a Deferred, and does not say so"))
            except BaseException:  # noqa: BLE001 - also what `stop` raises here
                outcome = Failure()
            with self._lock:
                self._returned = True
            for _ in range(1000):  # what was raised late comes here
                pass
        except BaseException:  # noqa: BLE001 - as above
            outcome = Failure(TimeoutError())
        self._reactor.callFromThread(self._over, outcome)

    def _over(self, outcome: Any) -> None:
        _TURNS.end()
        self._ended()
        if not self.result.called:
            self.result.callback(outcome)
        elif isinstance(outcome, Failure):
            outcome.cleanFailure()
