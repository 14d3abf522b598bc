"""Addresses that nothing is sent to, senders let in and kept out, and what the spam filter does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from bitrixmail.admin.office import Office
from bitrixmail.admin.spam_thresholds import LEVELS, Threshold
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.sender_list import SenderEntry
from bitrixmail.model.suppression import Suppressed
from bitrixmail.model.user import Right
from bitrixmail.web.pages.whose import names_of_whom
from bitrixmail.web.visit import Page, Redirect, Reply, Route, Visit
from bitrixmail.web.words import _
from bitrixmail.web.words.queue import REASONS

PAGE = 200
_SUPPRESSED, _SENDERS, _SPAM = "/lists", "/lists/senders", "/lists/spam"
# How long an entry may hold, in days; 0 for good
LASTING: tuple[tuple[int, str], ...] = (
    (0, _("for good")),
    (1, _("a day")),
    (7, _("a week")),
    (30, _("30 days")),
    (365, _("a year")),
)
LEVEL_LABELS = {
    "tag": _("tagged as spam"),
    "move": _("moved to the folder Spam"),
    "quarantine": _("put into quarantine"),
    "reject": _("refused"),
}


class ListPages:
    """Made by the site map, lives as long as it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> Iterator[Route]:
        """Yield them."""
        yield Route("GET", _SUPPRESSED, self.suppressed)
        yield Route("POST", f"{_SUPPRESSED}/add", self.suppress, Right.HANDLE)
        yield Route("POST", f"{_SUPPRESSED}/lift", self.lift, Right.HANDLE)
        yield Route("GET", _SENDERS, self.senders)
        yield Route("POST", f"{_SENDERS}/put", self.put_sender, Right.MANAGE)
        yield Route("POST", f"{_SENDERS}/remove", self.remove_sender, Right.MANAGE)
        yield Route("GET", _SPAM, self.spam)
        yield Route("POST", f"{_SPAM}/thresholds", self.set_thresholds, Right.MANAGE)
        yield Route("POST", f"{_SPAM}/forget", self.forget, Right.MANAGE)

    async def suppressed(self, visit: Visit) -> Reply:
        """List the addresses that nothing is sent to."""
        return await self._suppressed(visit)

    async def _suppressed(self, visit: Visit, faults: tuple[Fault, ...] = ()) -> Reply:
        after, words = visit.asked("after"), visit.asked("words").strip()
        found: list[Suppressed] = []
        if words and not after:
            with suppress(InputError):  # the beginning of an address is none
                entry = await self._office.suppressions.find(words)
                found = [] if entry is None else [entry]
        found += await self._office.suppressions.page(after or words, PAGE + 1)
        shown = found[:PAGE]
        more = {"after": shown[-1].address, "words": words} if len(found) > PAGE else None
        context = {
            "entries": shown,
            "reasons": {reason.value: told for reason, told in REASONS.items()},
            "words": words,
            "more": f"{_SUPPRESSED}?{urlencode(more)}" if more else "",
            **self._shared(visit, faults),
        }
        return Page("lists.html", context, 400 if faults else 200)

    def _shared(self, visit: Visit, faults: tuple[Fault, ...]) -> dict[str, Any]:
        return {
            "faults": faults,
            "typed": visit.given,
            "lasting": LASTING,
            "may_manage": visit.may(Right.MANAGE),
            "may_handle": visit.may(Right.HANDLE),
        }

    async def suppress(self, visit: Visit) -> Reply:
        """Have nothing sent to an address."""
        try:
            entry = await self._office.suppressions.add(
                visit.given("address"), visit.given("note")[:500], _lasting(visit)
            )
        except InputError as error:
            return await self._suppressed(visit, error.faults)
        await self._record(visit, "suppression.add", entry.address)
        return Redirect(_SUPPRESSED, _("Nothing is sent to this address any more."))

    async def lift(self, visit: Visit) -> Reply:
        """Let mail go to an address again."""
        address = visit.given("address")
        await self._office.suppressions.remove(address)
        await self._record(visit, "suppression.remove", address)
        return Redirect(_SUPPRESSED, _("Mail goes to this address again."))

    async def senders(self, visit: Visit) -> Reply:
        """List the senders let in and kept out."""
        return await self._senders(visit)

    async def _senders(self, visit: Visit, faults: tuple[Fault, ...] = ()) -> Reply:
        scope, words = visit.asked("scope", "*"), visit.asked("words").strip().casefold()
        everything = await self._office.senders.listing(None)
        found = [each for each in everything if _is_meant(each, scope, words)]
        start = int(visit.asked("from")) if visit.asked("from").isdecimal() else 0
        more = {"scope": scope, "words": words, "from": start + PAGE}
        context = {
            "entries": found[start : start + PAGE],
            "total": len(everything),
            "scope": scope,
            "words": words,
            "scopes": sorted({each.whose for each in everything}),
            "those": await names_of_whom(self._office),
            "more": f"{_SENDERS}?{urlencode(more)}" if len(found) > start + PAGE else "",
            **self._shared(visit, faults),
        }
        return Page("lists_senders.html", context, 400 if faults else 200)

    async def put_sender(self, visit: Visit) -> Reply:
        """Let a sender in, or keep him out."""
        allowed = visit.given("do") == "allow"
        whose = visit.given("whose")
        try:
            put = await self._office.senders.put(
                visit.given("address"), whose, visit.given("note"), _lasting(visit), allowed=allowed
            )
        except InputError as error:
            return await self._senders(visit, error.faults)
        what = "sender.allow" if allowed else "sender.block"
        await self._record(visit, what, put.entry.address, put.entry.whose or "all")
        if put.noticed:
            said = _("The sender is let in.") if allowed else _("The sender is kept out.")
            return Redirect(_SENDERS, said)
        said = _("It is noted, but no rule asks for the spam score yet: set a threshold first.")
        return Redirect(_SPAM, said)

    async def remove_sender(self, visit: Visit) -> Reply:
        """Remove an entry."""
        entry = await self._office.senders.remove(visit.given("address"), visit.given("whose"))
        await self._record(visit, "sender.remove", entry.address, entry.whose or "all")
        return Redirect(_SENDERS, _("The entry is removed."))

    async def spam(self, visit: Visit) -> Reply:
        """Show from which score on something is done, and what the filter has learned."""
        return await self._spam(visit)

    async def _spam(self, visit: Visit, faults: tuple[Fault, ...] = ()) -> Reply:
        found = await self._office.thresholds.listing()
        status = await self._office.spam.status()
        context = {
            "rows": _by_whom(found),
            "levels": [(level, LEVEL_LABELS[level]) for level in reversed(LEVELS)],
            "status": status,
            "enough": any(each.enough for each in status),
            "those": await names_of_whom(self._office),
            **self._shared(visit, faults),
        }
        return Page("lists_spam.html", context, 400 if faults else 200)

    async def set_thresholds(self, visit: Visit) -> Reply:
        """Set all thresholds of somebody; an empty one is lifted."""
        whose = visit.given("whose")
        try:
            scores = {level: _score(level, visit.given(level)) for level in LEVELS}
            changes = await self._office.thresholds.set(whose, scores, visit.user)
        except InputError as error:
            return await self._spam(visit, error.faults)
        detail = ", ".join(f"{level} {score:g}" for level, score in scores.items() if score)
        await self._record(visit, "spam.threshold", whose or "all", detail)
        said = _("The rules of these thresholds are in force.")
        return Redirect(_SPAM, said if changes.any else _("Nothing was changed."))

    async def forget(self, visit: Visit) -> Reply:
        """Forget what was learned."""
        mailbox = visit.given("mailbox")
        await self._office.spam.forget(mailbox)
        await self._record(visit, "spam.forget", mailbox or "site")
        return Redirect(_SPAM, _("What was learned is forgotten."))

    async def _record(self, visit: Visit, what: str, target: str, detail: str = "") -> None:
        await self._office.users.record(visit.user, what, target, detail, visit.peer)


def _is_meant(entry: SenderEntry, scope: str, words: str) -> bool:
    return scope in {"*", entry.whose} and words in f"{entry.address}\n{entry.note}".casefold()


def _lasting(visit: Visit) -> timedelta | None:
    """Return how long an entry shall hold; None for good, also where that was not said."""
    days = visit.given("days")
    known = {str(each) for each, _label in LASTING if each}
    return timedelta(days=int(days)) if days in known else None


def _score(level: str, text: str) -> float | None:
    """Read a score; None for none. Raises InputError."""
    if not text:
        return None
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = 0.0
    if not 0 < found <= 100:
        raise InputError(Fault(level, "is no score", "from 1 to 100, or empty for never"))
    return found


def _by_whom(thresholds: tuple[Threshold, ...]) -> list[tuple[str, Mapping[str, str]]]:
    """Gather thresholds by whose they are, those for all first, as they stand in the fields."""
    found: dict[str, dict[str, str]] = {"": {}}
    for each in thresholds:
        found.setdefault(each.whose, {})[each.do] = f"{each.score:g}"
    return list(found.items())
