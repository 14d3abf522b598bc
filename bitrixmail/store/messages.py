"""The message store over the database and the blobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.blobs import IBlobStore
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.folder import Holding
from bitrixmail.model.message import Behind, Draft, Event, FolderIndex, FolderView, Listed
from bitrixmail.store import appending, held, importing, queue, reading, removal
from bitrixmail.store.executors import Database
from bitrixmail.store.schema import event, unlinked_blob
from bitrixmail.store.values import to_key, to_us
from bitrixmail.tasks import utcnow

_EVENTS_KEPT = timedelta(days=92)
# A file stays so long after its message: somebody may be reading it.
_GRACE = timedelta(days=1)
# Jobs that ended can be looked at so long; then the event log still tells of them.
_JOBS_KEPT = timedelta(days=3)
_EXPORT_OCTETS = 1024 * 1024


@implementer(IMessageStore)
class DatabaseMessages:
    """See IMessageStore. Made with the stores, lives as long as they.

    `sends`: this process carries jobs out, so that nobody else has to hear of them.
    """

    def __init__(
        self, database: Database, blobs: IBlobStore, clock: IReactorTime, *, sends: bool
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._sends = sends

    async def append(self, draft: Draft) -> None:
        """See IMessageStore."""
        quiet = self._sends or not draft.jobs
        await self._database.write(appending.append if quiet else appending.append_and_tell, draft)

    async def take_in(self, mailbox_id: int, drafts: Sequence[Draft]) -> frozenset[bytes]:
        """See IMessageStore."""
        return await self._database.write(importing.take_in, (mailbox_id, tuple(drafts)))

    async def taken_in(self, mailbox_id: int, keys: Sequence[bytes]) -> frozenset[bytes]:
        """See IMessageStore."""
        return await self._database.read(importing.known, mailbox_id, tuple(keys))

    async def brought(self, name: str) -> tuple[str, ...]:
        """See IMessageStore."""
        return await self._database.read(reading.brought, name)

    async def folders(self, mailbox_id: int) -> tuple[str, ...]:
        """See IMessageStore."""
        return await self._database.read(reading.folders, mailbox_id)

    async def folder(self, mailbox_id: int, name: str) -> FolderView | None:
        """See IMessageStore."""
        return await self._database.read(reading.view, mailbox_id, name)

    async def index(self, mailbox_id: int, name: str) -> FolderIndex | None:
        """See IMessageStore."""
        return await self._database.read(reading.index, mailbox_id, name)

    async def read(self, place_id: int, offset: int, length: int) -> bytes:
        """See IMessageStore."""
        stored = await self._database.read(reading.stored, place_id)
        if stored is None:
            raise NotFoundError(Fault(str(place_id), "the message is not there any more"))
        return await stored.octets(offset, length, self._blobs)

    async def expunge(self, folder_id: int, uids: Sequence[int]) -> None:
        """See IMessageStore."""
        item = removal.Expunge(folder_id, tuple(uids), to_us(utcnow(self._clock)))
        await self._database.write(removal.expunge, item)

    async def usage(self, mailbox_id: int) -> int:
        """See IMessageStore."""
        return await self._database.read(reading.usage, mailbox_id)

    async def holdings(self, mailbox_ids: Sequence[int]) -> Mapping[int, Holding]:
        """See IMessageStore."""
        return await self._database.read(held.of_mailboxes, tuple(mailbox_ids))

    async def folder_holdings(self, mailbox_id: int) -> Mapping[str, Holding]:
        """See IMessageStore."""
        return await self._database.read(held.of_folders, mailbox_id)

    async def totals(self) -> tuple[int, int]:
        """See IMessageStore."""
        return await self._database.read(reading.totals)

    async def record(self, events: Sequence[Event]) -> None:
        """See IMessageStore."""
        await self._database.write(appending.record, tuple(events))

    async def listing(
        self, address: str, folder: str | None, limit: int, behind: Behind | None = None
    ) -> tuple[Listed, ...]:
        """See IMessageStore."""
        return await self._database.read(reading.listing, to_key(address), folder, limit, behind)

    async def find(self, queue_id: str) -> tuple[Listed, ...]:
        """See IMessageStore."""
        return await self._database.read(reading.places_of, queue_id)

    async def export(self, queue_id: str) -> bytes:
        """See IMessageStore."""
        stored = await self._database.read(reading.exported, queue_id)
        if stored is None:
            raise NotFoundError(Fault(queue_id, "no such message is stored"))
        whole = len(stored.prefix) + stored.size_octets
        return b"".join(
            [
                await stored.octets(offset, _EXPORT_OCTETS, self._blobs)
                for offset in range(0, whole, _EXPORT_OCTETS)
            ]
        )

    async def cut(self, queue_id: str, offset: int, length: int) -> tuple[bytes, int]:
        """See IMessageStore."""
        stored = await self._database.read(reading.exported, queue_id)
        if stored is None:
            raise NotFoundError(Fault(queue_id, "no such message is stored"))
        whole = len(stored.prefix) + stored.size_octets
        return await stored.octets(offset, min(length, whole), self._blobs), whole

    async def events(
        self, queue_id: str | None, address: str | None, limit: int
    ) -> tuple[Event, ...]:
        """See IMessageStore."""
        key = None if address is None else to_key(address)
        return await self._database.read(reading.events, queue_id, key, limit)

    async def expire(self, now: datetime) -> int:
        """See IMessageStore."""
        gone = 0
        for mailbox_id, days in await self._database.read(reading.retentions):
            item = removal.Expiry(mailbox_id, to_us(now - timedelta(days=days)), to_us(now))
            removed = removal.CHUNK
            while removed == removal.CHUNK:
                removed = await self._database.write(removal.expire_chunk, item)
                gone += removed
        while await self._database.write(queue.forget, to_us(now - _JOBS_KEPT)):
            pass
        await self._database.write(_forget_blobs, to_us(now - _GRACE))
        await self._blobs.sweep(await self._database.read(reading.referenced_blobs), now)
        before = to_us(now - _EVENTS_KEPT)
        while await self._database.write(_forget_events, before):
            pass
        return gone


def _forget_blobs(connection: Connection, befores: Sequence[int]) -> list[None]:
    """Release the blobs whose messages went before these times."""
    connection.execute(delete(unlinked_blob).where(unlinked_blob.c.unlinked < max(befores)))
    return [None] * len(befores)


def _forget_events(connection: Connection, befores: Sequence[int]) -> list[int]:
    """Remove a chunk of the oldest entries of the event log; return how many.

    They are numbered in the order of their time, more or less: no index by time is needed.
    """
    oldest = select(event.c.id, event.c.at).order_by(event.c.id).limit(removal.CHUNK)
    old = [found for found, at in connection.execute(oldest).all() if at < max(befores)]
    if old:
        connection.execute(delete(event).where(event.c.id.in_(old)))
    return [len(old)] + [0] * (len(befores) - 1)
