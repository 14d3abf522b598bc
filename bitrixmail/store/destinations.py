"""What is remembered of destinations over the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update
from zope.interface import implementer

from bitrixmail.interfaces.destinations import IDestinations
from bitrixmail.model.destination import Level, Security
from bitrixmail.store.executors import Database
from bitrixmail.store.schema import destination_security as table
from bitrixmail.store.values import from_us, storable, to_us

_NEVER = 0


@implementer(IDestinations)
class DatabaseDestinations:
    """See IDestinations. Made with the stores, lives as long as they."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def security(self, destination: str) -> Security | None:
        """See IDestinations."""
        return await self._database.read(_read, destination)

    async def remember_level(self, destination: str, level: Level, at: datetime) -> None:
        """See IDestinations."""
        values = {"level": level.word, "seen": to_us(at)}
        await self._database.write(_write, (destination, values))

    async def keep_policy(
        self, destination: str, sts_id: str, policy: str, until: datetime
    ) -> None:
        """See IDestinations."""
        kept = {"sts_id": sts_id, "sts_policy": storable(policy), "sts_until": to_us(until)}
        await self._database.write(_write, (destination, kept))

    async def forget(self, before: datetime) -> None:
        """See IDestinations."""
        await self._database.write(_forget, to_us(before))


def _read(connection: Connection, destination: str) -> Security | None:
    found = connection.execute(select(table).where(table.c.destination == destination)).first()
    if found is None:
        return None
    return Security(
        destination,
        _level(found.level),
        from_us(found.seen) if found.seen != _NEVER else None,
        found.sts_id,
        found.sts_policy,
        None if found.sts_until is None else from_us(found.sts_until),
    )


def _level(word: str) -> Level:
    return next((level for level in Level if level.word == word), Level.NONE)


def _write(connection: Connection, items: Sequence[tuple[str, dict[str, Any]]]) -> list[None]:
    for destination, values in items:
        statement = update(table).where(table.c.destination == destination)
        if not connection.execute(statement, values).rowcount:
            row = {
                "destination": destination,
                "level": Level.NONE.word,
                "seen": _NEVER,
                "sts_id": "",
                "sts_policy": "",
                "sts_until": None,
            }
            connection.execute(insert(table), row | values)
    return [None] * len(items)


def _forget(connection: Connection, moments: Sequence[int]) -> list[None]:
    for before in moments:
        out_of_force = or_(table.c.sts_until.is_(None), table.c.sts_until < before)
        connection.execute(delete(table).where(table.c.seen < before, out_of_force))
    return [None] * len(moments)
