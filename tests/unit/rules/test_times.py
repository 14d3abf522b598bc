from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bitrixmail.rules.times import age_text, read_age, read_moment, read_working_time, zone_of

MOSCOW = zone_of("Europe/Moscow")


def at(text: str) -> datetime:
    """Read a moment of the last week of November 2026: the day, hours and minutes, in Moscow."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("written", "inside", "outside"),
    [
        ("Mon-Fri 09:00-18:00", ["23 09:00", "27 17:59"], ["23 08:59", "27 18:00", "28 12:00"]),
        ("22:00-07:00", ["23 22:00", "23 06:59", "29 00:00"], ["23 21:59", "23 07:00"]),
        ("Fri 22:00-07:00", ["27 22:00", "28 06:59"], ["28 07:00", "28 22:30", "27 06:30"]),
        ("Sun 22:00-07:00", ["29 23:00", "23 06:00"], ["24 06:00", "28 23:00"]),
        ("Sat, Sun", ["28 00:00", "29 23:59"], ["27 23:59", "23 00:00"]),
        ("Fri-Mon 00:00-24:00", ["27 00:00", "23 23:59"], ["24 00:00", "26 23:59"]),
        ("mon-wed,fri 9:30-10:00", ["25 09:30", "27 09:59"], ["26 09:45", "27 10:00"]),
        ("Сб,Вс 10:00-12:00", ["28 10:00", "29 11:00"], ["27 10:00"]),
        ("Mon–Fri 09:00–18:00 UTC", ["23 12:00", "23 20:59"], ["23 11:59", "23 21:00"]),
        ("09:00-18:00 -05:00", ["23 17:00", "24 01:59"], ["23 16:59", "24 02:00"]),
        ("Mon UTC", ["23 03:00", "24 02:59"], ["23 02:59", "24 03:00"]),
    ],
)
def test_working_times(written: str, inside: list[str], outside: list[str]) -> None:
    working = read_working_time(written)
    assert all(working.holds(at(text), MOSCOW) for text in inside)
    assert not any(working.holds(at(text), MOSCOW) for text in outside)


def test_a_day_is_as_long_as_its_zone_says() -> None:
    """In Berlin the clock goes back an hour on 2026-10-25."""
    first, last = read_moment("2026-10-25").span(zone_of("Europe/Berlin"))
    assert last - first == timedelta(hours=25) - timedelta(microseconds=1)
    assert first == datetime(2026, 10, 24, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "first", "length"),
    [
        ("2026-01-31", datetime(2026, 1, 30, 21, tzinfo=UTC), timedelta(days=1)),
        ("2026-1-31 UTC", datetime(2026, 1, 31, tzinfo=UTC), timedelta(days=1)),
        ("2026-01-31 14:00", datetime(2026, 1, 31, 11, tzinfo=UTC), timedelta(minutes=1)),
        ("2026-01-31T14:00:05Z", datetime(2026, 1, 31, 14, 0, 5, tzinfo=UTC), timedelta(0, 1)),
        ("2026-01-31 14:00:05+05:30", datetime(2026, 1, 31, 8, 30, 5, tzinfo=UTC), timedelta(0, 1)),
    ],
)
def test_moments(written: str, first: datetime, length: timedelta) -> None:
    assert read_moment(written).span(MOSCOW) == (first, first + length - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("written", "seconds", "unit"),
    [
        ("7d", 604_800, 86_400),
        ("1.5 h", 5400, 3600),
        ("0s", 0, 1),
        ("2W", 1_209_600, 604_800),
        ("30 days", 2_592_000, 86_400),
        ("30 дней", 2_592_000, 86_400),
        ("5 мин.", 300, 60),
    ],
)
def test_ages(written: str, seconds: int, unit: int) -> None:
    assert read_age(written) == (seconds, unit)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (61, "1m 1s"), (86_400, "1d"), (90_061, "1d 1h")]
)
def test_ages_for_people(seconds: int, text: str) -> None:
    assert age_text(seconds) == text


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("MSK", "Europe/Moscow"),
        ("мск", "Europe/Moscow"),
        ("Moscow", "Europe/Moscow"),
        ("Москва", "Europe/Moscow"),
        ("Europe/Moskow", "Europe/Moscow"),
        ("europe/moscow", "Europe/Moscow"),
        ("Asia/Moscow", "Europe/Moscow"),
        ("Екатеринбург", "Asia/Yekaterinburg"),
        ("new york", "America/New_York"),
    ],
)
def test_an_unknown_zone_is_told_with_the_one_that_was_meant(word: str, meant: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone") as caught:
        zone_of(word)
    assert str(caught.value) == f'unknown time zone "{word}"; did you mean "{meant}"?'


def test_no_zone_is_suggested_at_random() -> None:
    for word in ("Q", "Mars/Olympus", "x" * 1000, "../../etc/passwd", ""):
        with pytest.raises(ValueError, match=r'^unknown time zone "[^"]*"$'):
            zone_of(word)


def test_a_zone_whose_sign_is_turned_is_refused() -> None:
    with pytest.raises(ValueError, match="means UTC-03:00") as caught:
        zone_of("Etc/GMT+3")
    assert str(caught.value) == '"Etc/GMT+3" means UTC-03:00; write "+03:00" or "-03:00"'
    with pytest.raises(ValueError, match=r"means UTC\+11:00"):
        read_moment("2026-01-31 Etc/GMT-11")
    assert zone_of("Etc/GMT+0").utcoffset(datetime(2026, 1, 31)) == timedelta(0)  # noqa: DTZ001
