"""Windows and quiet hours: how they are written, and when they open and close.

Pure; only the tables of time zones are read from the system. A window stays open for its duration
by the time that passes: "0 22 * * *" for 8 h ends at 7 in the morning when clocks are put forward.
Quiet hours end when the clock on the wall says so. An opening in the hour that is skipped comes
right behind it, one in the hour that comes twice comes once, see `rules.schedule`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from bitrixmail.model.schedule import Window
from bitrixmail.rules.schedule import next_time, schedule_fault
from bitrixmail.rules.times import read_age, read_working_time

MAX_DURATION = timedelta(days=31)
_MAX_LENGTH = 300
_MAX_RATE = 1_000_000
_WRITTEN = re.compile(
    r"(?P<cron>.+?)(?:\s+for\s+(?P<duration>[0-9.]+\s*[^\W\d_]+))?"
    r"(?:\s+at\s+(?P<rate>[0-9]{1,7})\s*/\s*min)?(?:\s+batch\s+(?P<batch>[0-9]{1,7}))?"
)
# A batch goes out as the clock ticks; so long it may take to begin.
_TICK = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_WEEK = 7
_WHOLE_DAY_MIN = 24 * 60


def read_window(text: str) -> Window:
    """Read `0 22 * * * Europe/Moscow for 8h at 200/min`, or `*/5 * * * * batch 50`.

    A batch without a duration goes out only as the clock ticks. Raises ValueError with a sentence
    for people.
    """
    found = _WRITTEN.fullmatch(text.strip()) if len(text) <= _MAX_LENGTH else None
    if found is None:
        raise ValueError('a window is written like "0 22 * * * Europe/Moscow for 8h at 200/min"')
    rate, batch = int(found["rate"] or 0), int(found["batch"] or 0)
    if found["duration"] is not None:
        duration = timedelta(seconds=read_age(found["duration"])[0])
    elif batch:
        duration = _TICK
    else:
        raise ValueError('a window says how long it is open: "0 22 * * * for 8h"')
    window = Window(" ".join(found["cron"].split()), duration, rate, batch)
    check_window(window)
    return window


def check_window(window: Window) -> None:
    """Raise ValueError with a sentence for people if a window can't be one."""
    fault = schedule_fault(window.cron)
    if fault is not None:
        raise ValueError(f"{fault[0]}; {fault[1]}")
    if not _SECOND <= window.duration <= MAX_DURATION or window.duration % _SECOND:
        raise ValueError("a window is open for whole seconds, up to 31 days")
    if not (0 <= window.per_minute <= _MAX_RATE and 0 <= window.batch <= _MAX_RATE):
        raise ValueError(f"a rate or a batch lies between 0 and {_MAX_RATE}; 0 is no limit")


def opened_at(window: Window, at: datetime, zone: tzinfo) -> datetime | None:
    """Return when the window that is open at a moment opened last; None if it is closed.

    `zone` is meant where the window names none.
    """
    # It is open if it opened less than its duration ago
    early = at - window.duration
    opened = next_time(window.cron, early, zone)
    if opened > at:
        return None
    # The last of several openings: halve the time in which it must lie
    late = opened if next_time(window.cron, opened, zone) > at else at
    while late - opened > _SECOND:
        middle = opened + (late - opened) / 2
        after = next_time(window.cron, middle, zone)
        if after <= at:
            opened = after
        else:
            late = middle
    return opened


def window_change(window: Window, at: datetime, zone: tzinfo) -> tuple[datetime | None, datetime]:
    """Return when a window opened that is open at a moment, and when that changes next."""
    opened = opened_at(window, at, zone)
    opens = next_time(window.cron, at, zone)
    return opened, opens if opened is None else min(opens, opened + window.duration)


class QuietHours(NamedTuple):
    """Hours at which nothing goes out, as two schedules that take turns. Made by `read_quiet`."""

    begin: str
    end: str
    zone: tzinfo | None

    def change(self, at: datetime, zone: tzinfo) -> tuple[bool, datetime]:
        """Tell whether it is quiet at a moment, and when that changes; `zone` is the server's."""
        zone = self.zone or zone
        begins, ends = next_time(self.begin, at, zone), next_time(self.end, at, zone)
        return ends < begins, min(begins, ends)


def read_quiet(text: str) -> QuietHours:
    """Read `22:00-08:00 Europe/Moscow` or `Sat-Sun`; raises ValueError as `read_working_time`."""
    time = read_working_time(text)
    if (time.begin, time.end) == (0, _WHOLE_DAY_MIN):
        # Whole days that follow one another are one time
        first = {day for day in time.days if (day - 1) % _WEEK not in time.days}
        last = {day for day in time.days if (day + 1) % _WEEK not in time.days}
        if not first:
            raise ValueError("with quiet hours on each whole day nothing would ever go out")
        after = {(day + 1) % _WEEK for day in last}
        return QuietHours(_cron(0, first), _cron(0, after), time.zone)
    ends_next_day = time.end == _WHOLE_DAY_MIN or time.end < time.begin
    after = {(day + ends_next_day) % _WEEK for day in time.days}
    end = time.end % _WHOLE_DAY_MIN
    return QuietHours(_cron(time.begin, set(time.days)), _cron(end, after), time.zone)


def _cron(minute_of_day: int, days: set[int]) -> str:
    """Write a schedule; cron counts the days of the week from Sunday, we from Monday."""
    hour, minute = divmod(minute_of_day, 60)
    listed = ",".join(str(day) for day in sorted((day + 1) % _WEEK for day in days))
    return f"{minute} {hour} * * {listed if len(days) < _WEEK else '*'}"
