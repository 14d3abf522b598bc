"""The help desk inside: files letters into the tickets of the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from zope.interface import implementer

from bitrixmail.interfaces.tickets import ITicketDesk, ITicketStore
from bitrixmail.mime.ticket_addresses import ReplyAddresses
from bitrixmail.model.text import printable
from bitrixmail.model.ticket import (
    Direction,
    Filed,
    Letter,
    NewTicket,
    Ticket,
    TicketMessage,
    TicketTerms,
)
from bitrixmail.outbound.actions.ticket_choice import OPENED, Choice, Named, choose

_HOUR = timedelta(hours=1)
# Beyond so many in an hour nobody is told that a ticket was opened for him
_MOST_GREETED = 3


@implementer(ITicketDesk)
class OwnDesk:
    """See the module. Made by compose, lives as long as the server; `secret` gives the key."""

    name = ""

    def __init__(self, tickets: ITicketStore, secret: Callable[[], Awaitable[bytes]]) -> None:
        self._tickets = tickets
        self._secret = secret
        self._addresses: ReplyAddresses | None = None

    async def addresses(self) -> ReplyAddresses:
        """Return what signs reply addresses. Raise StoreUnavailableError if there is no key."""
        if self._addresses is None:
            self._addresses = ReplyAddresses([await self._secret()])
        return self._addresses

    async def file(self, letter: Letter, terms: TicketTerms) -> Filed:
        """See ITicketDesk."""
        before = await self._tickets.filed(letter.key)
        if before is not None:  # by an attempt that did not come to its end
            return await self._filed(letter, *before)
        holding = await self._tickets.holding(letter.desk, letter.row)
        if holding is not None:  # by another rule, or the same one by hand or by the clock
            said = f"ticket {holding.mark}: the message is in it already"
            return Filed(said, number=holding.number)
        choice = choose(letter, terms, await self._named(letter))
        if choice.ticket is None and not choice.opens:
            return Filed(choice.how)
        came = await self._tickets.came(letter.desk, letter.author, letter.at - _HOUR, letter.at)
        if came >= terms.most_per_hour:
            author = printable(letter.author, 120)
            return Filed(f"no ticket: {came} messages of {author} came in within an hour")
        message = _message(letter, terms, choice)
        if choice.ticket is not None:
            ticket = await self._tickets.add(choice.ticket, message, choice.state)
        else:
            new = NewTicket(
                letter.author, letter.subject, terms.category, terms.criticality, choice.linked
            )
            ticket = await self._tickets.open(letter.desk, new, message)
        return await self._filed(letter, ticket, message)

    async def _named(self, letter: Letter) -> Named:
        """Look up the tickets that a letter names."""
        desk = letter.desk
        signed = await self._signed(letter)
        referenced = None
        if letter.references:
            known = await self._tickets.named(desk, letter.references)
            # What is in several tickets tells nothing of which one is meant
            numbers = next(
                (known[each] for each in letter.references if len(known.get(each, ())) == 1), ()
            )
            for number in numbers:
                referenced = await self._tickets.find(desk, number)
        numbered = None
        for number in letter.numbers:
            numbered = numbered or await self._tickets.find(desk, number)
        return Named(signed, referenced, numbered)

    async def _signed(self, letter: Letter) -> Ticket | None:
        """Return the ticket whose reply address it came to, else the one it names by such ones."""
        if letter.addressed is None and not letter.tokens:
            return None
        addresses = await self.addresses()
        others: dict[int, Ticket] = {}
        for token in (letter.addressed, *letter.tokens):
            ticket = None
            if token is not None:
                ticket = await self._tickets.find(letter.desk, token.number)
            if token is None or ticket is None or not addresses.fits(token, ticket):
                continue
            if token is letter.addressed:
                return ticket
            others[ticket.number] = ticket
        return next(iter(others.values())) if len(others) == 1 else None

    async def _filed(self, letter: Letter, ticket: Ticket, message: TicketMessage) -> Filed:
        opened = message.how.startswith(OPENED)
        greet = opened and not letter.automatic and ticket.owner != ticket.desk
        if greet:
            greeted = await self._tickets.greeted(ticket.desk, ticket.owner, letter.at - _HOUR)
            greet = greeted <= _MOST_GREETED
        return Filed(
            said=f"ticket {ticket.mark}: {message.how}",
            number=ticket.number,
            opened=opened,
            reply_to=(await self.addresses()).make(ticket),
            greet=greet,
        )


def _message(letter: Letter, terms: TicketTerms, choice: Choice) -> TicketMessage:
    return TicketMessage(
        key=letter.key,
        at=letter.at,
        direction=Direction.IN,
        author=letter.author,
        queue_id=letter.queue_id,
        row=letter.row,
        message_id=letter.message_id,
        how=choice.how,
        hidden=terms.hidden,
        automatic=bool(letter.automatic),
    )
