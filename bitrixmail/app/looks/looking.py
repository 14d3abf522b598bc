"""Looks at the surroundings while the server runs: in the background, and ended with it."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

_log = Logger()


class Looking(Service):
    """Looks `first_s` after `begin`, and every `again_s` from then on; 0: never again.

    A base; made by compose, lives as long as the server. A bug, or a store that is away, is logged:
    nobody waits for a look. The end of the service cuts one that is on its way.
    """

    def __init__(self, clock: IReactorTime, first_s: float, again_s: float = 0) -> None:
        self._clock = clock
        self._first_s = first_s
        self._again_s = again_s
        self._waiting: Any = None
        self._under_way: Deferred[None] | None = None

    def begin(self) -> None:
        """Start waiting."""
        self._waiting = self._clock.callLater(self._first_s, self._start)

    def _start(self) -> None:
        if self._again_s:
            self._waiting = self._clock.callLater(self._again_s, self._start)
        self._under_way = Deferred.fromCoroutine(self.look()).addErrback(self._failed)

    async def look(self) -> None:
        """Look once."""
        raise NotImplementedError

    def _failed(self, failure: Failure) -> None:
        if not isinstance(failure.value, CancelledError):
            _log.failure("the {name} failed", name=self.name, failure=failure)

    def stopService(self) -> Deferred[None] | None:
        """Look no further; fires when a look on its way has ended and its sockets are closed."""
        super().stopService()
        if self._waiting is not None and self._waiting.active():
            self._waiting.cancel()
        if self._under_way is None:
            return None
        self._under_way.cancel()
        return self._under_way
