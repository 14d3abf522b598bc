"""Retries, windows and rates, whatever the times: order, ends and sums hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.model.dsn import Reason
from bitrixmail.model.schedule import Opening, RetryPlan, Spent, Timing, Tried, Window
from bitrixmail.outbound.timing.allowance import grant
from bitrixmail.outbound.timing.retry import RetryPolicy
from bitrixmail.outbound.timing.schedule import Schedule

BEGIN, END = datetime(2026, 1, 1), datetime(2027, 12, 31)  # noqa: DTZ001 - hypothesis adds the zone
TIMES = st.datetimes(BEGIN, END, timezones=st.just(UTC))
HOURS = st.timedeltas(timedelta(0), timedelta(hours=300))
LONGEST = timedelta(hours=8) * 1.2
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Beirut", "UTC"]).map(ZoneInfo)


@settings(deadline=None, max_examples=60)
@given(TIMES, HOURS, HOURS, HOURS, st.integers(1, 99), st.sampled_from(Reason), st.integers())
def test_the_next_try_is_later_and_within_its_time(
    created: datetime,
    lives: timedelta,
    age: timedelta,
    late: timedelta,
    attempts: int,
    reason: Reason,
    seed: int,
) -> None:
    at, expires = created + age, created + lives
    tried = Tried(at, created, expires, at - late, attempts, reason)
    following = RetryPolicy(RetryPlan(), Random(seed)).next_try(tried)
    if following is None:
        assert at >= expires
        return
    assert at < following <= at + LONGEST
    assert following <= expires or (at >= expires > at - late and late > timedelta(hours=1))
    # With the same chance, later attempts wait no less
    more = RetryPolicy(RetryPlan(), Random(seed)).next_try(
        Tried(at, created, expires, at - late, attempts + 1, reason)
    )
    assert more is not None
    assert more >= following


@settings(deadline=None, max_examples=25)
@given(
    TIMES,
    st.integers(0, 59),
    st.sampled_from(["*", "*/6", "0", "2", "22"]),
    st.integers(1, 30 * 60),
    ZONES,
    st.sampled_from([(), ("23:30-01:15",), ("Sat-Sun",)]),
)
def test_open_and_closed_take_turns(
    at: datetime, minute: int, hour: str, minutes: int, zone: ZoneInfo, quiet: tuple[str, ...]
) -> None:
    timing = Timing(
        windows=(Window(f"{minute} {hour} * * *", timedelta(minutes=minutes)),), quiet=quiet
    )
    schedule = Schedule(timing, zone)
    opens = schedule.next_open(at)
    if opens is None:  # each time it would be open is quiet
        assert quiet == ("23:30-01:15",)
        assert hour == "0"
        assert minute + minutes <= 75
        return
    assert opens >= at
    assert schedule.opening(opens) is not None
    if opens > at:
        assert schedule.opening(at) is None
        assert schedule.opening(opens - timedelta(microseconds=1)) is None
        middle = at + (opens - at) / 2
        assert Schedule(timing, zone).opening(middle) is None
    closes = schedule.next_change(opens)
    for _ in range(50):
        if closes is not None and schedule.opening(closes) is not None:
            closes = schedule.next_change(closes)  # into the next window, without a pause
    if closes is not None and schedule.opening(closes) is None:
        assert closes > opens
        assert schedule.opening(closes - timedelta(microseconds=1)) is not None


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 600),
    st.lists(st.tuples(st.integers(-5000, 20000), st.integers(0, 500)), max_size=40),
)
def test_no_more_goes_out_than_the_rate_allows(
    per_minute: int, steps: list[tuple[int, int]]
) -> None:
    opening, spent = Opening(None, per_minute), Spent()
    at = END.replace(tzinfo=UTC)
    forward_s, out = 0.0, 0
    for milliseconds, wanted in steps:
        at += timedelta(milliseconds=milliseconds)
        forward_s += max(0, milliseconds) / 1000
        granted, spent = grant(opening, spent, at, wanted)
        assert 0 <= granted <= wanted
        out += granted
    kept = max(1.0, per_minute / 6)
    assert out <= kept + forward_s * per_minute / 60 + 0.001
