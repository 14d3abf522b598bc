"""Lets jobs pass as their schedule and their route have it: now, or at the time it names.

What can't go at once is given times as far apart as the rate and the batches have it, each
priority on its own, and within the next quarter of an hour: so fifty thousand jobs are not asked
again each second, and what is in a hurry still goes first when the time has come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from bitrixmail.model.job import Job, Kind, Priority
from bitrixmail.model.schedule import Opening, Spent
from bitrixmail.outbound.routes import Routes
from bitrixmail.outbound.timing.allowance import grant, next_grant
from bitrixmail.outbound.timing.schedule import Schedule, Schedules

# What never opens is looked at again after this time: settings may change.
_NEVER = timedelta(days=1)
_SOON = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_AHEAD = timedelta(minutes=15)
_priority = attrgetter("priority")


class _Slot(NamedTuple):
    """The next time that is free, and how many have got one in the opening it is in."""

    at: datetime
    used: int = 0


class Turnstile:
    """Made by compose, lives as long as the server; `put` has it obey new settings.

    `rates` are those of routes by hand, by name: recipients in a minute. `mark` tells settings
    apart, see Settlement.
    """

    def __init__(self, schedules: Schedules | None = None) -> None:
        # By the name of a schedule, and of a route
        self._spent: dict[str, Spent] = {}
        self._flown: dict[str, Spent] = {}
        self._slots: dict[tuple[str, str, Priority], _Slot] = {}
        self.put(schedules or Schedules())

    def put(
        self,
        schedules: Schedules,
        routes: Routes | None = None,
        rates: Mapping[str, int] | None = None,
        mark: int = 1,
    ) -> None:
        """Obey these from now on; what was spent stays so."""
        self._schedules = schedules
        self._routes = routes or Routes()
        self._rates = rates or {}
        self.mark = mark
        self._slots.clear()

    def admit(
        self, jobs: Sequence[Job], now: datetime
    ) -> tuple[list[Job], list[tuple[Job, datetime]]]:
        """Return the jobs that may go out now, and when the others may; the urgent go first.

        Mail for our own mailboxes goes at any time: it does not go out.
        """
        if not self._schedules.all and not self._rates:
            return list(jobs), []
        by_way: dict[tuple[str, Schedule], list[Job]] = {}
        passed: list[Job] = []
        for job in jobs:
            if job.kind is Kind.REMOTE:
                route = self._routes.name(job)
                schedule = self._schedules.of(route, job.sender, job.priority)
                by_way.setdefault((route, schedule), []).append(job)
            else:
                passed.append(job)
        later: list[tuple[Job, datetime]] = []
        for (route, schedule), some in by_way.items():
            some.sort(key=_priority)
            granted, moment = self._granted(route, schedule, len(some), now)
            passed += some[:granted]
            later += self._later(route, schedule, some[granted:], moment, now)
        return passed, later

    def _granted(
        self, route: str, schedule: Schedule, wanted: int, now: datetime
    ) -> tuple[int, datetime]:
        """Return how many may pass by their schedule and by their route, and when one more may."""
        opening = schedule.opening(now)
        if opening is None:
            return 0, schedule.next_open(now) or now + _NEVER
        rate = Opening(per_minute=self._rates.get(route, 0))
        flown = self._flown.get(route, Spent())
        most, _ = grant(rate, flown, now, wanted)
        spent = self._spent.get(schedule.name, Spent())
        granted, self._spent[schedule.name] = grant(opening, spent, now, most)
        if rate.per_minute:
            _, self._flown[route] = grant(rate, flown, now, granted)
        if granted == wanted:
            return granted, now
        if granted == most:
            moment = next_grant(rate, self._flown.get(route, flown), now)
        else:
            moment = next_grant(opening, self._spent[schedule.name], now)
        if moment is None:  # not in this opening
            moment = schedule.next_opening(now)
        return granted, max(moment or now + _NEVER, now + _SOON)

    def _later(
        self, route: str, schedule: Schedule, jobs: Sequence[Job], first: datetime, now: datetime
    ) -> Iterator[tuple[Job, datetime]]:
        """Give each job a time from `first` on; what is too far away is asked again sooner."""
        furthest = max(first, now + _AHEAD)
        for job in jobs:
            key = route, schedule.name, job.priority
            slot = self._slots.get(key)
            if slot is None or slot.at < first:
                slot = _Slot(first)
            if slot.at > furthest:
                yield job, furthest
            else:
                yield job, slot.at
                self._slots[key] = self._behind(slot, route, schedule)

    def _behind(self, slot: _Slot, route: str, schedule: Schedule) -> _Slot:
        """Return the time that is free next when one has been given away."""
        opening = schedule.opening(slot.at)
        if opening is None:
            return slot
        rates = [rate for rate in (opening.per_minute, self._rates.get(route, 0)) if rate]
        at, used = slot.at, slot.used + 1
        if rates:
            at += _MINUTE / min(rates)
        if opening.batch and used >= opening.batch:
            return _Slot(schedule.next_opening(slot.at) or slot.at)
        if schedule.opening(at) is None:
            return _Slot(schedule.next_open(at) or slot.at)
        return _Slot(at, used)
