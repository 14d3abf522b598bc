"""How results look to a program and to a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bitrixmail.admin.trace_words import trace_lines
from bitrixmail.cli.output import aligned, moment, print_json, print_toml, size, table
from bitrixmail.model.directory import Domain
from bitrixmail.model.plan import RuleStep, TestResult, Trace
from bitrixmail.model.rule import Test
from bitrixmail.rules.sentences import test_clause


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (150_000, "146 KiB"),
        (999 * 1024, "999 KiB"),
        (1000 * 1024, "1.0 MiB"),
        (2**30, "1.0 GiB"),
        (2**60, "1048576 TiB"),
    ],
)
def test_a_size_has_three_digits(octets: int, text: str) -> None:
    assert size(octets) == text


def test_times_are_in_utc() -> None:
    at = datetime(2027, 1, 2, 3, 4, 5, 678, tzinfo=timezone(timedelta(hours=3)))
    assert moment(at) == "2027-01-02T00:04:05Z"
    assert moment(at, precise=True) == "2027-01-02T00:04:05.000678Z"


def test_columns_are_as_wide_as_their_letters_look() -> None:
    assert aligned([("a", "b"), ("日本", "x"), ("счёт", "y")]) == ["a     b", "日本  x", "счёт  y"]


def test_a_cell_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    table(("A", "B"), [("x\ny\x1b", "z" * 2000)])
    head, row = capsys.readouterr().out.splitlines()
    assert head == "A              B"
    assert row.startswith("x\\u{a}y\\u{1b}  zzz")
    assert row.endswith("z…")
    assert len(row) < 1100


def test_json_is_read_back_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = "счёт \u202e \x9b \x1b \ud800 \ufeff"
    value = {"text": text, "at": datetime(2027, 1, 1, tzinfo=UTC), "words": frozenset("ba")}
    print_json([value, Domain("example.org")])
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isprintable()
    assert "счёт" in printed
    assert json.loads(printed) == [
        {"text": text, "at": "2027-01-01T00:00:00.000000Z", "words": ["a", "b"]},
        {"name": "example.org", "alias_of": "", "catch_all": ""},
    ]


def test_what_has_no_form_in_json_is_a_bug() -> None:
    with pytest.raises(TypeError, match="object has no form in JSON"):
        print_json(object())


def test_toml_ends_its_last_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_toml('a = "\u200b"\n')
    print_toml("")
    assert capsys.readouterr().out == 'a = "\\u200b"\n'


def test_a_path_tells_what_was_skipped_and_why() -> None:
    trace = Trace(
        rule_set_version=7,
        steps=(
            RuleStep(
                "No",
                matched=False,
                tests=(TestResult("size", "greater", ("1MB",), "5", matched=False),),
            ),
            RuleStep("Bad\x1b", matched=False, fault="skipped: it took too long"),
            RuleStep(
                "Yes",
                matched=True,
                tests=(TestResult("cc", "exists", (), "a\nb", matched=True),),
                actions=("stop",),
            ),
        ),
        result="kept in INBOX",
        elapsed_us=123,
        note="first\nsecond \x07",
    )
    assert trace_lines(trace) == [
        "rules version 7",
        '  passed   rule "No"',
        '             no   size greater "1MB"; seen "5"',
        '  skipped  rule "Bad\\u{1b}"',
        "             skipped: it took too long",
        '  matched  rule "Yes"',
        '             yes  cc exists; seen "a\\u{a}b"',
        "             does stop",
        "  result: kept in INBOX",
        "  note: first",
        "  note: second \\u{7}",
    ]
    assert trace_lines(Trace(result="x")) == [
        "rules version 0",
        "  no rule was asked",
        "  result: x",
    ]


def test_a_path_names_list_files_without_quotes() -> None:
    test = TestResult(
        "from.address", "equals", ("a@b.example",), "x@y.example", False, ("partners.txt",)
    )
    trace = Trace(steps=(RuleStep("R", matched=False, tests=(test,)),))
    assert trace_lines(trace)[2].strip() == (
        'no   from.address equals "a@b.example" or a line of partners.txt; seen "x@y.example"'
    )
    assert "«a@b.example» или чем-либо из списка partners.txt" in trace_lines(trace, "ru")[2]


def test_a_path_tells_the_contrary_of_what_must_not_be() -> None:
    test = TestResult("spam_score", "not_less", ("95",), "100", matched=True)
    trace = Trace(steps=(RuleStep("R", matched=True, tests=(test,)),))
    assert trace_lines(trace)[2].strip() == 'yes  spam_score not_less "95"; seen "100"'
    whole = Test("spam_score", "less", ("95",))
    told = trace_lines(trace, "ru")[2].strip()
    assert test_clause(whole, "ru") not in told
    assert told.startswith("да   ")
    assert told.endswith("; в письме: «100»")
    print(told)


def test_a_path_in_russian_tells_the_day_of_a_time() -> None:
    seen = "Wed 2026-11-25 03:15:00 Europe/Moscow"
    for field, told in (("time", seen.replace("Wed", "ср")), ("subject", seen)):
        test = TestResult(field, "equals", ("22:00-07:00 Europe/Moscow",), seen, matched=True)
        trace = Trace(steps=(RuleStep("R", matched=True, tests=(test,)),))
        assert f"«{told}»" in trace_lines(trace, "ru")[2]
        assert f'"{seen}"' in trace_lines(trace)[2]


def test_a_priority_is_told_in_russian_and_belongs_to_no_tag() -> None:
    result = "moved to Urgent, given high priority, tagged a"
    assert trace_lines(Trace(result=result), "ru")[-1] == (
        "  итог: перемещено в Urgent, высокая важность, поставлена метка a"
    )
    result = "kept in INBOX, no longer of low priority"
    assert trace_lines(Trace(result=result), "ru")[-1] == (
        "  итог: оставлено в INBOX, больше не низкой важности"
    )


def test_a_regular_expression_that_took_too_long_is_told_in_russian() -> None:
    for which in ("a regular expression", "the regular expressions before it"):
        fault = f"skipped: {which} took too long"
        trace = Trace(steps=(RuleStep("R", matched=False, fault=fault),))
        assert "слишком долго" in trace_lines(trace, "ru")[2]
        assert trace_lines(trace)[2].strip() == fault
