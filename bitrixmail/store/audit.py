"""The audit log: written line by line, read backwards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from bitrixmail.model.user import Deed, DeedSearch
from bitrixmail.store.schema_users import deed
from bitrixmail.store.sequences import Sequences
from bitrixmail.store.values import from_us, storable, to_us

_COLUMNS = (
    deed.c.at,
    deed.c.who,
    deed.c.what,
    deed.c.target,
    deed.c.detail,
    deed.c.address,
    deed.c.id,
)


def record(connection: Connection, line: Deed) -> None:
    """Add a line."""
    sequences = Sequences(connection)
    values = {
        "id": sequences.take("deed"),
        "at": to_us(line.at),
        "who": storable(line.who),
        "what": line.what,
        "target": storable(line.target),
        "detail": storable(line.detail),
        "address": line.address,
    }
    sequences.save()
    connection.execute(insert(deed), values)


def read(
    connection: Connection, limit: int, before: datetime | None, search: DeedSearch
) -> tuple[Deed, ...]:
    """Read lines, newest first."""
    query = select(*_COLUMNS)
    if before is not None:
        query = query.where(deed.c.at < to_us(before))
    if search.before:
        query = query.where(deed.c.id < search.before)
    if search.who:
        query = query.where(deed.c.who == storable(search.who))
    if search.what:
        query = query.where(deed.c.what.startswith(search.what, autoescape=True))
    if search.target:
        query = query.where(deed.c.target.contains(storable(search.target), autoescape=True))
    found = connection.execute(query.order_by(deed.c.id.desc()).limit(limit))
    return tuple(Deed(from_us(row.at), *row[1:]) for row in found)
