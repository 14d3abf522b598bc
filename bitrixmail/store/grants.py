"""The grants of mailboxes over the database. They are news of the directory when they change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select
from zope.interface import implementer

from bitrixmail.interfaces.grants import IGrants
from bitrixmail.model.directory import Grant
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.store import directory_writing as writing
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.executors import Database
from bitrixmail.store.schema import mailbox, sender_grant
from bitrixmail.store.values import storable, to_key

MOST = 1000
_GRANTS = select(mailbox.c.address.label("mailbox"), sender_grant.c.address).join(
    mailbox, mailbox.c.id == sender_grant.c.mailbox_id
)


@implementer(IGrants)
class DatabaseGrants:
    """See IGrants. Made with the stores, lives as long as they."""

    def __init__(self, database: Database, changes: PolledChanges, most_cached: int) -> None:
        self._database = database
        self._changes = changes
        self._most_cached = most_cached
        self._cached: dict[str, frozenset[str]] = {}
        changes.watch(writing.TOPIC, self._forget)

    def _forget(self) -> None:
        # A new dictionary: an answer that is still under way goes into the old one, unseen.
        self._cached = {}

    async def of(self, mailbox: str) -> frozenset[str]:
        """See IGrants."""
        cached = self._cached
        found = cached.get(mailbox)
        if found is None:
            found = await self._database.read(_read, to_key(mailbox))
            if len(cached) >= self._most_cached:
                cached.clear()
            if self._most_cached:
                cached[mailbox] = found
        return found

    async def listing(self) -> tuple[Grant, ...]:
        """See IGrants."""
        return await self._database.read(_listing)

    async def add(self, grant: Grant) -> bool:
        """See IGrants."""
        new: bool = await self._write(_add, grant)
        return new

    async def remove(self, grant: Grant) -> None:
        """See IGrants."""
        await self._write(_remove, grant)

    async def _write(self, function: Any, grant: Grant) -> Any:
        change = writing.Change(function, (grant,), 0)
        result, generation = await self._database.write(writing.apply, change)
        self._changes.seen(writing.TOPIC, generation)
        return result


def _read(connection: Connection, key: str) -> frozenset[str]:
    found = connection.execute(_GRANTS.where(mailbox.c.address == key))
    return frozenset(row.address for row in found)


def _listing(connection: Connection) -> tuple[Grant, ...]:
    ordered = _GRANTS.order_by(mailbox.c.address, sender_grant.c.address)
    return tuple(Grant(*row) for row in connection.execute(ordered))


def _add(connection: Connection, grant: Grant, *, now: int) -> bool:  # noqa: ARG001 - see Change
    mailbox_id, address = _mailbox_id(connection, grant), storable(to_key(grant.address))
    granted = sender_grant.c.mailbox_id == mailbox_id
    same = select(sender_grant.c.address).where(granted, sender_grant.c.address == address)
    if connection.execute(same).first() is not None:
        return False
    count = connection.execute(select(func.count()).select_from(sender_grant).where(granted))
    if count.scalar_one() >= MOST:
        what = f"has {MOST} grants already"
        raise InputError(Fault(f"mailbox {grant.mailbox}", what, "grant it a whole domain"))
    connection.execute(insert(sender_grant), {"mailbox_id": mailbox_id, "address": address})
    return True


def _remove(connection: Connection, grant: Grant, *, now: int) -> None:  # noqa: ARG001 - see Change
    removed = connection.execute(
        delete(sender_grant).where(
            sender_grant.c.mailbox_id == _mailbox_id(connection, grant),
            sender_grant.c.address == storable(to_key(grant.address)),
        )
    )
    if not removed.rowcount:
        what = f"{grant.address} was not granted to it"
        remedy = f"bitrixmail mailbox grants {grant.mailbox} shows what was"
        raise NotFoundError(Fault(f"mailbox {grant.mailbox}", what, remedy))


def _mailbox_id(connection: Connection, grant: Grant) -> int:
    key = to_key(grant.mailbox)
    found: int | None = connection.execute(
        select(mailbox.c.id).where(mailbox.c.address == key)
    ).scalar()
    if found is None:
        raise NotFoundError(Fault(key, "no such mailbox", f"bitrixmail mailbox add {key}"))
    return found
