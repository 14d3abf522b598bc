"""Days, moments, working times and ages: how rules write them, and how they compare.

Pure; only the tables of time zones are read from the system. Everything here that reads text
raises ValueError with a sentence for people, but for `date_of`, whose text comes from strangers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from bitrixmail.model.text import printable
from bitrixmail.rules.zones import meant_zone, turned_zone

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)
_MAX_ZONE = 60
_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(\d{1,2}):(\d\d)(?::(\d\d))?)?\s*(\S.*)?", re.ASCII
)
_YEARS = range(1970, 2200)
_AGE = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([^\W\d_]{1,10})\.?\s*")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
# As people write them out, in English and Russian, and the letter that is meant.
_UNIT_WORDS = {
    "s": "s sec secs second seconds с сек секунда секунды секунд",
    "m": "m min mins minute minutes мин минута минуты минут",
    "h": "h hr hrs hour hours ч час часа часов",
    "d": "d day days д дн день дня дней",
    "w": "w wk week weeks н нед неделя недели недель",
}
AGE_UNITS = {word: unit for unit, words in _UNIT_WORDS.items() for word in words.split()}
_DAYS = "mon tue wed thu fri sat sun"
_RUSSIAN_DAYS = "пн вт ср чт пт сб вс"
_DAY_NUMBERS = {
    day: number for days in (_DAYS, _RUSSIAN_DAYS) for number, day in enumerate(days.split())
}
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)\s*[-–—]\s*(\d{1,2}):(\d\d)", re.ASCII)
# Hours alone, or with a dot before the minutes: what _CLOCK does not take.
_HOURS = re.compile(
    r"(\d{1,2})(?:[:.](\d\d))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d\d))?(?=\s|\Z)", re.ASCII
)
_DAY_LIST = re.compile(r"([^\W\d_]{2,3}(?:\s*[-–—,]\s*[^\W\d_]{2,3})*)(?=\s|\Z)")
_WHOLE_DAY_MIN = 24 * 60
_TICK = timedelta(microseconds=1)
# A year beyond these can't be moved into every time zone, and is nobody's date.
_DATE_YEARS = range(1900, 9000)
_MAX_DATE = 200


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name: `Europe/Moscow`, `UTC`, or an offset such as `+03:00`.

    Raises ValueError for `Etc/GMT+3` too, which means the contrary of what people take it for.
    """
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    found = _OFFSET.fullmatch(name)
    if found:
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        if minutes < _WHOLE_DAY_MIN:
            return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))
    elif turned := turned_zone(name):
        raise ValueError(turned)
    elif len(name) <= _MAX_ZONE and name.isascii():
        try:
            return ZoneInfo(name)
        except (ValueError, KeyError, OSError):
            pass
    meant = meant_zone(name)
    asked = f'; did you mean "{meant}"?' if meant else ""
    raise ValueError(f'unknown time zone "{printable(name, _MAX_ZONE)}"{asked}')


@dataclass(frozen=True, slots=True)
class Moment:
    """A day or a moment as a rule names it. `zone` is None where the server's is meant."""

    start: datetime
    length: timedelta
    zone: tzinfo | None

    def span(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return its first and last microsecond; `zone` is the server's."""
        whose = self.zone or zone
        end = (self.start + self.length).replace(tzinfo=whose)
        return self.start.replace(tzinfo=whose).astimezone(UTC), end.astimezone(UTC) - _TICK

    @property
    def is_day(self) -> bool:
        """Whether a whole day is meant: later than it is what comes when it is over."""
        return self.length >= timedelta(days=1)


def read_moment(text: str) -> Moment:
    """Read `2026-01-31`, `2026-01-31 14:00` or `2026-01-31 14:00:30 Europe/Moscow`."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise ValueError("a time is a day, perhaps an hour, perhaps a time zone")
    year, month, day, hour, minute, second, zone = found.groups()
    if int(year) not in _YEARS:
        raise ValueError(f"a year lies between {_YEARS.start} and {_YEARS.stop - 1}")
    try:
        start = datetime(  # noqa: DTZ001 - its zone may be known only later
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
    except ValueError as error:
        raise ValueError(f"there is no such time: {error}") from None
    if hour is None:
        length = timedelta(days=1)
    else:
        length = timedelta(minutes=1) if second is None else timedelta(seconds=1)
    return Moment(start, length, zone_of(zone) if zone else None)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """Hours of some days of the week. `zone` is None where the server's is meant.

    `days` counts from Monday, 0; `begin` and `end` are minutes of the day, `end` not included. If
    `end` is not behind `begin` the time goes over midnight, into the day that follows.
    """

    days: frozenset[int]
    begin: int
    end: int
    zone: tzinfo | None

    def holds(self, moment: datetime, zone: tzinfo) -> bool:
        """Tell whether an aware moment lies in it; `zone` is the server's."""
        local = moment.astimezone(self.zone or zone)
        minute = local.hour * 60 + local.minute
        today = local.weekday()
        if self.begin < self.end:
            return today in self.days and self.begin <= minute < self.end
        if minute >= self.begin:
            return today in self.days
        return minute < self.end and (today - 1) % 7 in self.days


def read_working_time(text: str) -> WorkingTime:
    """Read `Mon-Fri 09:00-18:00 Europe/Moscow`; days, hours and zone may each be missing."""
    rest = text.strip()
    days = frozenset(range(7))
    begin, end = 0, _WHOLE_DAY_MIN
    listed = _DAY_LIST.match(rest)
    if listed and listed[1][:2].lower() not in ("ut", "gm"):
        days = _days(listed[1])
        rest = rest[listed.end() :].lstrip()
    clock = _CLOCK.match(rest)
    if clock:
        begin, end = _minutes(clock[1], clock[2]), _minutes(clock[3], clock[4])
        rest = rest[clock.end() :].lstrip()
    elif hours := _HOURS.match(rest):
        first, first_minute, last, last_minute = hours.groups("00")
        whole = f"{int(first):02}:{first_minute}-{int(last):02}:{last_minute}"
        raise ValueError(f'"{hours[0]}" is no clock time; with its minutes it is "{whole}"')
    if not (listed or clock) or rest[:1].isdigit():
        raise ValueError('a working time is written like "Mon-Fri 09:00-18:00"')
    if begin in (end, _WHOLE_DAY_MIN):
        raise ValueError("a working time begins and ends at different hours")
    return WorkingTime(days, begin, end, zone_of(rest) if rest else None)


def _days(text: str) -> frozenset[int]:
    """Read `Mon-Fri` or `Sat, Sun`; a range may go over the end of the week."""
    found: set[int] = set()
    for part in text.split(","):
        ends = [_day(word) for word in re.split("[-–—]", part)]
        if len(ends) > 2:
            raise ValueError(f'"{part.strip()}" is no range of days')
        first, last = ends[0], ends[-1]
        found.update((first + more) % 7 for more in range((last - first) % 7 + 1))
    return frozenset(found)


def _day(word: str) -> int:
    number = _DAY_NUMBERS.get(word.strip().lower())
    if number is None:
        raise ValueError(f'"{word.strip()}" is no day; days are {_DAYS.title().replace(" ", ", ")}')
    return number


def _minutes(hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > _WHOLE_DAY_MIN:
        raise ValueError(f"there is no {hour}:{minute} on a clock")
    return minutes


def read_age(text: str) -> tuple[int, int]:
    """Read `7d`, `12h`, `30m`, `2w`, `30 days`; return its seconds and those of its unit."""
    found = _AGE.fullmatch(text)
    if not found or found[2].lower() not in AGE_UNITS:
        raise ValueError("an age is a number and a unit: s, m, h, d or w (a month is 30d)")
    unit = _UNITS_S[AGE_UNITS[found[2].lower()]]
    return round(float(found[1]) * unit), unit


def age_text(seconds: int) -> str:
    """Write an age for people: its two largest units."""
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, _UNITS_S[unit])
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def moment_text(moment: datetime, zone: tzinfo) -> str:
    """Write a moment for people, in a time zone."""
    return moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")


def date_of(text: str) -> datetime | None:
    """Read a Date field (RFC 5322 §3.3); None if it can't be read. Never raises.

    A date that names no zone, or none known, counts as UTC (RFC 5322 §4.3).
    """
    try:
        found = parsedate_to_datetime(text[:_MAX_DATE])
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.year in _DATE_YEARS else None
