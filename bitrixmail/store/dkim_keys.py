"""The keys of domains over the database. They are news of the directory when they change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from zope.interface import implementer

from bitrixmail.interfaces.dkim_keys import IDKIMKeys
from bitrixmail.model.dkim import Algorithm, DKIMKey
from bitrixmail.model.errors import ExistsError, Fault, NotFoundError
from bitrixmail.store import directory_writing as writing
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.executors import Database
from bitrixmail.store.schema import dkim_key, domain
from bitrixmail.store.sequences import Sequences
from bitrixmail.store.values import from_us, to_us

_KEYS = (
    select(dkim_key, domain.c.name.label("domain"))
    .join(domain, domain.c.id == dkim_key.c.domain_id)
    .order_by(dkim_key.c.created, dkim_key.c.id)
)
_DOMAINS = select(domain.c.name).where(domain.c.id.in_(select(dkim_key.c.domain_id)))


@implementer(IDKIMKeys)
class DatabaseDKIMKeys:
    """See IDKIMKeys. Made with the stores, lives as long as they."""

    def __init__(self, database: Database, changes: PolledChanges, most_cached: int) -> None:
        self._database = database
        self._changes = changes
        self._most_cached = most_cached
        self._cached: dict[str, tuple[DKIMKey, ...]] = {}
        self._domains: frozenset[str] | None = None
        self._forgotten = 0
        changes.watch(writing.TOPIC, self._forget)

    def _forget(self) -> None:
        # A new dictionary: an answer that is still under way goes into the old one, unseen.
        self._cached = {}
        self._domains = None
        self._forgotten += 1

    async def keys(self, domain: str) -> tuple[DKIMKey, ...]:
        """See IDKIMKeys."""
        cached = self._cached
        found = cached.get(domain)
        if found is None:
            found = await self._database.read(_read, domain)
            if len(cached) >= self._most_cached:
                cached.clear()
            if self._most_cached:
                cached[domain] = found
        return found

    async def domains(self) -> frozenset[str]:
        """See IDKIMKeys."""
        found = self._domains
        if found is None:
            asked = self._forgotten
            found = await self._database.read(_read_domains)
            if self._most_cached and asked == self._forgotten:
                self._domains = found
        return found

    async def add(self, keys: Sequence[DKIMKey]) -> None:
        """See IDKIMKeys."""
        await self._write(_add, keys)

    async def change(self, keys: Sequence[DKIMKey]) -> None:
        """See IDKIMKeys."""
        await self._write(_change, keys)

    async def remove(self, keys: Sequence[DKIMKey]) -> None:
        """See IDKIMKeys."""
        await self._write(_remove, keys)

    async def _write(self, function: Any, keys: Sequence[DKIMKey]) -> None:
        change = writing.Change(function, (tuple(keys),), 0)
        _, generation = await self._database.write(writing.apply, change)
        self._changes.seen(writing.TOPIC, generation)


def _read(connection: Connection, name: str) -> tuple[DKIMKey, ...]:
    rows = connection.execute(_KEYS.where(domain.c.name == name)).mappings()
    return tuple(
        DKIMKey(
            row["domain"],
            row["selector"],
            Algorithm(row["algorithm"]),
            row["public_key"],
            from_us(row["created"]),
            _moment(row["active_from"]),
            _moment(row["active_until"]),
            row["private_key"],
        )
        for row in rows
    )


def _read_domains(connection: Connection) -> frozenset[str]:
    return frozenset(connection.execute(_DOMAINS).scalars())


def _add(connection: Connection, keys: Sequence[DKIMKey], *, now: int) -> None:  # noqa: ARG001 - see Change
    sequences = Sequences(connection)
    for key in keys:
        if _selects(connection, key) is not None:
            remedy = "name another selector"
            raise ExistsError(Fault(f"selector {key.selector}", "is there already", remedy))
        row = {
            "id": sequences.take("dkim_key"),
            "domain_id": _domain_id(connection, key.domain),
            "selector": key.selector,
            "algorithm": key.algorithm.value,
            "private_key": key.private_key,
            "public_key": key.public_key,
            "created": to_us(key.created),
            **_times(key),
        }
        connection.execute(insert(dkim_key), row)
    sequences.save()


def _change(connection: Connection, keys: Sequence[DKIMKey], *, now: int) -> None:  # noqa: ARG001 - see Change
    for key in keys:
        key_id = _selects(connection, key)
        connection.execute(update(dkim_key).where(dkim_key.c.id == key_id), _times(key))


def _remove(connection: Connection, keys: Sequence[DKIMKey], *, now: int) -> None:  # noqa: ARG001 - see Change
    for key in keys:
        connection.execute(delete(dkim_key).where(dkim_key.c.id == _selects(connection, key)))


def _selects(connection: Connection, key: DKIMKey) -> int | None:
    found: int | None = connection.execute(
        select(dkim_key.c.id)
        .join(domain, domain.c.id == dkim_key.c.domain_id)
        .where(domain.c.name == key.domain, dkim_key.c.selector == key.selector)
    ).scalar()
    return found


def _domain_id(connection: Connection, name: str) -> int:
    found: int | None = connection.execute(
        select(domain.c.id).where(domain.c.name == name)
    ).scalar()
    if found is None:
        raise NotFoundError(Fault(name, "no such domain", f"bitrixmail domain add {name}"))
    return found


def _times(key: DKIMKey) -> dict[str, int | None]:
    return {"active_from": _us(key.active_from), "active_until": _us(key.active_until)}


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)


def _moment(number: int | None) -> datetime | None:
    return None if number is None else from_us(number)
