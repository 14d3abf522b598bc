"""Windows, quiet hours, rates: a year of them where clocks change, and on Twisted's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.model.job import Priority
from bitrixmail.model.schedule import Opening, Spent, Timing, Window
from bitrixmail.outbound.timing.allowance import grant, next_grant
from bitrixmail.outbound.timing.schedule import Schedule, Schedules
from bitrixmail.outbound.timing.timetable import Timetable
from bitrixmail.outbound.timing.windows import read_quiet, read_window

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Span = tuple[datetime, datetime]


def on_the_wall(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    """Return when a clock shows a time first; where it is skipped, when the clock goes on."""
    shown = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    while shown.astimezone(UTC).astimezone(zone).replace(fold=0) != shown:
        shown += MINUTE
    return shown.astimezone(UTC)


def days() -> list[date]:
    return [date(2025, 12, 30) + timedelta(days=n) for n in range(370)]


def closes_after(schedule: Schedule, opened: datetime) -> datetime | None:
    """Return when it closes that is open at a moment; None: never."""
    moment: datetime | None = opened
    while moment is not None and schedule.opening(moment) is not None:
        moment = schedule.next_change(moment)
    return moment


def spans(schedule: Schedule, begin: datetime, end: datetime) -> list[Span]:
    """Return when it is open, as asked of it from one change to the next."""
    found = []
    moment = schedule.next_open(begin)
    while moment is not None and moment < end:
        closes = closes_after(schedule, moment)
        assert closes is not None
        found.append((moment, closes))
        moment = schedule.next_open(closes)
    return found


def scheduled(*windows: str, quiet: tuple[str, ...] = (), zone: str = "UTC") -> Schedule:
    timing = Timing(windows=tuple(map(read_window, windows)), quiet=quiet)
    return Schedule(timing, ZoneInfo(zone))


def noon(zone: str, day: date) -> datetime:
    return on_the_wall(day, 12, 0, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "hour", "minute", "duration"),
    [
        ("Europe/Berlin", 22, 0, 8),
        ("Europe/Berlin", 2, 30, 1),  # skipped in March, twice in October
        ("America/New_York", 1, 30, 1),
        ("Asia/Beirut", 0, 0, 2),  # midnight is skipped
        ("Asia/Beirut", 23, 30, 1),  # and comes twice
        ("Australia/Lord_Howe", 1, 45, 1),  # by half an hour
    ],
)
def test_a_year_of_windows(zone: str, hour: int, minute: int, duration: int) -> None:
    begin, end = noon(zone, date(2026, 1, 1)), noon(zone, date(2027, 1, 1))
    openings = [on_the_wall(day, hour, minute, ZoneInfo(zone)) for day in days()]
    length = timedelta(hours=duration)
    expected = [(at, at + length) for at in openings if begin <= at < end]
    schedule = scheduled(f"{minute} {hour} * * * for {duration}h", zone=zone)
    assert spans(schedule, begin, end) == expected
    assert len(expected) == 365


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Europe/Berlin", "22:00", "08:00"),
        ("America/New_York", "00:00", "01:30"),
        ("Asia/Beirut", "23:30", "00:00"),
        ("Asia/Beirut", "00:00", "02:30"),
    ],
)
def test_a_year_of_quiet_hours_ends_by_the_clock_on_the_wall(
    zone: str, first: str, last: str
) -> None:
    def at(day: date, text: str) -> datetime:
        hour, minute = map(int, text.split(":"))
        return on_the_wall(day, hour, minute, ZoneInfo(zone))

    begin, end = noon(zone, date(2026, 1, 1)), noon(zone, date(2026, 12, 31))
    over_midnight = timedelta(days=last < first)
    quiet = [(at(day, first), at(day + over_midnight, last)) for day in days()]
    open_between = [
        (before[1], after[0]) for before, after in pairwise(quiet) if begin <= before[1] < end
    ]
    begun = (begin, next(span[0] for span in quiet if span[0] > begin))
    assert spans(scheduled(quiet=(f"{first}-{last}",), zone=zone), begin, end) == [
        begun,
        *open_between,
    ]
    assert len(open_between) == 364


def test_quiet_days_in_a_row_are_one_time() -> None:
    schedule = scheduled(quiet=("Sat-Sun Europe/Moscow",))
    friday = datetime(2026, 11, 27, 20, 59, tzinfo=UTC)
    assert schedule.opening(friday) is not None
    assert closes_after(schedule, friday) == friday + MINUTE
    assert schedule.next_open(friday + MINUTE) == datetime(2026, 11, 29, 21, tzinfo=UTC)


def test_quiet_hours_of_some_days_are_none_of_the_others() -> None:
    schedule = scheduled(quiet=("Fri 22:00-08:00",))
    assert schedule.opening(datetime(2026, 11, 27, 22, tzinfo=UTC)) is None
    assert schedule.opening(datetime(2026, 11, 28, 7, 59, tzinfo=UTC)) is None
    for open_at in ((27, 21), (28, 8), (28, 23), (30, 3)):
        assert schedule.opening(datetime(2026, 11, *open_at, tzinfo=UTC)) is not None


def test_quiet_hours_cut_a_window() -> None:
    schedule = scheduled("0 20 * * * for 8h", quiet=("23:00-01:00",))
    night = spans(schedule, NOON, NOON + timedelta(days=1))
    assert [(a.hour, b.hour) for a, b in night] == [(20, 23), (1, 4)]


def test_always_open_without_windows() -> None:
    schedule = Schedule(Timing())
    assert schedule.opening(NOON) == Opening()
    assert schedule.next_open(NOON) == NOON
    assert closes_after(schedule, NOON) is None


def test_windows_that_touch_are_one_time_and_the_faster_counts() -> None:
    schedule = scheduled("0 8 * * * for 4h at 20/min", "0 10 * * * for 12h at 200/min")
    morning = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert schedule.next_open(morning - 2 * HOUR) == morning - HOUR
    assert closes_after(schedule, morning) == datetime(2026, 11, 24, 22, tzinfo=UTC)
    rates = [
        opening.per_minute for h in (0, 2) if (opening := schedule.opening(morning + h * HOUR))
    ]
    assert rates == [20, 200]


def test_a_window_that_never_opens_is_none() -> None:
    assert scheduled("0 1 * * * for 1h", quiet=("00:00-03:00",)).next_open(NOON) is None


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("0 22 * * * for 8h at 200/min", Window("0 22 * * *", 8 * HOUR, 200)),
        ("0 22 * * * Europe/Moscow for 90m", Window("0 22 * * * Europe/Moscow", 90 * MINUTE)),
        ("*/5 * * * * batch 50", Window("*/5 * * * *", MINUTE, 0, 50)),
        (
            "0 9 * * mon-fri for 10 h at 5/min batch 900",
            Window("0 9 * * mon-fri", 10 * HOUR, 5, 900),
        ),
    ],
)
def test_windows_are_read(text: str, window: Window) -> None:
    assert read_window(text) == window


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 22 * * *", "how long it is open"),
        ("0 33 * * * for 8h", "the hour"),
        ("0 22 * * * MSK for 8h", 'did you mean "Europe/Moscow"'),
        ("0 22 * * * for 8 parsecs", "an age is a number and a unit"),
        ("0 22 * * * for 40d", "up to 31 days"),
        ("0 22 * * * for 0.3s", "whole seconds"),
        ("0 22 * * * for 8h at 5000000/min", "between 0 and 1000000"),
        ("", "is written like"),
        ("x" * 5000, "is written like"),
    ],
)
def test_what_is_no_window_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"window|field|zone|age|rate") as caught:
        read_window(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["Mon-Sun", "25:00-26:00", "9-18", ""])
def test_what_are_no_quiet_hours_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"quiet|clock|working time"):
        read_quiet(text)


def test_the_first_timing_that_fits_is_meant() -> None:
    schedules = Schedules(
        (
            Timing("urgent", priorities=frozenset((Priority.URGENT,))),
            Timing("news", senders=frozenset(("@news.example.org",)), quiet=("22:00-08:00",)),
            Timing("one", senders=frozenset(("info@example.org",))),
            Timing("reports", senders=frozenset(("<>",)), priorities=frozenset((Priority.BULK,))),
            Timing("slow", routes=frozenset(("smarthost",))),
        )
    )

    def name(route: str, sender: str, priority: Priority = Priority.NORMAL) -> str:
        return schedules.of(route, sender, priority).name

    assert name("", "a@news.example.org", Priority.URGENT) == "urgent"
    assert name("smarthost", "A@News.Example.org") == "news"
    assert name("smarthost", "Info@example.org") == "one"
    assert name("smarthost", "") == "slow"
    assert name("smarthost", "", Priority.BULK) == "reports"
    assert name("", "else@example.org") == ""
    assert schedules.of("", "else@example.org", Priority.BULK).next_open(NOON) == NOON


def test_a_rate_lets_out_evenly_and_never_all_at_once() -> None:
    opening, spent, at = Opening(NOON, per_minute=60), Spent(), NOON
    out = []
    for _ in range(120):
        granted, spent = grant(opening, spent, at, 1000)
        out.append(granted)
        at += timedelta(seconds=1)
    assert out[0] == 10  # ten seconds' worth
    assert set(out[1:]) == {1}
    # asleep for an hour, or the clock jumped ahead
    granted, spent = grant(opening, spent, at + HOUR, 1000)
    assert granted == 10
    # set back: nothing is lost for long, nothing given twice
    granted, spent = grant(opening, spent, NOON, 1000)
    assert granted == 0
    assert grant(opening, spent, NOON + timedelta(seconds=2), 1000)[0] == 2


@pytest.mark.parametrize("per_minute", [1, 7, 45, 200])
def test_the_next_one_goes_when_it_is_told(per_minute: int) -> None:
    opening = Opening(NOON, per_minute)
    _, spent = grant(opening, Spent(), NOON, 10_000)
    at = NOON
    for _ in range(50):
        when = next_grant(opening, spent, at)
        assert when is not None
        assert at <= when <= at + timedelta(seconds=60 / per_minute + 0.001)
        if when > at:
            assert grant(opening, spent, when - timedelta(milliseconds=5), 1)[0] == 0
        granted, spent = grant(opening, spent, when, 1)
        assert granted == 1
        at = when


def test_a_batch_goes_out_on_each_tick_and_no_more() -> None:
    schedule = scheduled("*/5 * * * * batch 50")
    spent = Spent()
    sent = []
    for minute in range(15):
        at = NOON + minute * MINUTE + timedelta(seconds=7)
        for _ in range(3):
            granted, spent = grant(schedule.opening(at), spent, at, 20)
            sent.append((minute, granted))
    assert [each for each in sent if each[1]] == [
        (minute, granted) for minute in (0, 5, 10) for granted in (20, 20, 10)
    ]
    assert next_grant(schedule.opening(NOON), Spent(NOON, 0.0, NOON, 50), NOON) is None
    assert schedule.next_open(NOON + 2 * MINUTE) == NOON + 5 * MINUTE


def test_a_batch_counts_anew_where_ticks_follow_one_another() -> None:
    schedule, spent, sent = scheduled("* * * * * batch 5"), Spent(), 0
    for second in range(0, 300, 10):
        at = NOON + timedelta(seconds=second)
        granted, spent = grant(schedule.opening(at), spent, at, 100)
        sent += granted
    assert sent == 25


def test_of_openings_that_overlap_the_last_one_counts() -> None:
    schedule = scheduled("0 8-10 * * * for 2h batch 5")
    starts = []
    for hour, minute in ((8, 0), (9, 30), (10, 0), (10, 30), (11, 59)):
        opening = schedule.opening(datetime(2026, 11, 24, hour, minute, tzinfo=UTC))
        assert opening is not None
        assert opening.start is not None
        starts.append(opening.start.hour)
    assert starts == [8, 9, 10, 10, 10]


class Woken:
    """A timetable on a clock of its own, and when it called."""

    def __init__(self, schedule: Schedule, begin: datetime, beat_s: float = 60.0) -> None:
        self.clock = Clock()
        self.clock.rightNow = begin.timestamp()
        self.at: list[datetime] = []
        self.calls = 0
        self.timetable = Timetable(self.clock, [schedule], self.note, beat_s)
        self.timetable.startService()

    def note(self) -> None:
        self.at.append(datetime.fromtimestamp(self.clock.seconds(), UTC))

    def run_until(self, end: datetime) -> None:
        """Go from one call to the next, as a reactor does."""
        while (due := min(call.getTime() for call in self.clock.getDelayedCalls())) <= (
            end.timestamp()
        ):
            self.clock.advance(max(0.0, due - self.clock.seconds()))
            self.calls += 1


def test_other_times_are_obeyed_from_now_on() -> None:
    """None of their openings in the past is made up for."""
    woken = Woken(scheduled("0 0 1 1 * for 1m"), NOON)
    woken.run_until(NOON + HOUR)
    changed = NOON + HOUR + timedelta(seconds=20)
    woken.run_until(changed - MINUTE)
    woken.clock.advance(changed.timestamp() - woken.clock.seconds())
    woken.timetable.put([scheduled("* * * * * for 5s")])
    woken.run_until(NOON + HOUR + 2 * MINUTE + timedelta(seconds=30))
    woken_at = [at.replace(microsecond=0) for at in woken.at]
    assert woken_at == [NOON + HOUR + MINUTE, NOON + HOUR + 2 * MINUTE]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Beirut"])
def test_a_year_on_the_clock_wakes_at_each_opening_and_never_else(zone: str) -> None:
    begin, end = noon(zone, date(2026, 1, 1)), noon(zone, date(2027, 1, 1))
    woken = Woken(scheduled("30 2 * * * for 45m", zone=zone), begin, beat_s=3600.0)
    woken.run_until(end)
    expected = [on_the_wall(day, 2, 30, ZoneInfo(zone)) for day in days()]
    assert woken.at == [at for at in expected if begin <= at <= end]
    # A beat an hour, and two changes a day, each a call or two
    assert woken.calls < 365 * (24 + 4)


def test_it_sleeps_in_between_and_stops() -> None:
    woken = Woken(scheduled("0 * * * * for 1m"), NOON + MINUTE)
    assert len(woken.clock.getDelayedCalls()) == 1  # the beat
    woken.run_until(NOON + 3 * HOUR)
    assert [at.hour for at in woken.at] == [13, 14, 15]
    assert [at.minute for at in woken.at] == [0, 0, 0]
    assert woken.calls < 3 * 60 + 20
    woken.timetable.stopService()
    assert woken.clock.getDelayedCalls() == []


def test_a_clock_that_is_set_is_noticed() -> None:
    woken = Woken(scheduled("0 20 * * * for 8h"), NOON)
    set_ahead = datetime(2026, 11, 24, 23, tzinfo=UTC).timestamp()
    now = NOON.timestamp()
    woken.clock.wall_seconds = lambda: set_ahead + woken.clock.seconds() - now  # type: ignore[attr-defined] # as app.steady keeps it
    woken.clock.advance(60.0)
    assert len(woken.at) == 1
    woken.clock.advance(60.0)
    assert len(woken.at) == 1


def test_who_sends_may_fail_and_is_called_again(nothing_lost_or_left: list[Failure]) -> None:
    clock, calls = Clock(), []

    def opened() -> None:
        calls.append(clock.seconds())
        raise RuntimeError("no disk")

    clock.rightNow = NOON.timestamp()
    timetable = Timetable(clock, [scheduled("* * * * * for 10s")], opened)
    timetable.startService()
    clock.pump([1.0] * 241)
    assert len(calls) == 4
    assert len(nothing_lost_or_left) == 4
    nothing_lost_or_left.clear()
