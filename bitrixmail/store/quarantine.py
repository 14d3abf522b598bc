"""The quarantines over the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, tuple_
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.quarantine import IQuarantine
from bitrixmail.model.message import QUARANTINE
from bitrixmail.model.quarantine import Held, Release
from bitrixmail.store import removal
from bitrixmail.store.appending import job_row
from bitrixmail.store.executors import Database
from bitrixmail.store.prepared import PreparedInsert
from bitrixmail.store.schema import folder, job, mailbox, message, place
from bitrixmail.store.schema_spam import quarantine_digest
from bitrixmail.store.sequences import JOBS, Sequences, bump
from bitrixmail.store.shifting import Shift, find_place
from bitrixmail.store.values import from_lines, from_us, to_key, to_us
from bitrixmail.tasks import utcnow

_AT_A_TIME = 300
_INSERT_JOB = PreparedInsert(job, " ON CONFLICT (key) DO NOTHING")
_HELD = (
    select(
        place.c.id, place.c.mailbox_id, message.c.queue_id, mailbox.c.address, place.c.received,
        message.c.sender, message.c.header_from, message.c.subject, place.c.size_octets,
        place.c.recipient,
    )
    .select_from(folder)
    .join(place, place.c.folder_id == folder.c.id)
    .join(message, message.c.id == place.c.message_id)
    .join(mailbox, mailbox.c.id == place.c.mailbox_id)
    .where(folder.c.name == QUARANTINE)
    .order_by(place.c.received.desc(), place.c.id.desc())
)  # fmt: skip


@implementer(IQuarantine)
class DatabaseQuarantine:
    """See IQuarantine. Made with the stores, lives as long as they."""

    def __init__(self, database: Database, clock: IReactorTime) -> None:
        self._database = database
        self._clock = clock

    async def listing(
        self,
        mailbox: str,
        queue_id: str,
        limit: int,
        behind: tuple[datetime, int] | None = None,
    ) -> tuple[Held, ...]:
        """See IQuarantine."""
        return await self._database.read(_listing, to_key(mailbox), queue_id, limit, behind)

    async def release(self, releases: Sequence[Release]) -> int:
        """See IQuarantine."""
        now, count = to_us(utcnow(self._clock)), 0
        for start in range(0, len(releases), _AT_A_TIME):
            part = tuple(releases[start : start + _AT_A_TIME])
            count += await self._database.write(_release, (part, now))
        return count

    async def delete(self, place_ids: Sequence[int]) -> int:
        """See IQuarantine."""
        now, count = to_us(utcnow(self._clock)), 0
        for start in range(0, len(place_ids), _AT_A_TIME):
            part = tuple(place_ids[start : start + _AT_A_TIME])
            count += await self._database.write(_delete, (part, now))
        return count

    async def told(self, whose: Mapping[int, datetime]) -> None:
        """See IQuarantine."""
        rows = tuple((mailbox_id, to_us(moment)) for mailbox_id, moment in whose.items())
        await self._database.write(_told, rows)

    async def last_told(self) -> dict[int, datetime]:
        """See IQuarantine."""
        return await self._database.read(_last_told)


def _listing(
    connection: Connection,
    address: str,
    queue_id: str,
    limit: int,
    behind: tuple[datetime, int] | None,
) -> tuple[Held, ...]:
    query = _HELD.limit(limit)
    if behind is not None:
        at, place_id = behind
        query = query.where(tuple_(place.c.received, place.c.id) < tuple_(to_us(at), place_id))
    if address:
        query = query.where(mailbox.c.address == address)
    if queue_id:
        query = query.where(message.c.queue_id == queue_id)
    return tuple(map(_held, connection.execute(query)))


def _held(row: Sequence[Any]) -> Held:
    place_id, mailbox_id, queue_id, address, received, sender, shown, subject, size, paths = row
    return Held(
        place_id, mailbox_id, queue_id, address, from_us(received), sender, shown, subject, size,
        from_lines(paths),
    )  # fmt: skip


def _release(connection: Connection, items: Sequence[tuple[tuple[Release, ...], int]]) -> list[int]:
    return [_release_some(connection, releases, now) for releases, now in items]


def _release_some(connection: Connection, releases: Sequence[Release], now: int) -> int:
    shift = Shift(connection, now)
    count = 0
    jobs = []
    for each in releases:
        found = find_place(connection, each.place_id)
        if found is None:
            continue
        source = shift.folders.of(found.folder_id)
        if source is None or source.name != QUARANTINE:
            continue
        count += 1
        shift.put(found, shift.folders.named(found.mailbox_id, each.folder), each.flags, each.tags)
        text = f"to {each.folder}, out of quarantine{each.why and f' ({each.why})'}"
        shift.note("moved", found.queue_id, found.address, text)
        jobs += [(each.place_id, new) for new in each.jobs]
    shift.write()
    if jobs:
        sequences = Sequences(connection)
        rows = []
        for place_id, new in jobs:
            of = select(place.c.message_id).where(place.c.id == place_id)
            message_id = connection.execute(of).scalar_one()
            rows.append(job_row(sequences.take("job"), message_id, now, new))
        _INSERT_JOB.rows(connection, rows)
        sequences.save()
        bump(connection, JOBS)
    return count


def _delete(connection: Connection, items: Sequence[tuple[tuple[int, ...], int]]) -> list[int]:
    return [_delete_some(connection, place_ids, now) for place_ids, now in items]


def _delete_some(connection: Connection, place_ids: Sequence[int], now: int) -> int:
    query = (
        select(place.c.folder_id, place.c.uid)
        .join(folder, folder.c.id == place.c.folder_id)
        .where(place.c.id.in_(place_ids), folder.c.name == QUARANTINE)
    )
    by_folder: dict[int, list[int]] = {}
    for folder_id, uid in connection.execute(query):
        by_folder.setdefault(folder_id, []).append(uid)
    items = [removal.Expunge(of, tuple(uids), now) for of, uids in by_folder.items()]
    removal.expunge(connection, items)
    return sum(map(len, by_folder.values()))


def _told(connection: Connection, items: Sequence[tuple[tuple[int, int], ...]]) -> list[None]:
    for rows in items:
        for mailbox_id, told in rows:
            of = quarantine_digest.c.mailbox_id == mailbox_id
            connection.execute(delete(quarantine_digest).where(of))
            values = {"mailbox_id": mailbox_id, "told": told}
            connection.execute(insert(quarantine_digest), values)
    return [None] * len(items)


def _last_told(connection: Connection) -> dict[int, datetime]:
    query = select(quarantine_digest.c.mailbox_id, quarantine_digest.c.told)
    return {mailbox_id: from_us(told) for mailbox_id, told in connection.execute(query)}
