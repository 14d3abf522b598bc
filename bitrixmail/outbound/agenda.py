"""Which destinations have something due, whose turn it is, and when the next thing comes due.

No time and no store of its own: both are told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

from bitrixmail.model.job import Job, Kind, NewJob
from bitrixmail.model.queue import Due, Wanted
from bitrixmail.outbound.destination import Destination, Widths

_MOST_DESTINATIONS_A_LEASE = 200
# Jobs that wait, leased, for a worker of their destination: what a lease takes to come, and more.
LEAST_AHEAD = 20
_AHEAD_OF_EACH = 4


class Agenda:
    """See the module. Made by the dispatcher, lives as long as it."""

    def __init__(self, widths_of: Callable[[str], Widths]) -> None:
        self._widths_of = widths_of
        self._destinations: dict[tuple[Kind, str], Destination] = {}
        # Those with due jobs, who waits longest first
        self._hungry: dict[Destination, None] = {}
        self._alarms: list[tuple[datetime, int, Destination]] = []
        self._number = count()
        # What was told while the store is being asked; None: it is not
        self._meanwhile: list[tuple[Kind, str, int, datetime | None]] | None = None

    def __iter__(self) -> Iterator[Destination]:
        """Return all destinations that there is something to know of."""
        return iter(self._destinations.values())

    def destination(self, kind: Kind, name: str) -> Destination:
        """Return what is known of a destination, which may be nothing yet."""
        found = self._destinations.get((kind, name))
        if found is None:
            found = self._destinations[kind, name] = Destination(kind, name, self._widths_of)
        return found

    def note(self, jobs: Iterable[NewJob], now: datetime) -> None:
        """Take note of jobs that were just written."""
        for job in jobs:
            if job.held:
                continue
            destination = self.destination(job.kind, job.destination)
            if job.lane in destination.lanes:
                continue  # its turn comes when the one before it has ended
            if job.not_before <= now:
                self.more(destination, 1)
            else:
                self.expect(destination, job.not_before)

    def more(self, destination: Destination, number: int) -> None:
        """Take note that so many more of a destination are due."""
        if self._meanwhile is not None:
            self._meanwhile.append((destination.kind, destination.name, number, None))
        destination.due += number
        self._hungry[destination] = None

    def expect(self, destination: Destination, moment: datetime) -> None:
        """Take note that something of a destination comes due at a moment."""
        if self._meanwhile is not None:
            self._meanwhile.append((destination.kind, destination.name, 0, moment))
        if destination.next is None or moment < destination.next:
            destination.next = moment
            heappush(self._alarms, (moment, next(self._number), destination))

    def asking(self) -> None:
        """Take note that the store is asked now.

        The answer comes by `replace` or `leased`, and may not know of what is told until then.
        """
        self._meanwhile = []

    def _told_meanwhile(self) -> list[tuple[Kind, str, int, datetime | None]]:
        told, self._meanwhile = self._meanwhile or [], None
        return told

    def replace(self, found: Iterable[Due]) -> None:
        """Take what was counted in the store in the place of what was known of it."""
        told = self._told_meanwhile()
        self._alarms.clear()
        self._hungry.clear()
        for destination in self._destinations.values():
            destination.due, destination.next = 0, None
        for due in found:
            destination = self.destination(due.kind, due.destination)
            if due.count:
                self.more(destination, due.count)
            if due.next is not None:
                self.expect(destination, due.next)
        for kind, name, number, moment in told:
            if moment is None:
                self.more(self.destination(kind, name), number)
            else:
                self.expect(self.destination(kind, name), moment)
        for key, destination in list(self._destinations.items()):
            if destination.idle:
                del self._destinations[key]

    @property
    def next_alarm(self) -> datetime | None:
        """When the next thing comes due."""
        return self._alarms[0][0] if self._alarms else None

    def rings(self, now: datetime) -> bool:
        """Tell whether the time of something has come; then the store knows of what."""
        rung = False
        while self._alarms and self._alarms[0][0] <= now:
            _, _, destination = heappop(self._alarms)
            if destination.next is not None and destination.next <= now:
                destination.next = None
            rung = True
        return rung

    def wanted(self, kinds: Collection[Kind], most: int, now: datetime) -> list[Wanted]:
        """Say what to lease, `most` in all; who waits longest comes first."""
        left = most
        found: list[Wanted] = []
        for destination in list(self._hungry):
            if left <= 0 or len(found) >= _MOST_DESTINATIONS_A_LEASE:
                break
            if destination.kind not in kinds:
                continue
            if destination.held_until is not None and destination.held(now):
                del self._hungry[destination]
                self.expect(destination, destination.held_until)
                continue
            ahead = max(LEAST_AHEAD, _AHEAD_OF_EACH * destination.width)
            if destination.failures:
                ahead = 1  # to see whether it is alive again
            number = min(ahead - destination.ready, left)
            if destination.ready > ahead // 2 or number <= 0:
                continue
            left -= number
            found.append(Wanted(destination.kind, destination.name, number))
        return found

    def leased(
        self, wanted: Sequence[Wanted], leased: Sequence[Job], admitted: Sequence[Job]
    ) -> list[Destination]:
        """Give the jobs that may go out now to their destinations; return those."""
        told = Counter[tuple[Kind, str]]()
        for kind, name, number, _ in self._told_meanwhile():
            told[kind, name] += number
        counts = Counter((job.kind, job.destination) for job in leased)
        jobs: dict[tuple[Kind, str], list[Job]] = {}
        for job in admitted:
            jobs.setdefault((job.kind, job.destination), []).append(job)
        served = []
        for asked in wanted:
            key = asked.kind, asked.destination
            destination = self.destination(*key)
            destination.put(jobs.get(key, []))
            # Who got something stands behind the others now
            self._hungry.pop(destination, None)
            if counts[key] < asked.most:
                destination.due = 0
            else:
                # It is only an estimate: at least one more is asked for.
                destination.due = max(1, destination.due - counts[key])
                self._hungry[destination] = None
            if told[key]:
                self.more(destination, told[key])
            served.append(destination)
        return served
