"""Places taken out of folders, and what nobody refers to any more.

Runs in the writer's thread. Callers keep a transaction short by asking for a chunk at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    select,
    update,
)

from bitrixmail.store.schema import (
    event,
    folder,
    job,
    mailbox,
    message,
    place,
    tombstone,
    unlinked_blob,
)
from bitrixmail.store.schema_search import search_entry
from bitrixmail.store.schema_tickets import ticket_message
from bitrixmail.store.sequences import Sequences
from bitrixmail.store.work_done import forget_done

CHUNK = 300
_UIDS = 500

_FOUND = (
    select(
        place.c.id,
        place.c.folder_id,
        place.c.mailbox_id,
        place.c.message_id,
        place.c.uid,
        place.c.size_octets,
        message.c.queue_id,
        mailbox.c.address,
    )
    .join(message, message.c.id == place.c.message_id)
    .join(mailbox, mailbox.c.id == place.c.mailbox_id)
)
_BY_UID = _FOUND.where(
    place.c.folder_id == bindparam("folder"), place.c.uid.in_(bindparam("uids", expanding=True))
)
_OLD = (
    _FOUND.where(place.c.mailbox_id == bindparam("mailbox"), place.c.received < bindparam("before"))
    .order_by(place.c.received)
    .limit(CHUNK)
)
_ALL = _FOUND.where(place.c.mailbox_id == bindparam("mailbox")).limit(CHUNK)
_BY_ID = _FOUND.where(place.c.id.in_(bindparam("ids", expanding=True)))
_NEXT_MODSEQ = (
    update(folder).where(folder.c.id == bindparam("of")).values(modseq=folder.c.modseq + 1)
)
_MODSEQ = select(folder.c.modseq).where(folder.c.id == bindparam("of"))
_DELETE_PLACE = delete(place).where(place.c.id == bindparam("of"))
_SHRINK = (
    update(mailbox)
    .where(mailbox.c.id == bindparam("of"))
    .values(used_octets=mailbox.c.used_octets - bindparam("less"))
)
_ORPHAN = (
    message.c.id == bindparam("of"),
    ~exists().where(place.c.message_id == message.c.id),
    ~exists().where(job.c.message_id == message.c.id),
    ~exists().where(ticket_message.c.message_id == message.c.id),
)
_UNLINK = insert(unlinked_blob).from_select(
    ["blob_id", "unlinked"],
    select(message.c.blob_id, literal(0).op("+")(bindparam("now"))).where(
        *_ORPHAN, message.c.blob_id.is_not(None)
    ),
)
_DELETE_ENTRY = delete(search_entry).where(
    search_entry.c.message_id == bindparam("of"),
    search_entry.c.received == select(message.c.received).where(*_ORPHAN).scalar_subquery(),
)
_DELETE_MESSAGE = delete(message).where(*_ORPHAN)


@dataclass(frozen=True, slots=True)
class Expunge:
    """Places to take out of a folder, at a time in microseconds."""

    folder_id: int
    uids: tuple[int, ...]
    now: int


def expunge(connection: Connection, items: Sequence[Expunge]) -> list[None]:
    """Remove places by folder and UID; those that are gone already are passed over."""
    for item in items:
        uids = sorted(set(item.uids))
        found: list[Any] = []
        for start in range(0, len(uids), _UIDS):
            part = {"folder": item.folder_id, "uids": uids[start : start + _UIDS]}
            found += connection.execute(_BY_UID, part).all()
        _remove(connection, found, "deleted", item.now)
    return [None] * len(items)


@dataclass(frozen=True, slots=True)
class Expiry:
    """A mailbox whose places received before a time go; times in microseconds."""

    mailbox_id: int
    before: int
    now: int


def expire_chunk(connection: Connection, items: Sequence[Expiry]) -> list[int]:
    """Remove the oldest CHUNK places of each mailbox that are too old; return how many."""
    return [
        _remove_chunk(
            connection,
            _OLD,
            {"mailbox": item.mailbox_id, "before": item.before},
            "expired",
            item.now,
        )
        for item in items
    ]


def empty_chunk(connection: Connection, mailbox_id: int, now: int) -> int:
    """Remove CHUNK places of a mailbox that is about to go, without a word in the log."""
    return _remove_chunk(connection, _ALL, {"mailbox": mailbox_id}, "", now)


def remove_places(connection: Connection, place_ids: Sequence[int], now: int) -> None:
    """Remove places without a word in the log; those that are gone already are passed over."""
    for start in range(0, len(place_ids), _UIDS):
        part = {"ids": list(place_ids[start : start + _UIDS])}
        _remove(connection, connection.execute(_BY_ID, part).all(), "", now)


def _remove_chunk(
    connection: Connection, query: Select[Any], parameters: dict[str, int], kind: str, now: int
) -> int:
    found = connection.execute(query, parameters).all()
    _remove(connection, found, kind, now)
    return len(found)


def _remove(connection: Connection, found: Sequence[Any], kind: str, now: int) -> None:
    if not found:
        return
    _bury(connection, found)
    connection.execute(_DELETE_PLACE, [{"of": row.id} for row in found])
    less: Counter[int] = Counter()
    for row in found:
        less[row.mailbox_id] += row.size_octets
    connection.execute(_SHRINK, [{"of": of, "less": octets} for of, octets in less.items()])
    remove_orphans(connection, {row.message_id for row in found}, now)
    if kind:
        _note(connection, found, kind, now)


def _bury(connection: Connection, found: Sequence[Any]) -> None:
    """Leave a tombstone for each place, under one new MODSEQ per folder (RFC 7162 §3.2.7)."""
    modseqs: dict[int, int] = {}
    for folder_id in sorted({row.folder_id for row in found}):
        connection.execute(_NEXT_MODSEQ, {"of": folder_id})
        modseqs[folder_id] = connection.execute(_MODSEQ, {"of": folder_id}).scalar_one()
    connection.execute(
        insert(tombstone),
        [
            {"folder_id": row.folder_id, "uid": row.uid, "modseq": modseqs[row.folder_id]}
            for row in found
        ],
    )


def remove_orphans(connection: Connection, message_ids: Iterable[int], now: int) -> None:
    """Remove messages that no place, job or ticket refers to; their files go after a grace."""
    ids = sorted(message_ids)
    connection.execute(_UNLINK, [{"of": message_id, "now": now} for message_id in ids])
    connection.execute(_DELETE_ENTRY, [{"of": message_id} for message_id in ids])
    connection.execute(_DELETE_MESSAGE, [{"of": message_id} for message_id in ids])
    forget_done(connection, ids)


def _note(connection: Connection, found: Sequence[Any], kind: str, now: int) -> None:
    sequences = Sequences(connection)
    connection.execute(
        insert(event),
        [
            {
                "id": sequences.take("event"),
                "at": now,
                "kind": kind,
                "queue_id": row.queue_id,
                "address": row.address,
                "recipient": None,
                "text": f"UID {row.uid}",
                "detail": "",
            }
            for row in found
        ],
    )
    sequences.save()
