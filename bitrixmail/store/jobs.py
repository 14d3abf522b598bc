"""The job store over the database and the blobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.blobs import IBlobStore
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.job import Job, JobState, Settlement
from bitrixmail.model.message import Draft
from bitrixmail.model.queue import Due, Wanted
from bitrixmail.model.way import RouteRule
from bitrixmail.store import leasing, reading, rerouting
from bitrixmail.store.executors import Database
from bitrixmail.store.leasing import Lease, Named, Settling
from bitrixmail.store.rerouting import Marked
from bitrixmail.store.values import to_us
from bitrixmail.tasks import utcnow


@implementer(IJobStore)
class DatabaseJobs:
    """See IJobStore. Made with the stores, lives as long as they; `sends`: see DatabaseMessages."""

    def __init__(
        self, database: Database, blobs: IBlobStore, clock: IReactorTime, *, sends: bool
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._sends = sends

    async def due(self, now: datetime) -> tuple[Due, ...]:
        """See IJobStore."""
        return await self._database.read(leasing.due, to_us(now))

    async def lease(
        self, owner: str, until: datetime, wanted: Sequence[Wanted], now: datetime
    ) -> tuple[Job, ...]:
        """See IJobStore."""
        asked = Lease(owner, to_us(until), to_us(now), tuple(wanted))
        return await self._database.write(leasing.lease, asked)

    async def lease_these(
        self, owner: str, until: datetime, ids: Sequence[int], states: Sequence[JobState]
    ) -> tuple[Job, ...]:
        """See IJobStore."""
        asked = Named(owner, to_us(until), tuple(ids), tuple(state.value for state in states))
        return await self._database.write(leasing.lease_these, asked)

    async def settle(self, settlements: Sequence[Settlement], drafts: Sequence[Draft] = ()) -> None:
        """See IJobStore."""
        settling = Settling(tuple(settlements), tuple(drafts), to_us(utcnow(self._clock)))
        quiet = self._sends or not drafts
        await self._database.write(leasing.settle if quiet else leasing.settle_and_tell, settling)

    async def reclaim(self, owner: str) -> int:
        """See IJobStore."""
        if not await self._database.read(leasing.of_others, owner):
            return 0  # as nearly always: no start waits for the disk for nothing
        return await self._database.write(leasing.reclaim, owner)

    async def reroute(self, rules: Sequence[RouteRule]) -> int:
        """See IJobStore."""
        changed, after = 0, 0
        while True:
            found = await self._database.read(rerouting.misled, tuple(rules), after)
            if found.destinations:
                changed += await self._database.write(rerouting.lead, found.destinations)
            if found.last is None:
                return changed
            after = found.last

    async def let_go(self, now: datetime, mark: int) -> int:
        """See IJobStore."""
        changed = 0
        while await self._database.read(rerouting.any_put_off, mark):
            changed += await self._database.write(rerouting.let_go, Marked(to_us(now), mark))
        return changed

    async def read(self, message_id: int, offset: int, length: int) -> bytes:
        """See IJobStore."""
        stored = await self._database.read(reading.by_row, message_id)
        if stored is None:
            raise NotFoundError(Fault(str(message_id), "the message is not there any more"))
        return await stored.octets(offset, length, self._blobs)
