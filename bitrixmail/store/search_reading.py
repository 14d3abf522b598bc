"""The search itself: entries gone through in their order, a bounded number at a time.

Runs in a reader's thread. With one mailbox its places are gone through instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, not_, select, tuple_

from bitrixmail.model.searching import Hit, Key, Sought, Window
from bitrixmail.store.schema import folder, mailbox, message, place
from bitrixmail.store.schema_search import search_entry
from bitrixmail.store.search_terms import Conditions, conditions_of
from bitrixmail.store.values import from_lines, from_us, from_words

_TOP = 2**62
_COLUMNS = (
    search_entry.c.received, search_entry.c.message_id, place.c.id, message.c.queue_id,
    mailbox.c.address, folder.c.name, message.c.sender, message.c.header_from, message.c.subject,
    place.c.size_octets, place.c.flags, place.c.tags, place.c.recipient, search_entry.c.attached,
    search_entry.c.score,
)  # fmt: skip
_SAME = and_(
    search_entry.c.received == place.c.received, search_entry.c.message_id == place.c.message_id
)
_REST = (
    (message, message.c.id == place.c.message_id),
    (folder, folder.c.id == place.c.folder_id),
    (mailbox, mailbox.c.id == place.c.mailbox_id),
)
_BY_ENTRY = select(*_COLUMNS).select_from(search_entry).join(
    place, place.c.message_id == search_entry.c.message_id
)  # fmt: skip
_BY_PLACE = select(*_COLUMNS).select_from(place).join(search_entry, _SAME)
for _table, _on in _REST:
    _BY_ENTRY, _BY_PLACE = _BY_ENTRY.join(_table, _on), _BY_PLACE.join(_table, _on)
_PLACES = _BY_PLACE.where(place.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Question:
    """See ISearching.search."""

    sought: Sought
    start: Key | None
    limit: int
    breadth: int
    newer: bool


def search(connection: Connection, question: Question) -> Window:
    """See ISearching."""
    conditions = conditions_of(connection, question.sought)
    if conditions.nothing:
        return Window((), None)
    way = _Way(question, conditions)
    end = way.end(connection)
    rows = connection.execute(way.query(end)).all()
    hits = tuple(map(_hit, rows))
    if len(hits) == question.limit:
        return Window(hits, hits[-1].key)
    return Window(hits, end)


class _Way:
    """One direction through entries, or through a mailbox's places. Made for one question."""

    def __init__(self, question: Question, conditions: Conditions) -> None:
        self._question = question
        self._conditions = conditions
        self._table: Any = search_entry.c if conditions.mailbox_id is None else place.c
        self._order = (self._table.received, self._table.message_id)

    def end(self, connection: Connection) -> Key | None:
        """Return from where on nothing is looked at in this window; None: all is."""
        query: Any = select(*self._order)
        if self._conditions.mailbox_id is not None:
            query = query.where(place.c.mailbox_id == self._conditions.mailbox_id)
            if self._conditions.range:
                query = query.join(search_entry, _SAME)
        # The columns are those of one table or the other: no type tells which
        ordered: Any = self._sorted(self._ranged(query, None), self._order)
        row = connection.execute(ordered.limit(1).offset(self._question.breadth)).first()
        if row is None:
            return None
        return Key(row.received, row.message_id, 0 if self._question.newer else _TOP)

    def query(self, end: Key | None) -> Any:
        """Return the question for a window."""
        conditions, start = self._conditions, self._question.start
        query: Any = _BY_ENTRY
        if conditions.mailbox_id is not None:
            query = _BY_PLACE.where(place.c.mailbox_id == conditions.mailbox_id)
        query = self._ranged(query, end).where(*conditions.others)
        if start is not None:
            beyond = place.c.id <= start.place_id
            if not self._question.newer:
                beyond = place.c.id >= start.place_id
            query = query.where(not_(and_(self._at(start), beyond)))
        return self._sorted(query, (*self._order, place.c.id)).limit(self._question.limit)

    def _at(self, key: Key) -> Any:
        return and_(self._order[0] == key.received, self._order[1] == key.message_id)

    def _ranged(self, query: Any, end: Key | None) -> Any:
        order, start, newer = tuple_(*self._order), self._question.start, self._question.newer
        query = query.where(*self._conditions.range)
        if start is not None:
            at: Any = (start.received, start.message_id)
            query = query.where(order >= at if newer else order <= at)
        if end is not None:
            upto: Any = (end.received, end.message_id)
            query = query.where(order < upto if newer else order > upto)
        return query

    def _sorted(self, query: Any, columns: Sequence[Any]) -> Any:
        if self._question.newer:
            return query.order_by(*columns)
        return query.order_by(*(column.desc() for column in columns))


def places(connection: Connection, place_ids: Sequence[int]) -> tuple[Hit, ...]:
    """See ISearching."""
    rows = connection.execute(_PLACES, {"ids": list(place_ids)})
    hits = map(_hit, rows)
    return tuple(sorted(hits, key=lambda hit: (hit.received, hit.key.place_id), reverse=True))


def _hit(row: Any) -> Hit:
    (
        received, message_id, place_id, queue_id, address, name, sender, header_from, subject, size,
        flags, tags, recipient, attached, score,
    ) = row  # fmt: skip
    return Hit(
        key=Key(received, message_id, place_id),
        queue_id=queue_id,
        mailbox=address,
        folder=name,
        received=from_us(received),
        sender=sender,
        header_from=header_from,
        subject=subject,
        size_octets=size,
        flags=from_words(flags),
        tags=from_words(tags),
        recipients=from_lines(recipient),
        attached=attached,
        score=None if score is None else score / 100,
    )
