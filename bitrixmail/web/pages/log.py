"""The log: what happened, searched, live, and older by and by."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from bitrixmail.admin.event_log import GRAVE, Asked
from bitrixmail.admin.office import Office
from bitrixmail.model.errors import InputError
from bitrixmail.web.visit import Page, Reply, Route, Visit
from bitrixmail.web.words import _

PATH = "/log"
_A_PAGE = 100
# What the kinds are called
KINDS = {
    "received": _("received"),
    "filed": _("filed"),
    "refused": _("refused"),
    "sent": _("sent"),
    "deferred": _("deferred"),
    "failed": _("failed"),
    "bounced": _("bounced"),
    "acted": _("acted"),
    "moved": _("moved"),
    "copied": _("copied"),
    "flagged": _("flagged"),
    "tagged": _("tagged"),
    "ordered": _("ordered"),
    "discarded": _("discarded"),
    "deleted": _("deleted"),
    "expired": _("expired"),
    "imported": _("imported"),
    "ticket": _("ticket"),
}


class LogPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", PATH, self.listing)

    async def listing(self, visit: Visit) -> Reply:
        """Show what happened, newest first."""
        below = visit.asked("below")
        start = int(below) if below.isascii() and below.isdigit() and len(below) < 19 else 0
        kind = visit.asked("kind") if visit.asked("kind") in KINDS else ""
        asked = Asked(visit.asked("what"), kind, visit.asked("before"))
        context = {
            "asked": asked,
            "kinds": KINDS,
            "grave": GRAVE,
            "told": None,
            "faults": (),
            "live": not start,
            "here": _address(asked, 0),
            "more": "",
        }
        try:
            told = await self._office.event_log.read(asked, visit.zone, start, _A_PAGE)
        except InputError as error:
            return Page("log.html", {**context, "faults": error.faults}, 400)
        more = _address(asked, told.next) if told.next else ""
        return Page("log.html", {**context, "told": told, "more": more})


def _address(asked: Asked, below: int) -> str:
    given = {
        "what": asked.what,
        "kind": asked.kind,
        "before": asked.before,
        "below": str(below or ""),
    }
    told = urlencode({name: value for name, value in given.items() if value})
    return f"{PATH}?{told}" if told else PATH
