"""The event log over the database, gone through a bounded number of entries at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select, text
from zope.interface import implementer

from bitrixmail.interfaces.event_log import IEventLog
from bitrixmail.model.event_log import Entry, Stretch, Wanted
from bitrixmail.model.message import Event
from bitrixmail.store.executors import Database
from bitrixmail.store.schema import event
from bitrixmail.store.values import from_us, to_key, to_us

_LAST = select(func.max(event.c.id))
_ENTRIES = select(
    event.c.id, event.c.at, event.c.kind, event.c.queue_id, event.c.address, event.c.text
)


@implementer(IEventLog)
class DatabaseEventLog:
    """See IEventLog. Made with the stores, lives as long as they."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, wanted: Wanted, below: int, limit: int, breadth: int) -> Stretch:
        """See IEventLog."""
        return await self._database.read(_read, wanted, below, limit, breadth)

    async def last_of(
        self, kind: str, addresses: Sequence[str], breadth: int
    ) -> Mapping[str, Event]:
        """See IEventLog."""
        return await self._database.read(_last_of, kind, addresses, breadth)


def _last_of(
    connection: Connection, kind: str, addresses: Sequence[str], breadth: int
) -> dict[str, Event]:
    """Look each up by the index on addresses, a bounded number of its entries back."""
    found: dict[str, Event] = {}
    for address in addresses:
        newest = _ENTRIES.where(event.c.address == to_key(address))
        stretch = newest.order_by(event.c.id.desc()).limit(breadth).subquery()
        query = select(stretch).where(stretch.c.kind == kind).order_by(stretch.c.id.desc()).limit(1)
        row = connection.execute(query).first()
        if row is not None:
            found[address] = Event(from_us(row.at), row.kind, row.queue_id, row.address, row.text)
    return found


def _read(connection: Connection, wanted: Wanted, below: int, limit: int, breadth: int) -> Stretch:
    top = below or (connection.execute(_LAST).scalar() or 0) + 1
    if wanted.before is not None:
        top = min(top, _number_at(connection, to_us(wanted.before), top))
    query = _narrowed(_ENTRIES, wanted).where(event.c.id < top)
    if wanted.queue_id or wanted.address:
        bottom = 1  # an index leads to them
    else:
        bottom = max(1, top - breadth)
        query = query.where(event.c.id >= bottom)
    rows = connection.execute(query.order_by(event.c.id.desc()).limit(limit)).all()
    entries = tuple(
        Entry(row.id, Event(from_us(row.at), row.kind, row.queue_id, row.address, row.text))
        for row in rows
    )
    if len(entries) == limit:
        return Stretch(entries, entries[-1].id if entries[-1].id > 1 else 0)
    return Stretch(entries, bottom if bottom > 1 else 0)


def _narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.queue_id:
        # Said in the words of the index, which leaves out events without a message
        query = query.where(event.c.queue_id == wanted.queue_id, text("event.queue_id <> ''"))
    if wanted.address:
        key = to_key(wanted.address)
        query = query.where(or_(event.c.address == key, event.c.recipient == key))
    if wanted.kinds:
        query = query.where(event.c.kind.in_(wanted.kinds))
    if wanted.text:
        # Letters beyond ASCII are compared as they are: what is told is English
        query = query.where(event.c.text.icontains(wanted.text, autoescape=True))
    return query


def _number_at(connection: Connection, at: int, top: int) -> int:
    """Return the number behind the last entry before a time: they rise together, more or less."""
    low, high = 0, top - 1
    while low < high:
        middle = (low + high) // 2
        query = select(event.c.id, event.c.at).where(event.c.id > middle, event.c.id <= high)
        row = connection.execute(query.order_by(event.c.id).limit(1)).first()
        if row is None or row.at >= at:
            high = middle
        else:
            low = row.id
    return low + 1
