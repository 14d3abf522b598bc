"""When mail may go out: windows and quiet hours of a route, a sender or a priority.

Pure: a moment in, an answer out. Without windows it is open always.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from math import inf

from zope.interface import implementer

from bitrixmail.interfaces.schedule import ISchedule
from bitrixmail.model.job import Priority
from bitrixmail.model.schedule import Opening, Timing
from bitrixmail.outbound.timing.windows import check_window, read_quiet, window_change

# No schedule that is meant changes this often before it opens, or before it closes.
_MOST_CHANGES = 1000
# That it does not open is looked up again after a day
_LOOKED = timedelta(days=1)
_ALWAYS = Opening()


@implementer(ISchedule)
class Schedule:
    """The times of one `Timing`. Made by `Schedules`, lives as long as the settings hold.

    What holds until the next change is remembered, so asking again costs next to nothing. Raises
    ValueError with a sentence for people for a window or quiet hours that are none.
    """

    __slots__ = ("_closed", "_known", "_quiet", "_timing", "_zone", "name")

    def __init__(self, timing: Timing, zone: tzinfo = UTC) -> None:
        for window in timing.windows:
            check_window(window)
        self.name = timing.name
        self._timing = timing
        self._zone = zone
        self._quiet = tuple(read_quiet(text) for text in timing.quiet)
        # When it was found closed, and until when
        self._closed: tuple[datetime, datetime | None] | None = None
        self._known: tuple[datetime, datetime | None, Opening | None] | None = None

    def fits(self, route: str, sender: str, priority: Priority) -> bool:
        """Tell whether mail of a route, a sender and a priority keeps to it."""
        timing = self._timing
        sender = sender.lower() or "<>"
        domain = "@" + sender.rpartition("@")[2]
        return (
            (not timing.routes or route in timing.routes)
            and (not timing.priorities or priority in timing.priorities)
            and (not timing.senders or sender in timing.senders or domain in timing.senders)
        )

    def opening(self, at: datetime) -> Opening | None:
        """See ISchedule."""
        return self._state(at)[1]

    def next_change(self, at: datetime) -> datetime | None:
        """Return when it next opens, closes, or has another rate; None if it never does."""
        return self._state(at)[0]

    def next_open(self, at: datetime) -> datetime | None:
        """See ISchedule."""
        if self._state(at)[1] is not None:
            return at
        closed = self._closed
        if closed is None or not closed[0] <= at < (closed[1] or closed[0] + _LOOKED):
            self._closed = closed = (at, self._opens_after(at))
        return closed[1]

    def _opens_after(self, at: datetime) -> datetime | None:
        moment: datetime | None = at
        for _ in range(_MOST_CHANGES):
            if moment is None:
                break
            change, opening = self._looked_up(moment)
            if opening is not None:
                return moment
            moment = change
        return None

    def next_opening(self, at: datetime) -> datetime | None:
        """Return when another opening than that of a moment begins, perhaps before that ends.

        None: not in sight.
        """
        found = self.opening(at)
        start = None if found is None else found.start
        moment = self.next_change(at)
        for _ in range(_MOST_CHANGES):
            if moment is None:
                break
            found = self.opening(moment)
            if found is not None and found.start != start:
                return moment
            moment = self.next_change(moment)
        return None

    def _state(self, at: datetime) -> tuple[datetime | None, Opening | None]:
        """Return when something changes next, and what is open until then."""
        known = self._known
        if known is None or at < known[0] or (known[1] is not None and at >= known[1]):
            change, opening = self._looked_up(at)
            self._known = known = (at, change, opening)
        return known[1], known[2]

    def _looked_up(self, at: datetime) -> tuple[datetime | None, Opening | None]:
        changes: list[datetime] = []
        is_quiet = False
        for hours in self._quiet:
            quiet, change = hours.change(at, self._zone)
            is_quiet = is_quiet or quiet
            changes.append(change)
        found = [] if self._timing.windows else [_ALWAYS]
        for window in self._timing.windows:
            opened, change = window_change(window, at, self._zone)
            changes.append(change)
            if opened is not None:
                found.append(Opening(opened, window.per_minute, window.batch))
        best = None if is_quiet or not found else max(found, key=_most)
        return min(changes, default=None), best


def _most(opening: Opening) -> tuple[float, float]:
    """Of windows that overlap the one counts that lets most through."""
    return opening.batch or inf, opening.per_minute or inf


class Schedules:
    """All schedules of a server, of which the first that fits is meant.

    Made by compose, and anew when settings change.
    """

    __slots__ = ("_always", "_schedules")

    def __init__(self, timings: Sequence[Timing] = (), zone: tzinfo = UTC) -> None:
        self._schedules = tuple(Schedule(timing, zone) for timing in timings)
        self._always = Schedule(Timing())

    def of(self, route: str, sender: str, priority: Priority) -> Schedule:
        """Return the schedule of some mail; one that is always open if none is made for it."""
        for schedule in self._schedules:
            if schedule.fits(route, sender, priority):
                return schedule
        return self._always

    @property
    def all(self) -> tuple[Schedule, ...]:
        """All of them, in their order."""
        return self._schedules
