"""Cron expressions: what is one, and when it is due, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bitrixmail.model.errors import InputError
from bitrixmail.rules.schedule import next_time, schedule_fault
from bitrixmail.rules.syntax import parse_rules

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "text",
    [
        "0 3 * * *",
        "*/5 * * * *",
        "0 9-18 * * mon-fri",
        "30 2 1,15 * *",
        "0 3 L * *",
        "0 3 * * * Europe/Moscow",
        "0 3 * * * +03:00",
    ],
)
def test_what_cron_reads_is_a_schedule(text: str) -> None:
    assert schedule_fault(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "five fields"),
        ("0 3 * *", "five fields"),
        ("0 0 3 * * * UTC", "five fields"),
        ("60 3 * * *", "the minute"),
        ("0 24 * * *", "the hour"),
        ("0 3 32 * *", "day of the month"),
        ("0 3 31 2 *", "day of the month"),
        ("0 3 * 13 *", "the month"),
        ("0 3 * * noday", "day of the week"),
        ("*/0 * * * *", "the minute"),
        ("0 3 * * * Mars/Olympus", "time zone"),
        ("0 3 * * * MSK", 'did you mean "Europe/Moscow"?'),
        ("0 3 * * * Etc/GMT+3", "means UTC-03:00"),
        ("0 3 * * * " + "x" * 1000, "five fields"),
    ],
)
def test_what_is_none_is_told(text: str, said: str) -> None:
    fault = schedule_fault(text)
    assert fault is not None
    assert said in fault[0]


def test_a_wrong_zone_has_a_remedy_of_its_own() -> None:
    zoned, plain = schedule_fault("0 3 * * * MSK"), schedule_fault("0 33 * * *")
    assert zoned is not None
    assert "Europe/Moscow" in zoned[1]
    assert plain is not None
    assert "Europe/Moscow" not in plain[1]


def due(text: str, after: datetime, count: int) -> list[str]:
    """Return the next times as a clock in Berlin shows them."""
    times = []
    for _ in range(count):
        after = next_time(text, after, BERLIN)
        times.append(after.astimezone(BERLIN).strftime("%d %H:%M %Z"))
    return times


def test_an_hour_that_is_skipped_or_comes_twice_is_one_run() -> None:
    march, october = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)
    assert due("30 2 * * *", march, 3) == ["28 02:30 CET", "29 03:00 CEST", "30 02:30 CEST"]
    assert due("30 2 * * *", october, 3) == ["24 02:30 CEST", "25 02:30 CEST", "26 02:30 CET"]
    assert due("*/30 * * * *", datetime(2026, 10, 25, 0, 10, tzinfo=UTC), 3) == [
        "25 02:30 CEST",
        "25 02:00 CET",
        "25 02:30 CET",
    ]


def test_a_zone_of_its_own_comes_before_the_servers() -> None:
    after = datetime(2026, 7, 1, tzinfo=UTC)
    assert next_time("0 3 * * *", after, BERLIN) == datetime(2026, 7, 1, 1, tzinfo=UTC)
    found = next_time("0 3 * * * Asia/Tokyo", after, BERLIN)
    assert found == datetime(2026, 7, 1, 18, tzinfo=UTC)


def test_due_is_what_comes_after_the_moment_and_not_the_moment() -> None:
    moment = datetime(2026, 7, 1, 3, tzinfo=UTC)
    assert next_time("0 3 * * *", moment, UTC) == datetime(2026, 7, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize("text", ["30 2 * * *", "30 1-3 * * *"])
def test_asked_within_the_second_of_two_equal_hours_it_is_what_comes_after(text: str) -> None:
    # 02:15 in Berlin, for the second time
    moment = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert next_time(text, moment, BERLIN) > moment


def test_a_wrong_schedule_is_a_fault_of_its_file() -> None:
    with pytest.raises(InputError) as caught:
        parse_rules(
            '[[rule]]\nname = "Night"\non = ["schedule"]\nschedule = "0 33 * * *"\nstop = true\n',
            "rules.toml",
        )
    (fault,) = caught.value.faults
    assert str(fault).startswith('rules.toml: rule "Night": schedule: its field of the hour')
