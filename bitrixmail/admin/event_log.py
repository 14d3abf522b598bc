"""What happened, for people: searched, newest first, in bounded time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from twisted.internet.interfaces import IReactorTime

from bitrixmail.interfaces.event_log import IEventLog
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.event_log import Entry, Wanted
from bitrixmail.model.text import printable
from bitrixmail.rules.times import read_moment

MOST_ENTRIES = 500
_BREADTH = 20_000
_LOOKED_S = 0.12
_MOST_LETTERS = 200
_ID_LETTERS = 14
# The kinds there are, by how grave they are
GRAVE = {
    "received": "good", "filed": "good", "sent": "good", "imported": "good",
    "moved": "off", "copied": "off", "flagged": "off", "tagged": "off", "ordered": "off",
    "ticket": "off", "deleted": "off", "expired": "off", "acted": "good",
    "deferred": "warn", "refused": "warn", "discarded": "warn", "failed": "bad", "bounced": "bad",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed; empty says nothing. `what` is an id, an address, or a part of a text."""

    what: str = ""
    kind: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Entries, and the number from which to go on; 0: that was all. `full`: there were enough."""

    entries: tuple[Entry, ...]
    next: int
    full: bool


class EventLog:
    """See the module. Made by who composes a face, lives as long as it."""

    def __init__(self, log: IEventLog, clock: IReactorTime) -> None:
        self._log = log
        self._clock = clock

    async def read(self, asked: Asked, zone: tzinfo, below: int, limit: int) -> Told:
        """Return entries below a number, 0 being the newest. Raises InputError."""
        wanted = _wanted(asked, zone)
        limit = min(limit, MOST_ENTRIES)
        entries: tuple[Entry, ...] = ()
        ends = self._clock.seconds() + _LOOKED_S
        while True:
            stretch = await self._log.read(wanted, below, limit - len(entries), _BREADTH)
            entries, below = entries + stretch.entries, stretch.reached
            if not below or len(entries) >= limit or self._clock.seconds() >= ends:
                return Told(entries, below, len(entries) >= limit)


def _wanted(asked: Asked, zone: tzinfo) -> Wanted:
    what = asked.what.strip()
    if len(what) > _MOST_LETTERS:
        raise InputError(Fault("search", f"has more than {_MOST_LETTERS} letters", "shorten it"))
    before = None
    if asked.before.strip():
        try:
            before = read_moment(asked.before.strip().replace("T", " ")).span(zone)[1]
        except ValueError as error:
            shown = printable(asked.before, 60)
            remedy = "write it like 2026-01-31 14:00"
            raise InputError(Fault(f'before "{shown}"', str(error), remedy)) from None
    kinds = (asked.kind,) if asked.kind else ()
    if "@" in what and " " not in what:
        return Wanted(address=what, kinds=kinds, before=before)
    if what and _is_id(what):
        return Wanted(queue_id=what, kinds=kinds, before=before)
    return Wanted(text=what, kinds=kinds, before=before)


def _is_id(text: str) -> bool:
    """Tell whether a text looks like an id of ours: letters and digits, both, and as long."""
    plain = text.isascii() and text.isalnum()
    return plain and len(text) == _ID_LETTERS and any(letter.isdigit() for letter in text)
