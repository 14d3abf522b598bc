"""The directory over the database, with a memory of what was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.model.directory import Alias, Credential, Domain, Mailbox
from bitrixmail.store import directory_reading as reading
from bitrixmail.store import directory_writing as writing
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.executors import Database
from bitrixmail.store.removal import CHUNK, empty_chunk
from bitrixmail.store.values import to_us
from bitrixmail.tasks import utcnow

T = TypeVar("T")
_Question = Callable[[Connection, str], Any]
_MOST_ABSENT = 2000


@implementer(IDirectory)
class DatabaseDirectory:
    """See IDirectory. Made with the stores, lives as long as they.

    Remembers up to `most_cached` answers, and some that there is nothing, until the directory
    changes; then a look-up does not suspend whoever awaits it.
    """

    def __init__(
        self,
        database: Database,
        changes: PolledChanges,
        clock: IReactorTime,
        most_cached: int,
    ) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock
        self._most_cached = most_cached
        self._cached: dict[tuple[_Question, str], Any] = {}
        # What is not there, apart: strangers ask for a million names and displace nobody
        self._absent: dict[tuple[_Question, str], None] = {}
        changes.watch(writing.TOPIC, self._forget)

    def _forget(self) -> None:
        # New dictionaries: an answer that is still under way goes into an old one, unseen.
        self._cached, self._absent = {}, {}

    async def _ask(self, question: Callable[[Connection, str], T], key: str) -> T:
        asked = question, key
        cached, absent = self._cached, self._absent
        try:
            known: T = cached[asked]
        except KeyError:
            if asked in absent:
                return cast("T", None)
        else:
            return known
        found = await self._database.read(question, key)
        if found is None:
            self._keep(absent, _MOST_ABSENT, asked, None)
        else:
            self._keep(cached, self._most_cached, asked, found)
        return found

    def _keep(
        self,
        answers: dict[tuple[_Question, str], Any],
        most: int,
        asked: tuple[_Question, str],
        found: object,
    ) -> None:
        if self._most_cached:
            if len(answers) >= most:
                answers.clear()
            answers[asked] = found

    async def _change(self, function: Callable[..., T], *arguments: Any) -> T:
        change = writing.Change(function, arguments, self._now())
        result, generation = await self._database.write(writing.apply, change)
        self._changes.seen(writing.TOPIC, generation)
        changed: T = result
        return changed

    def _now(self) -> int:
        return to_us(utcnow(self._clock))

    async def domain(self, name: str) -> Domain | None:
        """See IDirectory."""
        return await self._ask(reading.find_domain, name)

    async def mailbox(self, key: str) -> Mailbox | None:
        """See IDirectory."""
        return await self._ask(reading.find_mailbox, key)

    async def alias(self, key: str) -> Alias | None:
        """See IDirectory."""
        return await self._ask(reading.find_alias, key)

    async def credential(self, key: str) -> Credential | None:
        """See IDirectory. Not remembered: a log-in is rare and costs far more by itself."""
        return await self._database.read(reading.find_credential, key)

    async def domains(self) -> tuple[Domain, ...]:
        """See IDirectory."""
        return await self._database.read(reading.list_domains)

    async def mailboxes(self, domain: str | None) -> tuple[Mailbox, ...]:
        """See IDirectory."""
        return await self._database.read(reading.list_mailboxes, domain)

    async def aliases(self, domain: str | None) -> tuple[Alias, ...]:
        """See IDirectory."""
        return await self._database.read(reading.list_aliases, domain)

    async def add_domain(self, domain: Domain) -> None:
        """See IDirectory. A domain that stands for another has no postmaster of its own."""
        await self._change(writing.add_domain, domain)

    async def change_domain(self, domain: Domain) -> None:
        """See IDirectory."""
        await self._change(writing.change_domain, domain)

    async def remove_domain(self, name: str) -> None:
        """See IDirectory. Raises InputError for one that another domain stands for."""
        for mailbox_id in await self._change(writing.retire_domain, name):
            await self._empty(mailbox_id)
        await self._change(writing.drop_domain, name)

    async def add_mailbox(self, mailbox: Mailbox, credential: Credential | None) -> Mailbox:
        """See IDirectory."""
        return await self._change(writing.add_mailbox, mailbox, credential)

    async def change_mailbox(self, mailbox: Mailbox) -> None:
        """See IDirectory."""
        await self._change(writing.change_mailbox, mailbox)

    async def set_credential(self, key: str, credential: Credential | None) -> None:
        """See IDirectory."""
        await self._change(writing.set_credential, key, credential)

    async def remove_mailbox(self, key: str) -> None:
        """See IDirectory. Raises InputError for a postmaster.

        Switched off first, then emptied in short transactions. If that is cut short it is there,
        switched off, and can be removed again.
        """
        mailbox_id = await self._change(writing.retire_mailbox, key)
        await self._empty(mailbox_id)
        await self._change(writing.drop_mailbox, mailbox_id)

    async def _empty(self, mailbox_id: int) -> None:
        now = self._now()
        while await self._database.write(_empty_chunks, (mailbox_id, now)) == CHUNK:
            pass

    async def set_alias(self, address: str, targets: Sequence[str]) -> None:
        """See IDirectory. Raises InputError also for no targets, NotFoundError for foreign ones."""
        await self._change(writing.set_alias, address, tuple(targets))

    async def remove_alias(self, address: str) -> None:
        """See IDirectory."""
        await self._change(writing.remove_alias, address)


def _empty_chunks(connection: Connection, items: Sequence[tuple[int, int]]) -> list[int]:
    return [empty_chunk(connection, mailbox_id, now) for mailbox_id, now in items]
