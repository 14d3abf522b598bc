"""The suppression list over the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select
from zope.interface import implementer

from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.model.suppression import Suppressed
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.executors import Database
from bitrixmail.store.prepared import Prepared
from bitrixmail.store.schema import suppression
from bitrixmail.store.sequences import bump
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
# How many addresses are known by heart: a list of them is read in a few milliseconds
_MOST_KNOWN = 10_000
TOPIC = "suppressions"
_DELETE = delete(suppression).where(suppression.c.address == bindparam("of"))


@implementer(ISuppressions)
class DatabaseSuppressions:
    """See ISuppressions. Made with the stores, lives as long as they.

    Every recipient elsewhere is looked for, and hardly one is found: so all addresses that have an
    entry are known by heart, if they are not too many. What another process adds is noticed as all
    its changes are; what was removed may be among them still, and is then looked for in vain.
    """

    def __init__(self, database: Database, changes: PolledChanges, most_cached: int) -> None:
        self._database = database
        self._most_known = min(most_cached, _MOST_KNOWN)
        self._known: set[str] | None = None
        self._stale = True
        # What is added while the list is read
        self._meanwhile: set[str] | None = None
        changes.watch(TOPIC, self._forget_known)

    def _forget_known(self) -> None:
        self._known, self._stale = None, True

    async def find(self, address: str, now: datetime) -> Suppressed | None:
        """See ISuppressions."""
        key = to_key(address)
        if self._stale and self._most_known:
            await self._learn()
        if self._known is not None and key not in self._known:
            return None
        return await self._database.read(_find, key, to_us(now))

    async def _learn(self) -> None:
        # From now on: whatever becomes news while it is read has it read once more
        self._stale = False
        meanwhile = self._meanwhile = set[str]()
        try:
            found = await self._database.read(_addresses, self._most_known + 1)
        finally:
            if self._meanwhile is meanwhile:
                self._meanwhile = None
        if not self._stale and len(found) <= self._most_known:
            self._known = found | meanwhile

    async def add(self, entry: Suppressed) -> None:
        """See ISuppressions."""
        key = to_key(entry.address)
        for known in (self._known, self._meanwhile):
            if known is not None:
                known.add(key)
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


def _addresses(connection: Connection, most: int) -> set[str]:
    found = connection.execute(select(suppression.c.address).limit(most))
    return {address for (address,) in found}


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
    bump(connection, TOPIC)
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
