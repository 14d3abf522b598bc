"""The quarantine: what was kept back, let go or removed."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from bitrixmail.admin.office import Office
from bitrixmail.admin.quarantine import Wish
from bitrixmail.model.quarantine import Held
from bitrixmail.model.user import Right
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _

PATH = "/quarantine"
_MOST = 200


class QuarantinePages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", PATH, self.listing)
        yield Route("POST", f"{PATH}/release", self.release, needs=Right.HANDLE)
        yield Route("POST", f"{PATH}/delete", self.delete, needs=Right.HANDLE)

    async def listing(self, visit: Visit) -> Reply:
        """Show what is held, of one mailbox or of all."""
        mailbox = visit.asked("mailbox").strip()
        held = await self._office.quarantine.listing(mailbox, _MOST + 1)
        context = {
            "right": Right,
            "held": held[:_MOST],
            "more": len(held) > _MOST,
            "most": _MOST,
            "mailbox": mailbox,
            "mailboxes": await self._office.accounts.mailboxes(None),
            "link": lambda each: f"/messages/{each.queue_id}?q=folder%3AQuarantine",
        }
        return Page("quarantine.html", context)

    async def release(self, visit: Visit) -> Reply:
        """Let messages go into INBOX, or where the rules want them."""
        act, learn = bool(visit.given("act")), bool(visit.given("learn"))
        held = await self._chosen(visit)
        if not held:
            return Redirect(_back(visit), _("Nothing was ticked."))
        count = await self._office.quarantine.release(held, act=act, learn=learn)
        how = ", ".join(word for word, on in (("act", act), ("learn", learn)) if on)
        await self._record(visit, "quarantine.release", held, how)
        return Redirect(_back(visit), _("Let go: %(number)s."), values={"number": count})

    async def delete(self, visit: Visit) -> Reply:
        """Remove messages for good."""
        held = await self._chosen(visit)
        if not held:
            return Redirect(_back(visit), _("Nothing was ticked."))
        if not visit.given("asked"):
            return _question(visit, held)
        count = await self._office.quarantine.delete(held)
        await self._record(visit, "quarantine.delete", held)
        return Redirect(_back(visit), _("Removed for good: %(number)s."), values={"number": count})

    async def _chosen(self, visit: Visit) -> list[Held]:
        """Return the ticked ones: a message may be held for several mailboxes, each its own."""
        by_mailbox: dict[str, list[str]] = {}
        for ticked in visit.all_given("held")[:_MOST]:
            queue_id, _space, mailbox = ticked.partition(" ")
            by_mailbox.setdefault(mailbox, []).append(queue_id)
        found: list[Held] = []
        for mailbox, ids in by_mailbox.items():
            found += await self._office.quarantine.chosen(Wish(tuple(ids), mailbox))
        return found

    async def _record(self, visit: Visit, what: str, held: list[Held], detail: str = "") -> None:
        named = ", ".join(f"{each.queue_id} {each.mailbox}" for each in held)
        await self._office.users.record(visit.user, what, named, detail, visit.peer)


def _question(visit: Visit, held: list[Held]) -> Page:
    ticked = dict.fromkeys(f"{each.queue_id} {each.mailbox}" for each in held)
    context = {
        "count": len(held),
        "gone": len(held),
        "action": f"{PATH}/delete",
        "fields": [("mailbox", visit.given("mailbox")), *(("held", each) for each in ticked)],
        "back": _back(visit),
    }
    return Page("ask.html", context)


def _back(visit: Visit) -> str:
    mailbox = visit.given("mailbox")
    return f"{PATH}?mailbox={quote(mailbox)}" if mailbox else PATH
