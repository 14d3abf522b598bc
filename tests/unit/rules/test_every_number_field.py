"""Every field of numbers and times by every operator; what their values may be."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from bitrixmail.model.plan import TestResult
from bitrixmail.model.rule import Test
from bitrixmail.rules.conditions import compile_condition, complaints
from bitrixmail.rules.facts import NUMBER_FIELDS, TIME_FIELDS, Facts
from bitrixmail.rules.operators import CLOCK_OPERATORS, NUMBER_OPERATORS
from tests.corpus.fields import PDF, PNG, RECEIVED, facts_of, full

FULL = full()
BARE = b"X-Nothing: 1\r\n\r\n"
SIZE = len(FULL)
MOSCOW = "Europe/Moscow"
# Field, operator, values, whether it holds. The message came on Tuesday 2026-11-24, 15:30 in
# Moscow; was dated 15:25; is asked three and a half days later; and has two attachments.
TABLE = [
    ("size", "greater", [str(SIZE - 1)], True),
    ("size", "greater", [str(SIZE)], False),
    ("size", "greater", ["1GB", "1 KiB"], True),
    ("size", "less", [str(SIZE + 1)], True),
    ("size", "less", [str(SIZE)], False),
    ("size", "equals", ["5", str(SIZE)], True),
    ("size", "equals", ["5"], False),
    ("size", "not_equals", ["5", str(SIZE)], False),
    ("size", "not_equals", ["5"], True),
    ("attachment_size", "greater", ["3KB"], True),
    ("attachment_size", "greater", [str(len(PDF))], False),
    ("attachment_size", "less", [f"{len(PNG) + 1}"], True),
    ("attachment_size", "less", [f"{len(PNG)}"], False),
    ("attachment_size", "equals", [str(len(PNG))], True),
    ("attachment_size", "equals", [str(len(PNG) + 1)], False),
    ("attachment_size", "not_equals", [str(len(PNG))], False),
    ("attachment_size", "not_equals", ["7", "1MB"], True),
    ("attachment_count", "greater", ["1"], True),
    ("attachment_count", "greater", ["2"], False),
    ("attachment_count", "less", ["3"], True),
    ("attachment_count", "less", ["2"], False),
    ("attachment_count", "equals", ["0", "2"], True),
    ("attachment_count", "equals", ["1"], False),
    ("attachment_count", "not_equals", ["2"], False),
    ("attachment_count", "not_equals", ["1", "3"], True),
    ("spam_score", "greater", ["-0.5"], True),
    ("spam_score", "greater", ["0"], False),
    ("spam_score", "less", ["5"], True),
    ("spam_score", "less", ["0.0"], False),
    ("spam_score", "equals", ["0"], True),
    ("spam_score", "equals", ["1.5"], False),
    ("spam_score", "not_equals", ["0"], False),
    ("spam_score", "not_equals", ["5"], True),
    ("age", "greater", ["3d"], True),
    ("age", "greater", ["84h"], False),
    ("age", "greater", ["1w", "5030m"], True),
    ("age", "less", ["1w"], True),
    ("age", "less", ["84h"], False),
    ("age", "equals", ["3d"], True),
    ("age", "equals", ["2d", "4d"], False),
    ("age", "not_equals", ["3d"], False),
    ("age", "not_equals", ["4d"], True),
    ("date", "greater", ["2026-11-23"], True),
    ("date", "greater", ["2026-11-24"], False),
    ("date", "greater", ["2026-11-24 15:24 Europe/Moscow"], True),
    ("date", "greater", ["2026-11-24 15:25 Europe/Moscow"], False),
    ("date", "less", ["2026-11-25"], True),
    ("date", "less", ["2026-11-24"], False),
    ("date", "less", ["2020-01-01", "2026-11-24 12:26"], True),
    ("date", "equals", ["2026-11-24"], True),
    ("date", "equals", ["2026-11-24 12:25"], True),
    ("date", "equals", ["2026-11-23", "2026-11-25"], False),
    ("date", "not_equals", ["2026-11-24"], False),
    ("date", "not_equals", ["2026-11-23"], True),
    ("received", "greater", ["2026-11-24 15:29:59 +03:00"], True),
    ("received", "greater", ["2026-11-24"], False),
    ("received", "less", ["2026-11-24 15:30:01 UTC+3"], True),
    ("received", "less", ["2026-11-24 15:30 Europe/Moscow"], False),
    ("received", "equals", ["2026-11-24 15:30 Europe/Moscow"], True),
    ("received", "equals", ["2026-11-24 15:30"], False),
    ("received", "not_equals", ["2026-11-24 UTC"], False),
    ("received", "not_equals", ["2026-11-25"], True),
    ("time", "equals", ["Mon-Fri 09:00-18:00 Europe/Moscow"], True),
    ("time", "equals", ["Mon-Fri 09:00-15:30 Europe/Moscow"], False),
    ("time", "equals", ["22:00-07:00", "12:30-12:31"], True),
    ("time", "equals", ["Sat,Sun"], False),
    ("time", "not_equals", ["Пн-Пт 9:00-18:00"], False),
    ("time", "not_equals", ["Wed-Mon", "13:00-12:00"], True),
]


def asked(**changed: object) -> Facts:
    return facts_of(FULL, now=RECEIVED + timedelta(days=3, hours=12), **changed)  # type: ignore[arg-type]


def judged(test: Test, facts: Facts) -> TestResult:
    assert not list(complaints(test))
    results: list[TestResult] = []
    matched = compile_condition(test, 1, time.perf_counter).matches(facts, results)
    assert results[0].matched is matched
    assert len(results) == 1
    return results[0]


@pytest.mark.parametrize(("field", "op", "value", "expected"), TABLE)
def test_the_table(field: str, op: str, value: list[str], expected: bool) -> None:
    assert judged(Test(field, op, tuple(value)), asked()).matched is expected


def test_no_field_and_no_operator_is_left_out() -> None:
    tried = {(field, op, expected) for field, op, _, expected in TABLE}
    fields = {*NUMBER_FIELDS, *TIME_FIELDS}
    wanted = {
        (field, op, expected)
        for field in fields
        for op in (CLOCK_OPERATORS if field == "time" else NUMBER_OPERATORS)
        for expected in (True, False)
        if op != "exists"
    }
    assert tried == wanted


@pytest.mark.parametrize(("field", "op", "value"), [row[:3] for row in TABLE])
def test_what_is_absent(field: str, op: str, value: list[str]) -> None:
    """Size, count and score are never absent; of the others only negative operators hold."""
    nothing = facts_of(BARE, received=None)
    if field not in ("size", "attachment_count", "spam_score"):
        assert judged(Test(field, op, tuple(value)), nothing).matched is (op == "not_equals")


@pytest.mark.parametrize("field", [*NUMBER_FIELDS, *TIME_FIELDS])
def test_whether_it_is_there(field: str) -> None:
    assert judged(Test(field, "exists"), asked()).matched
    there = field in ("size", "attachment_count", "spam_score")
    assert judged(Test(field, "exists"), facts_of(BARE, received=None)).matched is there


@pytest.mark.parametrize(
    ("field", "seen"),
    [
        ("size", str(SIZE)),
        ("attachment_size", f"{len(PDF)} | {len(PNG)}"),
        ("attachment_count", "2"),
        ("spam_score", "0"),
        ("age", "3d 12h"),
        ("date", "Tue 2026-11-24 15:25:00 MSK"),
        ("received", "Tue 2026-11-24 15:30:00 MSK"),
        ("time", "Tue 2026-11-24 15:30:00 MSK"),
    ],
)
def test_what_the_trace_tells(field: str, seen: str) -> None:
    assert judged(Test(field, "exists"), asked(timezone=MOSCOW)).seen.startswith(
        seen.partition(" | ")[0]
    )
    assert asked(timezone=MOSCOW).values(field).shown == seen


def test_the_server_says_which_zone_is_meant() -> None:
    night = Test("time", "equals", ("15:00-16:00",))
    assert not judged(night, asked()).matched
    assert judged(night, asked(timezone=MOSCOW)).matched
    late = facts_of(FULL, received=datetime(2026, 11, 24, 21, 30, tzinfo=UTC), timezone=MOSCOW)
    assert judged(Test("received", "equals", ("2026-11-25",)), late).matched
    assert judged(Test("received", "equals", ("2026-11-24 UTC",)), late).matched


def test_a_message_that_just_came_has_no_age() -> None:
    assert judged(Test("age", "less", ("1s",)), facts_of(FULL)).seen == "0s"
    early = facts_of(FULL, now=RECEIVED - timedelta(hours=1))
    assert judged(Test("age", "less", ("1s",)), early).matched


@pytest.mark.parametrize(
    ("date", "seen"),
    [
        ("Tue, 24 Nov 2026 15:25:00 +0300 (MSK)", "Tue 2026-11-24 12:25:00 UTC"),
        ("24 Nov 2026 15:25 GMT", "Tue 2026-11-24 15:25:00 UTC"),
        ("Tue, 24 Nov 2026 15:25:00 -0000", "Tue 2026-11-24 15:25:00 UTC"),
        ("yesterday", ""),
        ("Tue, 99 Nov 2026 15:25:00 +0300", ""),
        ("Fri, 24 Nov 1815 15:25:00 +0300", ""),
        ("Fri, 31 Dec 9999 23:59:59 -2300", ""),
        ("1 " * 5000, ""),
    ],
)
def test_dates_as_senders_write_them(date: str, seen: str) -> None:
    octets = f"Date: {date}\r\n\r\n".encode()
    assert facts_of(octets, timezone="UTC").values("date").shown == seen


@pytest.mark.parametrize(
    ("field", "op", "value", "what"),
    [
        ("size", "greater", "ten", "a size is a number and a unit"),
        ("size", "contains", "1", '"contains" does not suit the field "size"'),
        ("attachment_size", "less", "1 PB", "a size is a number and a unit"),
        ("attachment_count", "greater", "1MB", "a number of attachments is written in digits"),
        ("attachment_count", "greater", "-1", "a number of attachments is written in digits"),
        ("spam_score", "greater", "high", "a score is a number such as 5 or -1.5"),
        ("age", "greater", "7", "an age is a number and a unit"),
        ("size", "greater", "10M", "10MB is in thousands, 10MiB in steps of 1024"),
        ("time", "equals", "22-7", '"22-7" is no clock time; with its minutes it is "22:00-07:00"'),
        ("time", "equals", "9.30-18:00 UTC", 'it is "09:30-18:00"'),
        ("time", "equals", "Mon 9am-6pm", "a working time is written like"),
        ("age", "greater", "1 month", "an age is a number and a unit"),
        ("age", "greater", "7y", "an age is a number and a unit"),
        ("date", "greater", "31.01.2026", "a time is a day, perhaps an hour"),
        ("date", "greater", "2026-02-30", "there is no such time"),
        ("date", "greater", "2026-02-03 25:00", "there is no such time"),
        ("date", "greater", "0026-02-03", "a year lies between 1970 and 2199"),
        ("date", "greater", "2026-02-03 Europe/Moskow", 'unknown time zone "Europe/Moskow"'),
        ("received", "less", "2026-02-03 12:00 ../../etc/passwd", "unknown time zone"),
        ("received", "less", "2026-02-03 12:00 Europe", "unknown time zone"),
        ("received", "less", "2026-02-03 12:00 +99:00", "unknown time zone"),
        ("received", "starts_with", "2026", '"starts_with" does not suit the field "received"'),
        ("time", "equals", "Mo-Fr 09:00-18:00", '"Mo" is no day; days are Mon, Tue'),
        ("time", "equals", "Mon-Tue-Wed", '"Mon-Tue-Wed" is no range of days'),
        ("time", "equals", "09:00-25:00", "there is no 25:00 on a clock"),
        ("time", "equals", "09:00-10:60", "there is no 10:60 on a clock"),
        ("time", "equals", "09:00-09:00", "begins and ends at different hours"),
        (
            "time",
            "equals",
            "Mon 9-18",
            '"9-18" is no clock time; with its minutes it is "09:00-18:00"',
        ),
        ("time", "equals", "always", "a working time is written like"),
        ("time", "equals", "", "a working time is written like"),
        ("time", "greater", "Mon", '"greater" does not suit the field "time"'),
    ],
)
def test_bad_values_are_faults(field: str, op: str, value: str, what: str) -> None:
    found = list(complaints(Test(field, op, (value,))))
    assert len(found) == 1
    assert found[0].where == ("op" if "suit" in what else "value")
    assert what in found[0].what
    assert found[0].remedy


@pytest.mark.parametrize(
    ("test", "seen"),
    [
        (Test("time", "equals", ("Wed 00:00-07:00 Asia/Vladivostok",)), "22:30:00 Asia/Vladivostok"),
        (Test("time", "equals", ("Sat", "15:00-16:00 Europe/Moscow")), "15:30:00 Europe/Moscow"),
        (Test("time", "not_equals", ("Sat Europe/Moscow", "Sun")), "15:30:00 Europe/Moscow"),
        (Test("time", "equals", ("Mon-Fri",)), "12:30:00 UTC"),
        (Test("received", "less", ("2026-12-01 +05:00",)), "17:30:00 UTC+05:00"),
        (Test("received", "greater", ("2026-12-01 Europe/Moscow",)), "15:30:00 Europe/Moscow"),
    ],
)  # fmt: skip
def test_a_time_is_told_in_the_time_zone_of_the_value(test: Test, seen: str) -> None:
    assert judged(test, asked(timezone="UTC")).seen == f"Tue 2026-11-24 {seen}"


def test_a_time_that_is_absent_is_told_as_nothing() -> None:
    test = Test("time", "not_equals", ("Sat Europe/Moscow",))
    assert judged(test, facts_of(BARE, received=None)).seen == ""
