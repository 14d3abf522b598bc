"""Messages over all mailboxes: a search, a list, and what is done with those that are ticked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bitrixmail.admin.handling import Deleted, Trained
from bitrixmail.admin.office import Office
from bitrixmail.admin.search_language import Mistake, SearchError
from bitrixmail.admin.searching import MOST_FOUND
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.searching import Hit, Key
from bitrixmail.model.user import Right
from bitrixmail.web.visit import Download, Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

PATH = "/messages"
_A_PAGE = 50
_MOST_QUERY = 1200
_MOST_NAMED = 15
# A page has fewer; no place has more digits than the store has numbers
_MOST_TICKED = 500
_MOST_DIGITS = 18
# What everybody has, beside the searches of his own
READY = (
    (_("All messages"), ""),
    (_("Unread"), "is:unread"),
    (_("Flagged"), "is:flagged"),
    (_("Spam"), "is:spam"),
    (_("With attachments"), "has:attachment"),
)
# A mistake in a search: what is wrong, and what helps
MISTAKES = {
    Mistake.QUOTE: (
        _("A quote is opened here and never closed."),
        _('Put a " behind the last word.'),
    ),
    Mistake.FIELD: (
        _("There is no such field."),
        _("To look for the text itself, put it in quotes."),
    ),
    Mistake.EMPTY: (
        _("Nothing stands behind it."),
        _("Write a value right behind it, without a space."),
    ),
    Mistake.VALUE: (
        _("This word is not known here."),
        _("There are `is:unread`, `is:read`, `is:spam`, `is:flagged` and `has:attachment`."),
    ),
    Mistake.DATE: (
        _("This is no date."),
        _("Write it like 2026-01-31, 31.01.2026, today or yesterday."),
    ),
    Mistake.NUMBER: (_("This is no number from 0 to 100."), _("Write it like `score>50`.")),
    Mistake.SIZE: (_("This is no size."), _("Write it like `size>1MiB`.")),
    Mistake.COMPARED: (
        _("Only score and size can be compared."),
        _("Write a colon in place of the sign."),
    ),
    Mistake.LONG: (_("The search is too long."), _("Take some words away.")),
}
_SAID = {
    "read": _("Marked as read: %(number)s."),
    "unread": _("Marked as unread: %(number)s."),
    "flag": _("Flagged: %(number)s."),
    "unflag": _("No longer flagged: %(number)s."),
    "move": _("Moved: %(number)s."),
    "rules": _(
        "The rules have changed %(number)s of %(total)s. "
        "A run can be taken back on the page of the rules."
    ),
}
_ACTS = frozenset({*_SAID, "spam", "ham", "delete"})
_NONE = _("Nothing was ticked.")


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of an act: a sentence, with values for it, and what the audit log should have."""

    said: str
    values: Mapping[str, object] = field(default_factory=dict)
    detail: str = ""


class MessagesPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", PATH, self.listing)
        yield Route("POST", f"{PATH}/act", self.act, needs=Right.HANDLE)
        yield Route("POST", f"{PATH}/send", self.send, needs=Right.SEND)
        yield Route("POST", f"{PATH}/download", self.download)
        yield Route("POST", f"{PATH}/views", self.keep_view)
        yield Route("POST", f"{PATH}/views/drop", self.drop_view)

    async def listing(self, visit: Visit) -> Reply:
        """Show what is found, newest first."""
        query = visit.asked("q").strip()[:_MOST_QUERY]
        start = Key.read(visit.asked("from"))
        context: dict[str, Any] = {
            "right": Right,
            "query": query,
            "start": start,
            "ready": READY,
            "views": await self._office.searching.views(visit.user),
            "found": None,
            "mistake": None,
            "here": address(query, start),
            "more": "",
            "most": MOST_FOUND,
            "link": lambda hit: message_address(hit, query),
        }
        try:
            found = await self._office.searching.find(query, visit.zone, start, _A_PAGE)
        except SearchError as error:
            context["mistake"] = mistake_of(error, query)
            return Page("messages.html", context, 400)
        context["found"] = found
        context["more"] = address(query, found.next) if found.next is not None else ""
        return Page("messages.html", context)

    async def act(self, visit: Visit) -> Reply:
        """Do something with messages that are ticked, or with all that are found."""
        act, back = visit.given("act"), way_back(visit)
        places = await self._chosen(visit)
        if not places:
            return Redirect(back, _NONE)
        if act not in _ACTS:
            raise InputError(Fault("act", "is not known", "use a button of the page"))
        if act == "delete" and not visit.given("asked"):
            gone = await self._office.handling.gone_for_good(places)
            if gone or visit.given("all"):
                return _question(visit, places, gone)
        named = await self._named(places)
        done = await self._acted(visit, act, places)
        await self._record(visit, f"messages.{act}", named, done.detail)
        return Redirect(back, done.said, values=done.values)

    async def _acted(self, visit: Visit, act: str, places: list[int]) -> _Done:
        """Do it."""
        handling, who, detail = self._office.handling, visit.user, ""
        if act in {"spam", "ham"}:
            spam = act == "spam"
            return _of_lessons(await handling.train(places, who, spam=spam), spam=spam)
        if act == "delete":
            return _of_deletion(await handling.delete(places, who))
        if act == "rules":
            run = await handling.apply_rules(places, who)
            return _Done(_SAID[act], {"number": run.changed, "total": run.total}, f"run {run.id}")
        if act == "move":
            detail = visit.given("folder")
            number = await handling.move(places, detail, who)
        else:
            number = await handling.mark(places, act, who)
        return _Done(_SAID[act], {"number": number}, detail)

    async def send(self, visit: Visit) -> Reply:
        """Pass messages on to an address."""
        places, target = await self._chosen(visit), visit.given("address")
        if not places:
            return Redirect(way_back(visit), _NONE)
        await self._office.handling.send_on(places, target)
        await self._record(visit, "messages.send", await self._named(places), target)
        return Redirect(way_back(visit), _("On its way: the queue shows how it goes on."))

    async def download(self, visit: Visit) -> Reply:
        """Hand out an archive of messages."""
        places = await self._chosen(visit)
        if not places:
            return Redirect(way_back(visit), _NONE)
        octets = await self._office.handling.download(places)
        await self._record(visit, "messages.download", await self._named(places))
        return Download(octets, "application/zip", "messages.zip")

    async def keep_view(self, visit: Visit) -> Reply:
        """Keep a search by a name."""
        query = visit.given("q")[:_MOST_QUERY]
        searching = self._office.searching
        try:
            view = await searching.keep_view(visit.user, visit.given("name"), query, visit.zone)
        except SearchError:
            return Redirect(address(query))  # that page says what is wrong
        await self._record(visit, "view.keep", view.name, query)
        return Redirect(address(view.query), _("The search is kept."))

    async def drop_view(self, visit: Visit) -> Reply:
        """Forget a search."""
        name = visit.given("name")
        await self._office.searching.drop_view(visit.user, name)
        await self._record(visit, "view.drop", name)
        return Redirect(PATH, _("The search is forgotten."))

    async def _chosen(self, visit: Visit) -> list[int]:
        if visit.given("all"):
            query = visit.given("q")[:_MOST_QUERY]
            hits = await self._office.searching.all(query, visit.zone)
            return [hit.key.place_id for hit in hits]
        # As the question names them: all that were found then, and no other
        named = visit.given("places").split(",")[:MOST_FOUND]
        ticked = (*visit.all_given("place")[:_MOST_TICKED], *named)
        numbers = (each for each in ticked if each.isascii() and each.isdigit())
        return [int(each) for each in numbers if len(each) <= _MOST_DIGITS]

    async def _named(self, places: list[int]) -> str:
        """Return the ids of messages, while they are there, for the audit log."""
        hits = await self._office.handling.chosen(places[:_MOST_NAMED])
        named = ", ".join(dict.fromkeys(hit.queue_id for hit in hits))
        return named + (f" and more, {len(places)} in all" if len(places) > _MOST_NAMED else "")

    async def _record(self, visit: Visit, what: str, named: str, detail: str = "") -> None:
        await self._office.users.record(visit.user, what, named, detail, visit.peer)


def _of_lessons(trained: Trained, *, spam: bool) -> _Done:
    """Say what came of lessons: where nothing was moved, nothing is said of moving."""
    values = {"learned": trained.learned, "moved": trained.moved, "held": trained.held}
    if not spam and trained.moved:
        said = _("Learned as no spam: %(learned)s; moved to INBOX: %(moved)s.")
    elif not spam:
        said = _("Learned as no spam: %(learned)s.")
    elif trained.held and trained.moved:
        said = _(
            "Learned as spam: %(learned)s; moved to Spam: %(moved)s; left in quarantine: %(held)s."
        )
    elif trained.held:
        said = _("Learned as spam: %(learned)s; left in quarantine: %(held)s.")
    elif trained.moved:
        said = _("Learned as spam: %(learned)s; moved to Spam: %(moved)s.")
    else:
        said = _("Learned as spam: %(learned)s.")
    return _Done(said, values)


def _of_deletion(deleted: Deleted) -> _Done:
    values = {"number": deleted.aside, "gone": deleted.gone}
    if deleted.gone and deleted.aside:
        said = _("Moved to Trash: %(number)s; deleted for good: %(gone)s.")
    elif deleted.gone:
        said = _("Deleted for good: %(gone)s.")
    else:
        said = _("Moved to Trash: %(number)s.")
    return _Done(said, values)


def _question(visit: Visit, places: list[int], gone: int) -> Page:
    """Ask whether so many are to be deleted; `gone` of them would go for good."""
    fields = [
        ("act", "delete"),
        ("to", way_back(visit)),
        ("q", visit.given("q")),
        ("places", ",".join(map(str, places))),
    ]
    context = {
        "count": len(places),
        "gone": gone,
        "action": f"{PATH}/act",
        "fields": fields,
        "back": way_back(visit),
    }
    return Page("ask.html", context)


def address(query: str = "", start: Key | None = None) -> str:
    """Return the address of a page of a search."""
    given = {"q": query, "from": "" if start is None else str(start)}
    told = urlencode({name: value for name, value in given.items() if value})
    return f"{PATH}?{told}" if told else PATH


def message_address(hit: Hit, query: str = "", tab: str = "") -> str:
    """Return the address of a message within its search."""
    given = {"tab": tab, "q": query, "at": str(hit.key)}
    told = urlencode({name: value for name, value in given.items() if value})
    return f"{PATH}/{hit.queue_id}?{told}"


def way_back(visit: Visit) -> str:
    """Return where a form came from: a page of messages."""
    to = visit.given("to")
    right = to == PATH or to.startswith((f"{PATH}?", f"{PATH}/"))
    return to if right and to.isprintable() and "\\" not in to else PATH


def mistake_of(error: SearchError, query: str) -> dict[str, str]:
    """Return what a page says of a mistake: in words, and where it stands."""
    what, remedy = MISTAKES[error.place.mistake]
    at = error.place.at
    shown = error.place.shown if error.place.mistake is not Mistake.QUOTE else query[at:]
    wrong = query[at : at + len(shown)]
    return {
        "what": what,
        "remedy": remedy,
        "near": error.place.near,
        "before": query[:at],
        "wrong": wrong,
        "behind": query[at + len(wrong) :],
    }
