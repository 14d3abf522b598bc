"""When rules run by the clock: cron expressions, with a time zone behind them or the server's.

Pure; only the tables of time zones are read from the system. Hours that are skipped or come twice
as clocks change are taken as Debian's cron does: a rule of a certain hour runs just once.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from cronsim import CronSim, CronSimError

from bitrixmail.rules.times import zone_of

_FIELDS = 5
_MAX_LENGTH = 200
# Any day does to see whether an expression can be read.
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_USUAL = '"0 3 * * *" is daily at three'
_ZONED = '"0 3 * * * Europe/Moscow" is daily at three in Moscow'
_WRITTEN = 'a schedule has five fields: minute, hour, day, month, day of the week ("0 3 * * *")'


def schedule_fault(text: str) -> tuple[str, str] | None:
    """Say what is wrong with a schedule, in a sentence for people, and the remedy; else None."""
    words = text.split()
    try:
        if len(words) == _FIELDS + 1 and len(text) <= _MAX_LENGTH:
            zone_of(words[_FIELDS])
    except ValueError as error:
        return str(error), _ZONED
    try:
        _next(text, _SOME_DAY, UTC)
    except ValueError as error:
        return str(error), _USUAL
    return None


def next_time(text: str, after: datetime, zone: tzinfo) -> datetime:
    """Return when a schedule is due for the first time after a moment, in UTC.

    `zone` is meant if the schedule names none. Raises ValueError if it has a fault.
    """
    return _next(text, after, zone)


@lru_cache(maxsize=4096)  # the timetable asks every few seconds
def _next(text: str, after: datetime, zone: tzinfo) -> datetime:
    words = text.split()
    if len(text) > _MAX_LENGTH or len(words) not in (_FIELDS, _FIELDS + 1):
        raise ValueError(f"{_WRITTEN}, and perhaps a time zone")
    if len(words) > _FIELDS:
        zone = zone_of(words[_FIELDS])
    try:
        times = CronSim(" ".join(words[:_FIELDS]), after.astimezone(zone))
        found = next(times)
        # Asked within the second of two equal hours, it begins with what came in the first
        while found.astimezone(UTC) <= after:
            found = next(times)
    except CronSimError as error:
        what = str(error).replace("Bad ", "its field of the ").replace("day-of-", "day of the ")
        raise ValueError(f"{what} can't be read; {_WRITTEN}") from None
    except (StopIteration, OverflowError):
        raise ValueError("there is no such day") from None
    return found.astimezone(UTC)
