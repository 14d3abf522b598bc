"""Work that comes back: at the full interval, one at a time, ended cleanly."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall

from bitrixmail.tasks import spawn


class Periodic(Service):
    """Runs `action` every `interval_s` between `begin` and the end of the service.

    Made by compose, lives as long as the server. An error of the action is logged and does not
    end it; a run that is on its way is waited for. With `first_s` the first one comes so soon, and
    not after an interval.
    """

    def __init__(
        self,
        clock: IReactorTime,
        name: str,
        interval_s: float,
        action: Callable[[], Coroutine[Deferred[Any], Any, object]],
        first_s: float | None = None,
    ) -> None:
        self.setName(name)
        self._interval_s = interval_s
        self._first_s = interval_s if first_s is None else first_s
        self._first: IDelayedCall | None = None
        self._running: Deferred[object | None] | None = None

        def run() -> Deferred[object | None]:
            self._running = spawn(action(), name)
            return self._running

        self._clock = clock
        self._loop = LoopingCall(run)
        self._loop.clock = clock

    def begin(self) -> None:
        """Start counting."""
        self._first = self._clock.callLater(self._first_s, self._loop.start, self._interval_s)

    def stopService(self) -> Deferred[object | None] | None:
        """End it; the Deferred waits for a run on its way."""
        super().stopService()
        if self._first is not None and self._first.active():
            self._first.cancel()
        if self._loop.running:
            self._loop.stop()
        return self._running
