"""The suppression list over the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select
from zope.interface import implementer

from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.model.suppression import Suppressed
from bitrixmail.store.executors import Database
from bitrixmail.store.prepared import Prepared
from bitrixmail.store.schema import suppression
from bitrixmail.store.values import from_us, storable, to_key, to_us

_COLUMNS = (
    suppression.c.address,
    suppression.c.reason,
    suppression.c.detail,
    suppression.c.queue_id,
    suppression.c.since,
    suppression.c.until,
)
_FIND = Prepared(
    select(*_COLUMNS).where(
        suppression.c.address == bindparam("of"),
        or_(suppression.c.until.is_(None), suppression.c.until > bindparam("now")),
    ),
    ["of", "now"],
)
_DELETE = delete(suppression).where(suppression.c.address == bindparam("of"))


@implementer(ISuppressions)
class DatabaseSuppressions:
    """See ISuppressions. Made with the stores, lives as long as they."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, address: str, now: datetime) -> Suppressed | None:
        """See ISuppressions."""
        return await self._database.read(_find, to_key(address), to_us(now))

    async def add(self, entry: Suppressed) -> None:
        """See ISuppressions."""
        await self._database.write(_add, entry)

    async def remove(self, address: str) -> bool:
        """See ISuppressions."""
        return await self._database.write(_remove, to_key(address))

    async def listing(self, limit: int, after: str) -> tuple[Suppressed, ...]:
        """See ISuppressions."""
        return await self._database.read(_listing, limit, after)

    async def forget(self, now: datetime) -> int:
        """See ISuppressions."""
        return await self._database.write(_forget, to_us(now))


def _entry(row: Sequence[Any]) -> Suppressed:
    address, reason, detail, queue_id, since, until = row
    return Suppressed(
        address=address,
        reason=reason,
        since=from_us(since),
        until=None if until is None else from_us(until),
        detail=detail,
        queue_id=queue_id,
    )


def _find(connection: Connection, address: str, now: int) -> Suppressed | None:
    return next(map(_entry, _FIND.all(connection, address, now)), None)


def _add(connection: Connection, entries: Sequence[Suppressed]) -> list[None]:
    for entry in entries:
        connection.execute(_DELETE, {"of": to_key(entry.address)})
        connection.execute(
            insert(suppression),
            {
                "address": storable(to_key(entry.address)),
                "reason": storable(entry.reason),
                "detail": storable(entry.detail),
                "queue_id": entry.queue_id,
                "since": to_us(entry.since),
                "until": None if entry.until is None else to_us(entry.until),
            },
        )
    return [None] * len(entries)


def _remove(connection: Connection, addresses: Sequence[str]) -> list[bool]:
    return [connection.execute(_DELETE, {"of": address}).rowcount > 0 for address in addresses]


def _listing(connection: Connection, limit: int, after: str) -> tuple[Suppressed, ...]:
    query = (
        select(*_COLUMNS)
        .where(suppression.c.address > after)
        .order_by(suppression.c.address)
        .limit(limit)
    )
    return tuple(map(_entry, connection.execute(query)))


def _forget(connection: Connection, moments: Sequence[int]) -> list[int]:
    old = delete(suppression).where(suppression.c.until <= max(moments))
    return [connection.execute(old).rowcount] + [0] * (len(moments) - 1)
