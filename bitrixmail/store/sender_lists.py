"""The senders let in or kept out, over the database; known by heart where they are not too many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select
from zope.interface import implementer

from bitrixmail.interfaces.senders import ISenderLists
from bitrixmail.model.sender_list import SenderEntry
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.executors import Database
from bitrixmail.store.schema_spam import sender_entry
from bitrixmail.store.sequences import bump
from bitrixmail.store.values import from_us, storable, to_key, to_us

TOPIC = "sender-lists"
_MOST_KNOWN = 20_000
_ENTRY = select(
    sender_entry.c.whose,
    sender_entry.c.address,
    sender_entry.c.allowed,
    sender_entry.c.since,
    sender_entry.c.until,
    sender_entry.c.note,
)
_NAMED = _ENTRY.where(
    sender_entry.c.whose.in_(bindparam("of", expanding=True)),
    sender_entry.c.address.in_(bindparam("which", expanding=True)),
)
_ONE = delete(sender_entry).where(
    sender_entry.c.whose == bindparam("of"), sender_entry.c.address == bindparam("which")
)
_Entries = dict[tuple[str, str], SenderEntry]


@implementer(ISenderLists)
class DatabaseSenderLists:
    """See ISenderLists. Made with the stores, lives as long as they.

    Every message asks, and hardly one is from somebody listed: all entries are known by heart, if
    they are not too many. Another process's changes are noticed as all its changes are.
    """

    def __init__(self, database: Database, changes: PolledChanges, most_cached: int) -> None:
        self._database = database
        self._most_known = min(most_cached, _MOST_KNOWN)
        self._known: _Entries | None = None
        self._stale = True
        changes.watch(TOPIC, self._changed)

    def _changed(self) -> None:
        self._stale = True

    @property
    def idle(self) -> bool:
        """See ISenderLists."""
        return not self._stale and self._known is not None and not self._known

    async def find(
        self, mailboxes: Sequence[str], senders: Sequence[str], now: datetime
    ) -> tuple[SenderEntry | None, ...]:
        """See ISenderLists."""
        entries: Mapping[tuple[str, str], SenderEntry] | None = await self._by_heart()
        if entries is None:
            of = {whose for mailbox in mailboxes for whose in _scopes(mailbox)}
            which = {name for sender in senders for name in _names(sender)}
            entries = await self._database.read(_named, tuple(of), tuple(which))
        return tuple(_deciding(entries, mailbox, senders, now) for mailbox in mailboxes)

    async def _by_heart(self) -> _Entries | None:
        if self._stale and self._most_known:
            # From now on: what becomes news while it is read has it read once more
            self._stale = False
            try:
                found = await self._database.read(_all, self._most_known + 1)
            except BaseException:
                self._stale = True
                raise
            self._known = found if len(found) <= self._most_known else None
        return self._known

    async def put(self, entry: SenderEntry) -> None:
        """See ISenderLists."""
        await self._database.write(_put, entry)

    async def remove(self, whose: str, address: str) -> bool:
        """See ISenderLists."""
        return await self._database.write(_remove, (to_key(whose), to_key(address)))

    async def listing(self, whose: str | None) -> tuple[SenderEntry, ...]:
        """See ISenderLists."""
        return await self._database.read(_listing, whose)

    async def forget(self, now: datetime) -> int:
        """See ISenderLists."""
        return await self._database.write(_forget, to_us(now))


def _scopes(mailbox: str) -> tuple[str, str, str]:
    """Return whose entries count for a mailbox, its own first."""
    return mailbox, mailbox.rpartition("@")[2], ""


def _names(sender: str) -> tuple[str, str]:
    return sender, "@" + sender.rpartition("@")[2]


def _deciding(
    entries: Mapping[tuple[str, str], SenderEntry],
    mailbox: str,
    senders: Iterable[str],
    now: datetime,
) -> SenderEntry | None:
    names = [_names(sender) for sender in senders]
    for whose in _scopes(mailbox):
        for alike in zip(*names, strict=True):
            found = [
                entry
                for name in alike
                if (entry := entries.get((whose, name))) is not None
                and (entry.until is None or entry.until > now)
            ]
            if found:
                return min(found, key=lambda entry: entry.allowed)
    return None


def _entries(rows: Iterable[Sequence[Any]]) -> Iterator[SenderEntry]:
    for whose, address, allowed, since, until, note in rows:
        end = None if until is None else from_us(until)
        yield SenderEntry(whose, address, bool(allowed), from_us(since), end, note)


def _all(connection: Connection, most: int) -> _Entries:
    found = _entries(connection.execute(_ENTRY.limit(most)))
    return {(entry.whose, entry.address): entry for entry in found}


def _named(connection: Connection, of: Sequence[str], which: Sequence[str]) -> _Entries:
    rows = connection.execute(_NAMED, {"of": list(of), "which": list(which)})
    return {(entry.whose, entry.address): entry for entry in _entries(rows)}


def _put(connection: Connection, entries: Sequence[SenderEntry]) -> list[None]:
    for entry in entries:
        key = {"of": to_key(entry.whose), "which": to_key(entry.address)}
        connection.execute(_ONE, key)
        connection.execute(
            insert(sender_entry),
            {
                "whose": storable(key["of"]),
                "address": storable(key["which"]),
                "allowed": entry.allowed,
                "since": to_us(entry.since),
                "until": None if entry.until is None else to_us(entry.until),
                "note": storable(entry.note),
            },
        )
    bump(connection, TOPIC)
    return [None] * len(entries)


def _remove(connection: Connection, items: Sequence[tuple[str, str]]) -> list[bool]:
    found = [
        connection.execute(_ONE, {"of": whose, "which": address}).rowcount > 0
        for whose, address in items
    ]
    bump(connection, TOPIC)
    return found


def _listing(connection: Connection, whose: str | None) -> tuple[SenderEntry, ...]:
    query = _ENTRY.order_by(sender_entry.c.whose, sender_entry.c.address)
    if whose is not None:
        query = query.where(sender_entry.c.whose == whose)
    return tuple(_entries(connection.execute(query)))


def _forget(connection: Connection, moments: Sequence[int]) -> list[int]:
    old = delete(sender_entry).where(sender_entry.c.until <= max(moments))
    gone = connection.execute(old).rowcount
    if gone:
        bump(connection, TOPIC)
    return [gone] + [0] * (len(moments) - 1)
