"""Lets jobs pass as their schedule has it: now, or at the time it names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bitrixmail.model.job import Job, Kind
from bitrixmail.model.schedule import Spent
from bitrixmail.outbound.timing.allowance import grant, next_grant
from bitrixmail.outbound.timing.schedule import Schedule, Schedules

# What never opens is looked at again after this time: settings may change.
_NEVER = timedelta(days=1)
_SOON = timedelta(seconds=1)


class Turnstile:
    """Made by compose, and anew when settings change."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules
        self._spent: dict[Schedule, Spent] = {}

    def admit(
        self, jobs: Sequence[Job], now: datetime
    ) -> tuple[list[Job], list[tuple[Job, datetime]]]:
        """Return the jobs that may go out now, and when the others may.

        Mail for our own mailboxes goes at any time: it does not go out.
        """
        if not self._schedules.all:
            return list(jobs), []
        by_schedule: dict[Schedule, list[Job]] = {}
        passed: list[Job] = []
        for job in jobs:
            if job.kind is Kind.REMOTE:
                schedule = self._schedules.of(job.destination, job.sender, job.priority)
                by_schedule.setdefault(schedule, []).append(job)
            else:
                passed.append(job)
        later: list[tuple[Job, datetime]] = []
        for schedule, some in by_schedule.items():
            granted, moment = self._granted(schedule, len(some), now)
            passed += some[:granted]
            later += [(job, moment) for job in some[granted:]]
        return passed, later

    def _granted(self, schedule: Schedule, wanted: int, now: datetime) -> tuple[int, datetime]:
        """Return how many may pass, and when more may."""
        opening = schedule.opening(now)
        if opening is None:
            return 0, schedule.next_open(now) or now + _NEVER
        spent = self._spent.get(schedule, Spent())
        granted, self._spent[schedule] = grant(opening, spent, now, wanted)
        if granted == wanted:
            return granted, now
        moment = next_grant(opening, self._spent[schedule], now)
        if moment is None:  # not in this opening
            moment = schedule.open_until(now) or now + _NEVER
            moment = schedule.next_open(moment) or now + _NEVER
        return granted, max(moment, now + _SOON)
