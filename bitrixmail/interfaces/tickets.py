"""The help desk: where tickets are kept, who files a letter, and what proves who wrote one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bitrixmail.model.job import Job
    from bitrixmail.model.message import Draft
    from bitrixmail.model.ticket import (
        Filed,
        Letter,
        NewTicket,
        Ticket,
        TicketMessage,
        TicketSearch,
        TicketState,
        TicketTerms,
    )


class ITicketStore(Interface):
    """Tickets and their messages. A desk is a mailbox, named by its `Address.key`.

    A message is written once for each key, whatever is asked for the second time. Every method
    raises StoreUnavailableError or StoreFullError when the database fails.
    """

    async def find(desk: str, number: int) -> Ticket | None:
        """Return a ticket; None if the desk has none of that number."""

    async def named(desk: str, message_ids: Sequence[str]) -> Mapping[str, frozenset[int]]:
        """Return the numbers of the tickets that have messages of these Message-IDs."""

    async def filed(key: str) -> tuple[Ticket, TicketMessage] | None:
        """Return what was written for a key; None if nothing was."""

    async def holding(desk: str, row: int) -> Ticket | None:
        """Return the ticket of a desk that has the stored message of this row; None: none has."""

    async def came(desk: str, author: str, after: datetime, before: datetime) -> int:
        """Count the messages of an author that came into a desk's tickets between two times."""

    async def greeted(desk: str, owner: str, after: datetime) -> int:
        """Count the tickets that an owner has had opened since then."""

    async def open(desk: str, ticket: NewTicket, message: TicketMessage) -> Ticket:
        """Open a ticket with its first message. Raise NotFoundError if there is no such mailbox."""

    async def add(
        ticket: Ticket, message: TicketMessage, state: TicketState | None = None
    ) -> Ticket:
        """Add a message, and put the ticket into a state if one is given. Raise NotFoundError."""

    async def answer(
        ticket: Ticket, message: TicketMessage, draft: Draft, state: TicketState | None = None
    ) -> Ticket:
        """Do the same with a message that is written, with its jobs, in the same commit."""

    async def change(
        ticket: Ticket, at: datetime, state: TicketState | None = None, assignee: str | None = None
    ) -> Ticket:
        """Change what is given. Raise NotFoundError if the ticket is gone."""

    async def listing(search: TicketSearch, limit: int) -> tuple[Ticket, ...]:
        """List tickets, those changed last first."""

    async def messages(ticket: Ticket) -> tuple[TicketMessage, ...]:
        """List the messages of a ticket in the order in which they came, ten thousand at most."""

    async def delete(ticket: Ticket) -> bool:
        """Remove a ticket with its messages, but for their places in folders."""


class ITicketDesk(Interface):
    """Files letters: the help desk inside, or another one that an extension speaks to."""

    name = Attribute("What rules call it; empty for the one inside.")

    async def file(letter: Letter, terms: TicketTerms) -> Filed:
        """Put a letter into a ticket, open one, or do nothing with it; tell which.

        Called once or more for each `letter.key`, which is to have an effect once. Letters of one
        mailbox come one after the other, as they were received. Raise MailError: a TemporaryError
        is tried again later, a PermanentError is given up and told to the operator.
        """


class ISenderProof(Interface):
    """Tells whether From may be believed, by what authentication has found."""

    async def proven(job: Job, author: str) -> bool:
        """Tell whether a message surely comes from the domain of its author (RFC 7489 §3)."""
