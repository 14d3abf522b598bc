"""Connections that are kept for the next message to the same host.

A connection is used at once or soon; hosts dislike those that stand about. What one brings on is
for whoever takes it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from bitrixmail.outbound.client.connection import Connection
from bitrixmail.tasks import spawn


@dataclass(slots=True)
class _Idle:
    """A connection with nothing to do, and the call that will close it."""

    connection: Connection
    closing: IDelayedCall


class Pool:
    """See the module. Made by the courier, lives as long as it.

    A connection brings on `most_parcels` and waits `idle_s` for the next one; `most_idle` wait.
    """

    def __init__(
        self,
        clock: IReactorTime,
        *,
        idle_s: float = 5.0,
        most_parcels: int = 100,
        most_idle: int = 200,
    ) -> None:
        self._clock = clock
        self._idle_s = idle_s
        self._most_parcels = most_parcels
        self._most_idle = most_idle
        self._idle: dict[Hashable, deque[_Idle]] = {}
        self._count = 0
        self._closing: set[Deferred[None]] = set()
        self._closed = False

    def take(self, key: Hashable) -> Connection | None:
        """Return the connection that was last given back under a key, if it is still alive."""
        waiting = self._idle.get(key)
        while waiting:
            idle = waiting.pop()
            if not waiting:
                del self._idle[key]
            self._count -= 1
            idle.closing.cancel()
            if idle.connection.alive:
                return idle.connection
            self._close(idle.connection)
        return None

    def bears(self, connection: Connection) -> bool:
        """Tell whether a connection may bring on two parcels more."""
        return not 0 < self._most_parcels <= connection.parcels + 1

    def give_back(self, key: Hashable, connection: Connection) -> None:
        """Keep a connection, or close it if it has brought on enough or can't go on."""
        spent = 0 < self._most_parcels <= connection.parcels
        if spent or self._closed or self._count >= self._most_idle or not connection.alive:
            self._close(connection)
            return
        closing = self._clock.callLater(self._idle_s, self._over, key, connection)
        self._idle.setdefault(key, deque()).append(_Idle(connection, closing))
        self._count += 1

    def _over(self, key: Hashable, connection: Connection) -> None:
        waiting = self._idle[key]
        for idle in waiting:
            if idle.connection is connection:
                waiting.remove(idle)
                break
        if not waiting:
            del self._idle[key]
        self._count -= 1
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        closing = spawn(connection.close(), "closing a connection")
        self._closing.add(closing)
        closing.addBoth(lambda _: self._closing.discard(closing))

    async def close(self) -> None:
        """Close all of them; returns when they are gone."""
        self._closed = True
        for waiting in self._idle.values():
            for idle in waiting:
                idle.closing.cancel()
                self._close(idle.connection)
        self._idle.clear()
        self._count = 0
        for closing in list(self._closing):
            await closing
