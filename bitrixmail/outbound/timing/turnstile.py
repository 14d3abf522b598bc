"""Lets jobs pass as their schedule has it: now, or at the time it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from bitrixmail.model.job import Job, Kind
from bitrixmail.model.schedule import Opening, Spent
from bitrixmail.outbound.routes import Routes
from bitrixmail.outbound.timing.allowance import grant, next_grant
from bitrixmail.outbound.timing.schedule import Schedule, Schedules

# What never opens is looked at again after this time: settings may change.
_NEVER = timedelta(days=1)
_SOON = timedelta(seconds=1)
_priority = attrgetter("priority")


class Turnstile:
    """Made by compose, lives as long as the server; `put` has it obey new settings.

    `rates` are those of routes by hand, by name: recipients in a minute.
    """

    def __init__(
        self,
        schedules: Schedules,
        routes: Routes | None = None,
        rates: Mapping[str, int] | None = None,
    ) -> None:
        self.put(schedules, routes or Routes(), rates or {})
        # By the name of a schedule, and of a route
        self._spent: dict[str, Spent] = {}
        self._flown: dict[str, Spent] = {}

    def put(self, schedules: Schedules, routes: Routes, rates: Mapping[str, int]) -> None:
        """Obey these from now on; what was spent stays so."""
        self._schedules = schedules
        self._routes = routes
        self._rates = rates

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
            later += [(job, moment) for job in some[granted:]]
        return passed, later

    def _granted(
        self, route: str, schedule: Schedule, wanted: int, now: datetime
    ) -> tuple[int, datetime]:
        """Return how many may pass, and when more may: by their schedule, and by their route."""
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
            moment = schedule.open_until(now) or now + _NEVER
            moment = schedule.next_open(moment) or now + _NEVER
        return granted, max(moment, now + _SOON)
