"""One destination while the server runs: what waits for it, and how much it is given at a time.

The width is the number of deliveries at the same time. It begins small, grows by one for as many
good deliveries as it is wide, is halved when the other side is busy, and is one for the first try
after a time in which nothing got through (the way of TCP, RFC 5681, and of large mail servers).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bitrixmail.model.job import Job, Kind, Trouble
from bitrixmail.model.way import route_name


@dataclass(frozen=True, slots=True)
class Widths:
    """Bounds of a destination: deliveries at one time, and recipients of one of them."""

    first: int = 5
    most: int = 20
    recipients: int = 50


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is done at a time: deliveries in all, jobs leased, and of each destination.

    `by_route` are the widths of routes by hand that have some of their own, by name.
    """

    deliveries: int = 200
    leased: int = 2000
    widths: Widths = field(default_factory=Widths)
    by_route: Mapping[str, Widths] = field(default_factory=dict)
    delivery_s: float = 1800.0

    def of(self, destination: str) -> Widths:
        """Return the widths of a destination."""
        if not self.by_route:
            return self.widths
        return self.by_route.get(route_name(destination), self.widths)


class Destination:
    """See the module. Made by the dispatcher when it hears of it, dropped when nothing is left.

    `widths_of` tells its bounds by its name; they may change. Of `lanes` it is known that one of
    their jobs is under way or waits for its time, so that none behind it may go.
    """

    def __init__(self, kind: Kind, name: str, widths_of: Callable[[str], Widths]) -> None:
        self.kind = kind
        self.name = name
        self.due = 0
        self.next: datetime | None = None
        self.active = 0
        self.failures = 0
        self.held_until: datetime | None = None
        self.lanes: set[str] = set()
        self._widths_of = widths_of
        self._width = float(self._widths.first)
        self._groups: deque[list[Job]] = deque()
        self._ready = 0

    @property
    def _widths(self) -> Widths:
        return self._widths_of(self.name)

    @property
    def width(self) -> int:
        """How many deliveries there may be at the same time."""
        return 1 if self.failures else min(int(self._width), self._widths.most)

    @property
    def ready(self) -> int:
        """How many leased jobs wait here."""
        return self._ready

    @property
    def idle(self) -> bool:
        """Whether there is nothing to remember of it."""
        nothing = not (self.due or self.active or self._ready or self.next)
        return nothing and not self.failures

    def held(self, now: datetime) -> bool:
        """Tell whether it is left alone for now."""
        return self.held_until is not None and now < self.held_until

    def put(self, jobs: Iterable[Job]) -> None:
        """Take leased jobs; those of one message and sender go together."""
        groups: dict[int, list[Job]] = {}
        for job in jobs:
            self._ready += 1
            if job.lane:
                self.lanes.add(job.lane)
            group = groups.get(job.message_id)
            if group is None or len(group) >= self._widths.recipients or job.lane:
                group = groups[job.message_id] = []
                self._groups.append(group)
            group.append(job)

    def take(self) -> list[Job] | None:
        """Return the next jobs to deliver together; None: there are none."""
        if not self._groups:
            return None
        group = self._groups.popleft()
        self._ready -= len(group)
        return group

    def take_all(self) -> list[Job]:
        """Return all jobs that wait here."""
        jobs = [job for group in self._groups for job in group]
        self._groups.clear()
        self._ready = 0
        return jobs

    def learn(self, trouble: Trouble, failures: int) -> None:
        """Grow or shrink by what a delivery said of it.

        `failures` is how many there were when it began: of several at the same time one counts, or
        a moment's trouble would look like that of hours.
        """
        match trouble:
            case Trouble.NONE:
                if self.failures:
                    self.failures = 0
                    self.held_until = None
                self._width = min(float(self._widths.most), self._width + 1 / self._width)
            case Trouble.BUSY:
                self._width = max(1.0, self._width / 2)
            case Trouble.DOWN:
                self.failures = max(self.failures, failures + 1)
                self._width = float(min(self._widths.first, self._widths.most))
