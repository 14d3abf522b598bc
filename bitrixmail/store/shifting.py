"""The rows by which places change their folder, flags and tags, gathered for one transaction.

Runs in the writer's thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from bitrixmail.store.folders import Folder, Folders
from bitrixmail.store.prepared import Prepared, PreparedInsert
from bitrixmail.store.schema import event, mailbox, message, place, tombstone
from bitrixmail.store.sequences import Sequences
from bitrixmail.store.values import from_words, storable, to_words

_FIND = Prepared(
    select(
        place.c.id,
        place.c.modseq,
        place.c.folder_id,
        place.c.mailbox_id,
        place.c.uid,
        place.c.size_octets,
        place.c.flags,
        place.c.tags,
        message.c.queue_id,
        mailbox.c.address,
    )
    .join(message, message.c.id == place.c.message_id)
    .join(mailbox, mailbox.c.id == place.c.mailbox_id)
    .where(place.c.id == bindparam("of")),
    ["of"],
)
_REST = Prepared(
    select(place.c.message_id, place.c.received, place.c.recipient, place.c.prefix).where(
        place.c.id == bindparam("of")
    ),
    ["of"],
)
_CHANGE = Prepared(
    update(place)
    .values(
        {
            place.c.folder_id: bindparam("folder"),
            place.c.uid: bindparam("number"),
            place.c.modseq: bindparam("seq"),
            place.c.flags: bindparam("flag"),
            place.c.tags: bindparam("tag"),
        }
    )
    .where(place.c.id == bindparam("of")),
    ["folder", "number", "seq", "flag", "tag", "of"],
)
_GROW_MAILBOX = Prepared(
    update(mailbox)
    .values({mailbox.c.used_octets: mailbox.c.used_octets + bindparam("more")})
    .where(mailbox.c.id == bindparam("of")),
    ["more", "of"],
)
_INSERT_PLACE = PreparedInsert(place)
_INSERT_TOMBSTONE = PreparedInsert(tombstone)
_INSERT_EVENT = PreparedInsert(event)


@dataclass(frozen=True, slots=True)
class Found:
    """A place as it stands in this transaction, in the order of the query's columns."""

    id: int
    modseq: int
    folder_id: int
    mailbox_id: int
    uid: int
    size_octets: int
    flag_words: str
    tag_words: str
    queue_id: str
    address: str

    @property
    def flags(self) -> frozenset[str]:
        """Its flags."""
        return from_words(self.flag_words)

    @property
    def tags(self) -> frozenset[str]:
        """Its tags."""
        return from_words(self.tag_words)


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A place of a message that is stored; `received` in microseconds, `recipient` in lines."""

    mailbox_id: int
    message_id: int
    received: int
    size_octets: int
    recipient: str
    prefix: bytes


def find_place(connection: Connection, place_id: int) -> Found | None:
    """Read a place; None if it is gone."""
    for row in _FIND.all(connection, place_id):
        return Found(*row)
    return None


class Shift:
    """What one transaction does to places. Made for it; `write` before it ends."""

    def __init__(self, connection: Connection, now: int) -> None:
        self._connection = connection
        self._now = now
        self._sequences = Sequences(connection)
        self.folders = Folders(connection, self._sequences, now)
        self._changes: list[tuple[Any, ...]] = []
        self._places: list[tuple[Any, ...]] = []
        self._tombstones: list[tuple[Any, ...]] = []
        self._events: list[tuple[Any, ...]] = []
        self._grown: Counter[int] = Counter()

    def put(
        self, found: Found, target: Folder | None, flags: Iterable[str], tags: Iterable[str]
    ) -> None:
        """Give a place flags and tags, and a new UID in `target` if it moves there.

        It leaves a tombstone where it was (RFC 6851 §3.3).
        """
        source = self.folders.of(found.folder_id)
        if source is None:
            raise ValueError(f"place {found.id} is in no folder")
        uid = found.uid
        if target is not None and target is not source:
            self._tombstones.append((source.id, uid, source.touch()))
            uid = target.take_uid()
            source = target
        row = (source.id, uid, source.touch(), to_words(flags), to_words(tags), found.id)
        self._changes.append(row)

    def copy(
        self, found: Found, target: Folder, flags: Iterable[str], tags: Iterable[str]
    ) -> tuple[int, int]:
        """Put a copy of a place into a folder; return its id and MODSEQ."""
        message_id, received, recipient, prefix = _REST.all(self._connection, found.id)[0]
        size, of = found.size_octets, found.mailbox_id
        new = NewPlace(of, message_id, received, size, recipient, prefix)
        return self.add(new, target, flags, tags)

    def add(
        self, new: NewPlace, target: Folder, flags: Iterable[str] = (), tags: Iterable[str] = ()
    ) -> tuple[int, int]:
        """Put a message into a folder; return the id and MODSEQ of its place there."""
        place_id, modseq = self._sequences.take("place"), target.touch()
        self._places.append(
            (
                place_id,
                target.id,
                new.mailbox_id,
                new.message_id,
                target.take_uid(),
                modseq,
                new.received,
                new.size_octets,
                to_words(flags),
                to_words(tags),
                storable(new.recipient),
                new.prefix,
            )
        )
        self._grown[new.mailbox_id] += new.size_octets
        return place_id, modseq

    def note(self, kind: str, queue_id: str, address: str, text: str) -> None:
        """Add an entry to the event log."""
        number = self._sequences.take("event")
        row = (number, self._now, kind, queue_id, address, None, storable(text), "")
        self._events.append(row)

    def write(self) -> None:
        """Send the rows, a table at a time."""
        connection = self._connection
        _CHANGE.many(connection, self._changes)
        _INSERT_PLACE.rows(connection, self._places)
        _INSERT_TOMBSTONE.rows(connection, self._tombstones)
        _INSERT_EVENT.rows(connection, self._events)
        _GROW_MAILBOX.many(connection, [(more, of) for of, more in self._grown.items()])
        self.folders.save()
        self._sequences.save()
