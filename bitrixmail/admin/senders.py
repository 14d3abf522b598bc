"""Senders let in or kept out by hand: listed, added and removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import typed
from bitrixmail.admin.accounts import no_such_mailbox
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.interfaces.senders import ISenderLists
from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.sender_list import SenderEntry
from bitrixmail.rules.facts import reads_spam
from bitrixmail.tasks import utcnow


@dataclass(frozen=True, slots=True)
class Put:
    """An entry that was put; `noticed`: some rule in force asks for the score."""

    entry: SenderEntry
    noticed: bool


class Senders:
    """See the module. Made by who composes a face, lives as long as it."""

    def __init__(
        self,
        lists: ISenderLists,
        directory: IDirectory,
        rulebook: IRulebook,
        clock: IReactorTime,
    ) -> None:
        self._lists = lists
        self._directory = directory
        self._rulebook = rulebook
        self._clock = clock

    async def put(
        self, address: str, whose: str, note: str, lasting: timedelta | None, *, allowed: bool
    ) -> Put:
        """Let an address or "@domain" in or keep it out; `lasting` None: for good.

        Raises InputError, NotFoundError.
        """
        now = utcnow(self._clock)
        entry = SenderEntry(
            whose=await self._whose(whose),
            address=typed.sender(address, "sender"),
            allowed=allowed,
            since=now,
            until=None if lasting is None else now + lasting,
            note=typed.description(note, "--note"),
        )
        await self._lists.put(entry)
        rules = await self._rulebook.current()
        noticed = any(rule.active and reads_spam(rule.condition) for rule in rules.rules)
        return Put(entry, noticed)

    async def remove(self, address: str, whose: str) -> SenderEntry:
        """Remove an entry; return what it was. Raises InputError, NotFoundError."""
        key, name = await self._whose(whose), typed.sender(address, "sender")
        for entry in await self._lists.listing(key):
            if entry.address == name:
                await self._lists.remove(key, name)
                return entry
        remedy = "see: bitrixmail sender list"
        raise NotFoundError(Fault(name, f"is not listed for {key or 'all'}", remedy))

    async def listing(self, whose: str | None) -> tuple[SenderEntry, ...]:
        """List the entries that hold now, of one of those they are for or of all."""
        now = utcnow(self._clock)
        key = None if whose is None else await self._whose(whose)
        found = await self._lists.listing(key)
        return tuple(entry for entry in found if entry.until is None or entry.until > now)

    async def _whose(self, whose: str) -> str:
        """Return the key of a mailbox or domain that is there; empty for all."""
        if not whose:
            return ""
        if "@" in whose:
            key = typed.address_key(whose, "--for")
            if await self._directory.mailbox(key) is None:
                raise NotFoundError(no_such_mailbox(key))
            return key
        name = typed.domain_name(whose, "--for")
        if await self._directory.domain(name) is None:
            raise NotFoundError(
                Fault(name, "is no domain of this server", "see: bitrixmail domain list")
            )
        return name
