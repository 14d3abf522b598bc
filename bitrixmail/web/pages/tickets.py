"""The help desk: which tickets there are, what was said in them, and answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from bitrixmail.admin.office import Office
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.ticket import Direction, Ticket, TicketSearch, TicketState
from bitrixmail.model.user import Right
from bitrixmail.web.pages.whose import mailbox_names
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

PAGE = 50
_MOST_SHOWN = 200
_STATES = {"open": (TicketState.OPEN,), "closed": (TicketState.CLOSED,), "all": ()}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_DIGITS = 18


class TicketPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        one = "/tickets/<desk>/<number>"
        yield Route("GET", "/tickets", self.listing)
        yield Route("GET", one, self.show)
        yield Route("POST", f"{one}/reply", self.reply, Right.HANDLE)
        yield Route("POST", f"{one}/note", self.note, Right.HANDLE)
        yield Route("POST", f"{one}/state", self.state, Right.HANDLE)
        yield Route("POST", f"{one}/assign", self.assign, Right.HANDLE)
        yield Route("POST", f"{one}/delete", self.delete, Right.HANDLE)

    async def listing(self, visit: Visit) -> Reply:
        """List those in a state, at a desk, of somebody, with words."""
        asked = {
            "state": visit.asked("state", "open"),
            "desk": visit.asked("desk"),
            "assignee": visit.asked("assignee").strip(),
            "words": visit.asked("words").strip(),
        }
        search = TicketSearch(
            desk=asked["desk"],
            states=_STATES.get(asked["state"], ()),
            assignee=asked["assignee"],
            words=asked["words"],
            behind=_behind(visit.asked("behind")),
        )
        found = await self._office.tickets.search(search, PAGE + 1)
        shown = found[:PAGE]
        more = ""
        if len(found) > PAGE:
            more = "/tickets?" + urlencode({**asked, "behind": _mark(shown[-1])})
        context = {
            "tickets": [(each, path_of(each)) for each in shown],
            "asked": asked,
            "mailboxes": await mailbox_names(self._office),
            "more": more,
            "here": "/tickets?" + urlencode({**asked, "behind": visit.asked("behind")}),
            "any_asked": asked != {"state": "open", "desk": "", "assignee": "", "words": ""},
        }
        return Page("tickets.html", context)

    async def show(self, visit: Visit, desk: str, number: str) -> Reply:
        """Show one with all that was said."""
        return await self._page(visit, desk, number)

    async def _page(
        self, visit: Visit, desk: str, number: str, *, reply: str = "", faults: object = ()
    ) -> Reply:
        shown = await self._office.tickets.show(number, desk, _MOST_SHOWN)
        context = {
            "ticket": shown.ticket,
            "reply_to": shown.reply_to,
            "said_in_it": shown.messages,
            "left_out": shown.left_out,
            "path": path_of(shown.ticket),
            "linked": path_of(shown.ticket, shown.ticket.linked) if shown.ticket.linked else "",
            "reply": reply,
            "faults": faults,
            "may": visit.may(Right.HANDLE),
            "IN": Direction.IN,
            "OPEN": TicketState.OPEN,
        }
        return Page("ticket.html", context, 400 if faults else 200)

    async def reply(self, visit: Visit, desk: str, number: str) -> Reply:
        """Send an answer to the owner, and perhaps close it."""
        text = next(iter(visit.form.get("text", ())), "").replace("\r\n", "\n")
        close = visit.given("close") == "yes"
        try:
            ticket, queue_id = await self._office.tickets.reply(
                number, desk, text, who=visit.user, close=close
            )
        except NotFoundError:
            raise
        except InputError as error:
            return await self._page(visit, desk, number, reply=text, faults=error.faults)
        await self._record(visit, "ticket.reply", ticket, queue_id)
        return Redirect(path_of(ticket), _("The answer is in the queue."))

    async def note(self, visit: Visit, desk: str, number: str) -> Reply:
        """Write down what the owner does not get to see."""
        text = visit.given("text").replace("\r\n", "\n")
        ticket = await self._office.tickets.note(number, desk, text, visit.user)
        await self._record(visit, "ticket.note", ticket)
        return Redirect(path_of(ticket), _("Noted."))

    async def state(self, visit: Visit, desk: str, number: str) -> Reply:
        """Close it or open it again."""
        state = TicketState.CLOSED if visit.given("to") == "closed" else TicketState.OPEN
        ticket = await self._office.tickets.set_state(number, desk, state, visit.user)
        await self._record(visit, f"ticket.{state}", ticket)
        closed = state is TicketState.CLOSED
        said = _("The ticket is closed.") if closed else _("The ticket is open again.")
        return Redirect(path_of(ticket), said)

    async def assign(self, visit: Visit, desk: str, number: str) -> Reply:
        """Say who looks after it."""
        whom = visit.user if visit.given("to") == "me" else visit.given("whom")
        ticket = await self._office.tickets.assign(number, desk, whom, visit.user)
        await self._record(visit, "ticket.assign", ticket, ticket.assignee)
        return Redirect(path_of(ticket), _("It is noted who looks after it."))

    async def delete(self, visit: Visit, desk: str, number: str) -> Reply:
        """Remove it; its letters stay where they lie."""
        ticket = await self._office.tickets.delete(number, desk, visit.user)
        await self._record(visit, "ticket.delete", ticket, ticket.owner)
        return Redirect("/tickets", _("The ticket is deleted; its letters stay in their folders."))

    async def _record(self, visit: Visit, what: str, ticket: Ticket, detail: str = "") -> None:
        target = f"{ticket.desk} {ticket.mark}"
        await self._office.users.record(visit.user, what, target, detail, visit.peer)


def path_of(ticket: Ticket, number: int = 0) -> str:
    """Return the path of a ticket, or of another one of its desk."""
    return f"/tickets/{quote(ticket.desk, safe='@')}/{number or ticket.number}"


def _mark(ticket: Ticket) -> str:
    """Write where in the list a ticket stands."""
    return f"{(ticket.changed - _EPOCH) // _MICROSECOND}-{ticket.id}"


def _behind(mark: str) -> tuple[datetime, int] | None:
    """Read where to go on; None for what is no such mark."""
    changed, _dash, row = mark.partition("-")
    for part in (changed, row):
        if not (part.isascii() and part.isdigit() and len(part) <= _MOST_DIGITS):
            return None
    try:
        return _EPOCH + int(changed) * _MICROSECOND, int(row)
    except OverflowError:
        return None
