"""Tickets over the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.tickets import ITicketStore
from bitrixmail.model.message import Draft
from bitrixmail.model.ticket import (
    NewTicket,
    Ticket,
    TicketMessage,
    TicketSearch,
    TicketState,
)
from bitrixmail.store import ticket_reading as reading
from bitrixmail.store import ticket_writing as writing
from bitrixmail.store.executors import Database
from bitrixmail.store.values import to_us
from bitrixmail.tasks import utcnow


@implementer(ITicketStore)
class DatabaseTickets:
    """See ITicketStore. Made with the stores, lives as long as they; `sends`: see DatabaseMessages.

    Nothing is cached: a desk has few letters, and each is asked of the database.
    """

    def __init__(self, database: Database, clock: IReactorTime, *, sends: bool) -> None:
        self._database = database
        self._clock = clock
        self._sends = sends

    async def find(self, desk: str, number: int) -> Ticket | None:
        """See ITicketStore."""
        return await self._database.read(reading.find, desk, number)

    async def named(self, desk: str, message_ids: Sequence[str]) -> Mapping[str, frozenset[int]]:
        """See ITicketStore."""
        return await self._database.read(reading.named, desk, tuple(message_ids))

    async def filed(self, key: str) -> tuple[Ticket, TicketMessage] | None:
        """See ITicketStore."""
        return await self._database.read(reading.filed, key)

    async def holding(self, desk: str, row: int) -> Ticket | None:
        """See ITicketStore."""
        return await self._database.read(reading.holding, desk, row)

    async def came(self, desk: str, author: str, after: datetime, before: datetime) -> int:
        """See ITicketStore."""
        return await self._database.read(reading.came, desk, author, to_us(after), to_us(before))

    async def greeted(self, desk: str, owner: str, after: datetime) -> int:
        """See ITicketStore."""
        return await self._database.read(reading.greeted, desk, owner, to_us(after))

    async def open(self, desk: str, ticket: NewTicket, message: TicketMessage) -> Ticket:
        """See ITicketStore."""
        item = writing.Opening(desk, ticket, message)
        return await self._database.write(writing.open_tickets, item)

    async def add(
        self, ticket: Ticket, message: TicketMessage, state: TicketState | None = None
    ) -> Ticket:
        """See ITicketStore."""
        return await self._database.write(writing.add, writing.Adding(ticket, message, state))

    async def answer(
        self,
        ticket: Ticket,
        message: TicketMessage,
        draft: Draft,
        state: TicketState | None = None,
    ) -> Ticket:
        """See ITicketStore."""
        item = writing.Adding(ticket, message, state, draft)
        quiet = self._sends or not draft.jobs
        return await self._database.write(writing.add if quiet else writing.add_and_tell, item)

    async def change(
        self,
        ticket: Ticket,
        at: datetime,
        state: TicketState | None = None,
        assignee: str | None = None,
    ) -> Ticket:
        """See ITicketStore."""
        item = writing.Changing(ticket, to_us(at), state, assignee)
        return await self._database.write(writing.change, item)

    async def listing(self, search: TicketSearch, limit: int) -> tuple[Ticket, ...]:
        """See ITicketStore."""
        return await self._database.read(reading.listing, search, limit)

    async def messages(self, ticket: Ticket) -> tuple[TicketMessage, ...]:
        """See ITicketStore."""
        return await self._database.read(reading.messages, ticket.id)

    async def delete(self, ticket: Ticket) -> bool:
        """See ITicketStore."""
        item = writing.Deleting(ticket, to_us(utcnow(self._clock)))
        return await self._database.write(writing.remove, item)
