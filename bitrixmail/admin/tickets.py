"""The help desk by hand: which tickets there are, what stands in them, and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import typed
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.interfaces.tickets import ITicketStore
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import parse_body
from bitrixmail.mime.ticket_addresses import ReplyAddresses
from bitrixmail.mime.ticket_mail import DeskMail, compose, subject_of
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import SenderParameters
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.job import Kind, NewJob
from bitrixmail.model.message import Content, Draft, Event
from bitrixmail.model.remote import RemoteOptions
from bitrixmail.model.text import printable
from bitrixmail.model.ticket import (
    Direction,
    Ticket,
    TicketMessage,
    TicketSearch,
    TicketState,
)
from bitrixmail.model.way import RouteRule, rule_for
from bitrixmail.tasks import InlineThreads, utcnow

MAX_LISTED = 100_000
MAX_TEXT = 256 * 1024
MAX_SHOWN = 10_000
_MAX_NOTE = 10_000
_MAX_ASSIGNEE = 200
_MOST_DIGITS = 9
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a ticket with its text, empty if it is kept nowhere any more."""

    message: TicketMessage
    text: str


@dataclass(frozen=True, slots=True)
class TicketShown:
    """A ticket as the people of the desk see it; `reply_to` is empty if it can have none.

    `left_out`: how many earlier messages it has that are not among these.
    """

    ticket: Ticket
    reply_to: str
    messages: tuple[Said, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Writing:
    """What answers are written and sent with. Made by compose.

    `addresses` gives what signs reply addresses; `routes` lead mail for other hosts by hand.
    `queued` is told of jobs that were written, in the process that carries them out.
    """

    addresses: Callable[[], Awaitable[ReplyAddresses]]
    new_queue_id: Callable[[], str]
    hostname: str
    lifetime: timedelta
    routes: Sequence[RouteRule] = ()
    queued: Callable[[Sequence[NewJob]], None] = lambda _jobs: None


def _text_of(octets: bytes) -> str:
    return parse_body(octets, HeaderSection.parse(octets)).text.strip("\n")


class Tickets:
    """See the module. Made by compose for the command line and the web.

    Letters are taken apart in `threads`, by default in the calling one.

    Everywhere a ticket is named by its number, and by its desk if several have such a one. Raises
    NotFoundError and InputError.
    """

    def __init__(
        self,
        tickets: ITicketStore,
        messages: IMessageStore,
        directory: IDirectory,
        suppressions: ISuppressions,
        clock: IReactorTime,
        *,
        writing: Writing,
        threads: IThreads | None = None,
    ) -> None:
        self._threads = threads or InlineThreads()
        self._tickets = tickets
        self._messages = messages
        self._directory = directory
        self._suppressions = suppressions
        self._clock = clock
        self._writing = writing

    async def listing(
        self,
        states: Sequence[TicketState],
        desk: str,
        *,
        owner: str,
        category: str,
        limit: int,
        behind: tuple[datetime, int] | None = None,
    ) -> tuple[Ticket, ...]:
        """List tickets, those changed last first; what is empty says nothing.

        `behind`: see TicketSearch.
        """
        search = TicketSearch(
            desk=await self._desk(desk),
            states=tuple(states),
            owner=typed.address_key(owner, "owner") if owner else "",
            category=category,
            behind=behind,
        )
        return await self._tickets.listing(search, min(limit, MAX_LISTED))

    async def search(self, wanted: TicketSearch, limit: int) -> tuple[Ticket, ...]:
        """List what a search means, those changed last first. Raises NotFoundError for no desk."""
        bounded = replace(
            wanted, desk=await self._desk(wanted.desk), words=wanted.words[:_MOST_WORDS]
        )
        return await self._tickets.listing(bounded, min(limit, MAX_LISTED))

    async def find(self, number: str, desk: str = "") -> Ticket:
        """Return the ticket of a number, written like 17, #17 or [#17]."""
        digits = number.strip().removeprefix("[").removesuffix("]").removeprefix("#")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
            raise InputError(Fault(printable(number, 40), "is no number of a ticket"))
        search = TicketSearch(desk=await self._desk(desk), number=int(digits))
        found = await self._tickets.listing(search, 2) if search.number else ()
        if not found:
            of = f" of {search.desk}" if search.desk else ""
            raise NotFoundError(
                Fault(f"ticket {digits}{of}", "is not there", "see: bitrixmail ticket list")
            )
        if len(found) > 1:
            named = " and ".join(sorted(each.desk for each in found))
            what = f"is a number of several desks: {named}, perhaps more"
            raise InputError(Fault(f"ticket {digits}", what, f"add --desk {found[0].desk}"))
        return found[0]

    async def _desk(self, given: str) -> str:
        if not given:
            return ""
        key = typed.address_key(given, "desk")
        if await self._directory.mailbox(key) is None:
            remedy = "a desk is a mailbox: bitrixmail mailbox list"
            raise NotFoundError(Fault(key, "no such mailbox", remedy))
        return key

    async def show(self, number: str, desk: str = "", most: int = MAX_SHOWN) -> TicketShown:
        """Return a ticket with all that was said in it, or the last `most` of it."""
        ticket = await self.find(number, desk)
        found = await self._tickets.messages(ticket)
        said = tuple([Said(each, await self._text(each)) for each in found[-most:]])
        addresses = await self._writing.addresses()
        return TicketShown(ticket, addresses.make(ticket), said, len(found) - len(said))

    async def _text(self, message: TicketMessage) -> str:
        if message.row is None:
            return ""
        try:
            octets = await self._messages.export(message.queue_id)
        except NotFoundError:
            return ""
        return await self._threads.run(_text_of, octets)

    async def reply(
        self, number: str, desk: str, text: str, *, who: str, close: bool = False
    ) -> tuple[Ticket, str]:
        """Send an answer to the owner; return the ticket and the queue id of the answer.

        It is written into the queue and the ticket in one commit. `who` has written it.
        """
        if not text.strip():
            raise InputError(Fault("the answer", "is empty", "give its text"))
        if len(text) > MAX_TEXT:
            raise InputError(Fault("the answer", f"has more than {MAX_TEXT} characters"))
        ticket = await self.find(number, desk)
        now = utcnow(self._clock)
        suppressed = await self._suppressions.find(ticket.owner, now)
        if suppressed is not None:
            what = f"nothing is sent to it: {suppressed.reason}"
            raise InputError(
                Fault(ticket.owner, what, f"bitrixmail suppression remove {ticket.owner}")
            )
        draft = await self._draft(ticket, text, now)
        message = TicketMessage(
            key=f"{draft.queue_id}:ticket",
            at=now,
            direction=Direction.OUT,
            author=ticket.desk,
            queue_id=draft.queue_id,
            message_id=draft.message_id,
            how=f"answered by {printable(who, 80)}",
        )
        state = TicketState.CLOSED if close else None
        ticket = await self._tickets.answer(ticket, message, draft, state)
        self._writing.queued(draft.jobs)
        await self._note_event(ticket, message.how + (", closed" if close else ""), draft.queue_id)
        return ticket, draft.queue_id

    async def _draft(self, ticket: Ticket, text: str, now: datetime) -> Draft:
        writing = self._writing
        queue_id = writing.new_queue_id()
        message_id = f"<{queue_id}@{writing.hostname}>"
        known = await self._tickets.messages(ticket)
        # The one that is answered stands last: what came in
        order = sorted(known, key=lambda each: each.direction is Direction.IN)
        owner, sender = Address.of(ticket.owner), Address.of(ticket.desk)
        octets = compose(
            DeskMail(
                desk=str(sender),
                to=str(owner),
                number=ticket.number,
                subject=ticket.subject,
                text=text,
                message_id=message_id,
                at=now,
                reply_to=(await writing.addresses()).make(ticket),
                references=[each.message_id for each in order if each.message_id],
            )
        )
        ours = await self._directory.domain(owner.domain) is not None
        rule = None if ours else rule_for(str(sender), owner.domain, writing.routes)
        lifetime = writing.lifetime if rule is None else rule.lifetime or writing.lifetime
        job = NewJob(
            key=f"{queue_id}:1",
            kind=Kind.LOCAL if ours else Kind.REMOTE,
            destination=owner.domain if rule is None else rule.destination(owner.domain),
            recipient=str(owner),
            not_before=now,
            expires=now + lifetime,
            payload=RemoteOptions(SenderParameters(smtputf8=not octets.isascii())).to_json(),
        )
        return Draft(
            queue_id=queue_id,
            received=now,
            client=Client("", 0, queue_id, door="local"),
            sender=str(sender),
            content=Content(
                size_octets=len(octets),
                head=octets[: octets.index(b"\r\n\r\n") + 4],
                head_complete=True,
                inline=octets,
            ),
            prefix=b"",
            message_id=message_id,
            subject=subject_of(ticket.number, ticket.subject),
            header_from=str(sender),
            filings=(),
            jobs=(job,),
        )

    async def note(self, number: str, desk: str, text: str, who: str) -> Ticket:
        """Write something down that nobody outside gets to see."""
        if not text.strip() or len(text) > _MAX_NOTE:
            raise InputError(Fault("the note", f"must have 1 to {_MAX_NOTE} characters"))
        ticket = await self.find(number, desk)
        now = utcnow(self._clock)
        message = TicketMessage(
            key=f"{self._writing.new_queue_id()}:note",
            at=now,
            direction=Direction.OUT,
            author=printable(who, 80),
            how=f"note: {text.strip()}",
            hidden=True,
        )
        return await self._tickets.add(ticket, message)

    async def set_state(self, number: str, desk: str, state: TicketState, who: str) -> Ticket:
        """Close or reopen a ticket; one that is so already stays as it is."""
        ticket = await self.find(number, desk)
        if ticket.state is state:
            return ticket
        ticket = await self._tickets.change(ticket, utcnow(self._clock), state=state)
        word = "closed" if state is TicketState.CLOSED else "opened again"
        await self._note_event(ticket, f"{word} by {printable(who, 80)}")
        return ticket

    async def assign(self, number: str, desk: str, assignee: str, who: str) -> Ticket:
        """Say who looks after a ticket; empty for nobody."""
        if len(assignee) > _MAX_ASSIGNEE or printable(assignee) != assignee:
            what = f"must be one line of at most {_MAX_ASSIGNEE} characters"
            raise InputError(Fault("the assignee", what))
        ticket = await self.find(number, desk)
        ticket = await self._tickets.change(ticket, utcnow(self._clock), assignee=assignee.strip())
        whom = f"given to {ticket.assignee}" if ticket.assignee else "taken from whoever had it"
        await self._note_event(ticket, f"{whom} by {printable(who, 80)}")
        return ticket

    async def delete(self, number: str, desk: str, who: str) -> Ticket:
        """Remove a ticket; its letters stay in the folders where they lie."""
        ticket = await self.find(number, desk)
        await self._tickets.delete(ticket)
        await self._note_event(ticket, f"deleted by {printable(who, 80)}")
        return ticket

    async def _note_event(self, ticket: Ticket, what: str, queue_id: str = "") -> None:
        text = f"{ticket.mark}: {what}"
        event = Event(utcnow(self._clock), "ticket", queue_id, ticket.desk, text)
        await self._messages.record([event])
