"""The deliveries of one worker: one connection at a time, on which the next may follow closely."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Self

from twisted.internet.defer import Deferred
from zope.interface import implementer

from bitrixmail.interfaces.courier import ILine
from bitrixmail.model.destination import Hosts, MailHost, RelayRoute
from bitrixmail.model.job import Attempt, Delivery, Job
from bitrixmail.model.parcel import Parcel
from bitrixmail.outbound.client.connection import Connection


class Spot(NamedTuple):
    """One address of one host, on the way to one destination.

    What the destination demands of TLS is part of a connection, so it serves that one alone.
    """

    hosts: Hosts
    host: MailHost
    address: str
    route: RelayRoute | None


class OneByOne:
    """A courier that keeps nothing from one delivery to the next: its one line is itself.

    Each job is carried out by `_one`, alone: one can't spoil the others.
    """

    open = False

    def line(self) -> Self:
        """See ICourier."""
        return self

    async def deliver(self, jobs: Sequence[Job]) -> Delivery:
        """See ILine."""
        return Delivery(tuple([await self._one(job) for job in jobs]))

    async def close(self) -> None:
        """See ICourier."""

    async def _one(self, job: Job) -> Attempt:
        raise NotImplementedError


@implementer(ILine)
class Line:
    """See ILine. Made by the courier, whose `deliver` is told of the line.

    A delivery has its turn from `follow` or `turn` until `leave`; then `pass_on` lets the next one
    have it, that could not follow closely. So there is never a second connection.
    """

    def __init__(self, deliver: Callable[[Sequence[Job], Line], Awaitable[Delivery]]) -> None:
        self._deliver = deliver
        self._connection: Connection | None = None
        # Where it leads, as long as another parcel may follow on it
        self._spot: Spot | None = None
        self._users = 0
        self._waiting: list[Deferred[None]] = []

    @property
    def open(self) -> bool:
        """See ILine."""
        connection = self._connection
        return self._spot is not None and connection is not None and connection.room_behind

    async def deliver(self, jobs: Sequence[Job]) -> Delivery:
        """See ILine."""
        return await self._deliver(jobs, self)

    def follow(self, spot: Spot, parcel: Parcel) -> Connection | None:
        """Take a turn right behind the one before, on its connection; None: that can't be."""
        connection = self._connection
        if connection is None or self._spot != spot or not connection.room_behind:
            return None
        if not connection.fits_behind(parcel):
            return None
        self._users += 1
        return connection

    async def turn(self) -> None:
        """Wait until no other delivery has a turn, and take one."""
        while self._users:
            waiting: Deferred[None] = Deferred()
            self._waiting.append(waiting)
            await waiting
        self._users += 1

    def lead(self, connection: Connection, spot: Spot | None) -> None:
        """Have a delivery go on a connection; `spot` None: nothing may follow on it."""
        self._connection = connection
        self._spot = spot

    def leave(self) -> bool:
        """End a turn; return whether there is no other, so that nobody needs the connection."""
        self._users -= 1
        if self._users:
            return False
        self._connection = self._spot = None
        return True

    def pass_on(self) -> None:
        """Let the next one have its turn, if there is none."""
        while self._waiting and not self._users:
            self._waiting.pop(0).callback(None)
