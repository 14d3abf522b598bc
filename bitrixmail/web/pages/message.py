"""One message: text, HTML made harmless, source, fields, parts, and what became of it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from bitrixmail.admin.event_log import GRAVE
from bitrixmail.admin.letters import Head, Letter
from bitrixmail.admin.office import Office
from bitrixmail.admin.search_language import SearchError
from bitrixmail.admin.searching import Neighbours
from bitrixmail.admin.trace_words import trace_lines
from bitrixmail.mime.unpacking import Enclosure
from bitrixmail.model.errors import NotFoundError
from bitrixmail.model.searching import Hit, Key
from bitrixmail.model.text import HARMFUL
from bitrixmail.model.user import Right
from bitrixmail.web.mail_html import FRAME, Cleaned, Picture, clean, document, entangled, policy
from bitrixmail.web.pages.log import KINDS
from bitrixmail.web.pages.messages import PATH, message_address
from bitrixmail.web.visit import Download, Page, Reply, Route, Visit
from bitrixmail.web.words import _

TABS = (
    ("text", _("Text")),
    ("html", _("HTML")),
    ("headers", _("Header fields")),
    ("source", _("Source")),
    ("parts", _("Parts")),
    ("spam", _("Spam score")),
    ("trace", _("What happened")),
)
_TABS = frozenset(name for name, _label in TABS)
# What shows nothing of the message taken apart: it is not taken apart for it
_OUTSIDE = frozenset({"headers", "source", "parts", "spam", "trace"})
_TOKENS = 25
_MOST_TOLD = 200
# Each with the pictures that are in it, some MiB at most
_MOST_KEPT = 4
_MOST_SHOWN = 256 * 1024
# What HTML shows of the files of its message (RFC 2392)
_PICTURES = re.compile(r"""cid:([^\s"'<>()]+)""", re.IGNORECASE)
_UNSEEN = re.compile(f"[\x00-\x08\x0b-\x1f{HARMFUL}]")


@dataclass(frozen=True, slots=True)
class Around:
    """The message within its search. `hits` are its places."""

    hits: tuple[Hit, ...]
    neighbours: Neighbours


class MessagePages:
    """Made by the site map, lives as long as it.

    HTML is made harmless once, for the page and for its frame, in the thread that took it apart.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._kept: OrderedDict[tuple[str, bool], Cleaned | None] = OrderedDict()

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        one = f"{PATH}/<queue_id>"
        yield Route("GET", one, self.show)
        yield Route("GET", f"{one}/html", self.frame)
        yield Route("GET", f"{one}/eml", self.whole)
        yield Route("GET", f"{one}/files/<number>", self.file)

    async def show(self, visit: Visit, queue_id: str) -> Reply:
        """Show a message, one side of it at a time."""
        letter = await self._letter(queue_id, visit.asked("tab"))
        tab = _tab(visit.asked("tab"), letter)
        query = visit.asked("q")
        around = await self._around(visit, queue_id, query)
        context: dict[str, Any] = {
            "right": Right,
            "queue_id": queue_id,
            "letter": letter,
            "tab": tab,
            "tabs": _tabs(letter),
            "files": _files(letter),
            "received": min((each.received for each in letter.places), default=None)
            if letter is not None
            else None,
            "query": query,
            "at": visit.asked("at"),
            "here": _here(visit),
            "frame": FRAME,
            "images": visit.asked("images") == "1",
            "link": partial(_link, query=query, tab=tab),
            "hits": around.hits,
            "newer": around.neighbours.newer,
            "older": around.neighbours.older,
            "seen": seen,
            "lines": lambda trace: trace_lines(trace, visit.language),
        }
        context |= await self._side(tab, queue_id, letter, images=context["images"])
        return Page("message.html", context)

    async def _letter(self, queue_id: str, tab: str) -> Head | None:
        """Return a message; None for one that is known only by what happened to it.

        It is a Letter where the tab shows something of the inside.
        """
        letters = self._office.letters
        try:
            if tab in _OUTSIDE:
                return await letters.head(queue_id)
            return await letters.look(queue_id, _without_files)
        except NotFoundError:
            await self._office.messages.trace(queue_id, 1)  # else there is no such page
            return None

    async def _around(self, visit: Visit, queue_id: str, query: str) -> Around:
        searching, key = self._office.searching, Key.read(visit.asked("at"))
        hits = await searching.all(f'id:"{queue_id}"', visit.zone)
        if key is None:
            return Around(hits, Neighbours())
        try:
            return Around(hits, await searching.neighbours(query, visit.zone, key))
        except SearchError:
            return Around(hits, Neighbours())

    async def _side(
        self, tab: str, queue_id: str, letter: Head | None, *, images: bool
    ) -> dict[str, Any]:
        """Return what one side of a message needs."""
        office = self._office
        if tab == "trace":
            told = await office.messages.trace(queue_id, _MOST_TOLD)
            return {"told": told, "kinds": KINDS, "grave": GRAVE}
        if tab == "source":
            text, whole = await office.letters.source(queue_id)
            return {"source": seen(text), "whole": whole}
        if tab == "parts":
            return {"outline": await office.letters.outline(queue_id)}
        if tab == "spam":
            return {"explained": await office.spam.show(queue_id, "", _TOKENS)}
        if tab == "html" and isinstance(letter, Letter) and letter.unpacked.html:
            cleaned = await self._harmless(queue_id, images=images)
            return {"remote": 0 if cleaned is None else cleaned.remote, "plain": cleaned is None}
        return {"remote": 0}

    async def _harmless(self, queue_id: str, *, images: bool) -> Cleaned | None:
        """Return the HTML of a message made harmless; None if that would take too long."""
        key = (queue_id, images)
        if key not in self._kept:
            cleaned = await self._office.letters.look(queue_id, partial(_cleaned, images=images))
            self._kept[key] = cleaned
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
            return cleaned
        return self._kept[key]

    async def frame(self, visit: Visit, queue_id: str) -> Reply:
        """Return the document that a frame of the page shows."""
        images = visit.asked("images") == "1"
        head = await self._office.letters.head(queue_id)
        cleaned = await self._harmless(queue_id, images=images)
        octets = document(cleaned or Cleaned("", 0), head.first("subject"))
        return Download(octets, "text/html; charset=utf-8", policy=policy(images=images))

    async def whole(self, visit: Visit, queue_id: str) -> Reply:
        """Hand out a message as a file."""
        pieces = await self._office.messages.pieces(queue_id)
        await self._record(visit, "message.download", queue_id)
        return Download(b"", "message/rfc822", f"{queue_id}.eml", pieces=pieces)

    async def file(self, visit: Visit, queue_id: str, number: str) -> Reply:
        """Hand out a file of a message; never shown in place, whatever it says it is."""
        wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else -1
        found = await self._office.letters.enclosure(queue_id, wanted)
        name = file_name(found.name, wanted)
        await self._record(visit, "message.file", queue_id, name)
        return Download(found.octets, "application/octet-stream", name)

    async def _record(self, visit: Visit, what: str, queue_id: str, detail: str = "") -> None:
        await self._office.users.record(visit.user, what, queue_id, detail, visit.peer)


def seen(text: str) -> str:
    """Return a text of several lines without what would not be seen, or turn its direction."""
    return _UNSEEN.sub("\ufffd", text[:_MOST_SHOWN])


def file_name(name: str, number: int) -> str:
    """Return a name under which a file may be kept: no path, nothing unseen."""
    last = re.split(r"[/\\]", name)[-1]
    return seen(last).strip(". ")[:150] or f"file-{number + 1}"


def _tab(asked: str, letter: Head | None) -> str:
    if letter is None:
        return "trace"
    if not isinstance(letter, Letter):
        return asked
    if asked in _TABS and (asked != "html" or letter.unpacked.html):
        return asked
    return "text" if letter.unpacked.text.strip() or not letter.unpacked.html else "html"


def _tabs(letter: Head | None) -> tuple[tuple[str, str], ...]:
    """Return the sides that a message has, or may have: it is not taken apart for each."""
    if letter is None:
        return TABS[-1:]
    if not isinstance(letter, Letter):
        return TABS
    return tuple(tab for tab in TABS if tab[0] != "html" or letter.unpacked.html)


def _files(letter: Head | None) -> list[tuple[int, Enclosure]]:
    """Return the files of a message with their numbers; not the pictures that its HTML shows.

    Where the HTML is not shown, they are files as all others.
    """
    if not isinstance(letter, Letter):
        return []
    html = letter.unpacked.html
    shown = {} if entangled(html) else set(_PICTURES.findall(html))
    return [
        (number, each)
        for number, each in enumerate(letter.unpacked.enclosures)
        if not (each.type.startswith("image/") and each.content_id in shown)
    ]


def _here(visit: Visit) -> str:
    pairs = [(name, visit.asked(name)) for name in ("tab", "q", "at") if visit.asked(name)]
    return f"{visit.path}?{urlencode(pairs)}" if pairs else visit.path


def _link(hit: Hit, *, query: str, tab: str) -> str:
    return message_address(hit, query, tab)


def _without_files(letter: Letter) -> Letter:
    """Return what a page tells of a message: of its files all but what is in them."""
    files = tuple(replace(each, octets=b"") for each in letter.unpacked.enclosures)
    return replace(letter, unpacked=replace(letter.unpacked, enclosures=files))


def _cleaned(letter: Letter, *, images: bool) -> Cleaned | None:
    if entangled(letter.unpacked.html):
        return None
    pictures = {
        each.content_id: Picture(each.type, each.octets)
        for each in letter.unpacked.enclosures
        if each.content_id
    }
    return clean(letter.unpacked.html, pictures, images=images)
