"""The tickets of the help desk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from bitrixmail.admin.office import Office
from bitrixmail.admin.tickets import TicketShown
from bitrixmail.model.ticket import Ticket, TicketState
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Long, Operation, Paged, Sliced, Text
from bitrixmail.web.api.paging import mark_in, mark_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketQuery(Paged):
    """Which tickets; what is empty says nothing."""

    state: tuple[TicketState, ...] = ()
    desk: Text = ""
    owner: Text = ""
    category: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDesk:
    """Whose number it is, if several desks have one like it."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    desk: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is written to the owner. `close`: and with it the ticket is closed."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    text: Long
    close: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What only the people of the desk see."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    text: Annotated[str, Field(max_length=20_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChange:
    """What becomes of a ticket; what is left out stays. `assignee` "": nobody's."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    state: TicketState | None = None
    assignee: Text | None = None


@dataclass(frozen=True, slots=True)
class AnsweredTicket:
    """A ticket, and the queue id of the answer that goes out."""

    ticket: Ticket
    queue_id: str


class DeskOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._tickets = office.tickets

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, handle = Right.SEE, Right.HANDLE
        one = "/tickets/{number}"
        yield Operation("GET", "/tickets", self.listing, see, Ticket, TicketQuery, listed=True)
        yield Operation("GET", one, self.show, see, TicketShown, OfDesk)
        yield Operation("PATCH", one, self.change, handle, Ticket, OfDesk, TicketChange)
        yield Operation("DELETE", one, self.delete, handle, None, OfDesk)
        yield Operation(
            "POST", f"{one}/reply", self.reply, handle, AnsweredTicket, OfDesk, Answer, 201
        )
        yield Operation("POST", f"{one}/note", self.note, handle, Ticket, OfDesk, Note, 201)

    async def listing(self, call: Call) -> Sliced:
        """List tickets, those changed last first.

        One that changes meanwhile stands at the top: whoever wants every one begins anew then.
        """
        query: TicketQuery = call.query
        mark = mark_in(query.cursor, 1)
        found = await self._tickets.listing(
            query.state,
            query.desk,
            owner=query.owner,
            category=query.category,
            limit=query.limit + 1,
            behind=None if mark is None else (mark[0], mark[1][0]),
        )
        items = found[: query.limit]
        last = items[-1] if len(found) > query.limit else None
        return Sliced(items, None if last is None else mark_of(last.changed, last.id))

    async def show(self, call: Call) -> TicketShown:
        """Tell of a ticket, with all that was said in it."""
        return await self._tickets.show(call.parts["number"], call.query.desk)

    async def change(self, call: Call) -> Ticket:
        """Close, reopen or give away a ticket."""
        number, desk, who = call.parts["number"], call.query.desk, call.caller.name
        body: TicketChange = call.body
        ticket = await self._tickets.find(number, desk)
        if body.assignee is not None:
            ticket = await self._tickets.assign(number, desk, body.assignee, who)
        if body.state is not None:
            ticket = await self._tickets.set_state(number, desk, body.state, who)
        await call.record("ticket.change", ticket.mark)
        return ticket

    async def delete(self, call: Call) -> None:
        """Remove a ticket; its letters stay where they lie."""
        who = call.caller.name
        gone = await self._tickets.delete(call.parts["number"], call.query.desk, who)
        await call.record("ticket.delete", gone.mark)

    async def reply(self, call: Call) -> AnsweredTicket:
        """Send an answer to the owner of a ticket."""
        body: Answer = call.body
        ticket, queue_id = await self._tickets.reply(
            call.parts["number"], call.query.desk, body.text, who=call.caller.name, close=body.close
        )
        await call.record("ticket.reply", ticket.mark, queue_id)
        return AnsweredTicket(ticket, queue_id)

    async def note(self, call: Call) -> Ticket:
        """Write something down that nobody outside gets to see."""
        who = call.caller.name
        ticket = await self._tickets.note(
            call.parts["number"], call.query.desk, call.body.text, who
        )
        await call.record("ticket.note", ticket.mark)
        return ticket
