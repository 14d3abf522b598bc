"""The fields of what checks found: one check alone, and all of them together."""

from __future__ import annotations

import pytest

from bitrixmail.checks import bayes, senders
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model import testimony
from bitrixmail.model.errors import InputError
from bitrixmail.model.plan import TestResult
from bitrixmail.model.rule import Test
from bitrixmail.rules.conditions import compile_condition, complaints
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.fields import CHECKS
from bitrixmail.rules.sentences import sentence
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.rules.testified import scores_said, values_said

SAID = (
    testimony.Testimony("bayes", 12.5),
    testimony.Testimony("shop.links", 80.0, "9 links", apart=True),
    testimony.Testimony("shop.names", text="temperror: planted", failed=True, apart=True),
)


def judged(field: str, op: str, *value: str) -> TestResult:
    head = HeaderSection.parse(b"Subject: x\r\n\r\n")
    facts = Facts(head, "", 14, said=SAID)
    results: list[TestResult] = []
    compile_condition(Test(field, op, value), 0.1, lambda: 0.0).matches(facts, results)
    return results[0]


@pytest.mark.parametrize(
    ("field", "op", "value", "matched", "seen"),
    [
        ("check:shop.links", "greater", ("50",), True, "80 (9 links)"),
        ("check:shop.links", "less", ("50",), False, "80 (9 links)"),
        ("check:shop.links", "exists", (), True, "80 (9 links)"),
        ("check:bayes", "equals", ("12.5",), True, "12.5"),
        ("check:shop.names", "greater", ("0",), False, "temperror: planted"),
        ("check:shop.names", "less", ("100",), False, "temperror: planted"),
        ("check:shop.names", "exists", (), False, "temperror: planted"),
        ("check:senders", "not_equals", ("5",), True, ""),
        ("spam_score", "less", ("13",), True, "12.5"),
    ],
)
def test_what_a_rule_sees(
    field: str, op: str, value: tuple[str, ...], matched: bool, seen: str
) -> None:
    found = judged(field, op, *value)
    assert (found.matched, found.seen) == (matched, seen)


def test_all_together_leave_out_what_stands_apart() -> None:
    assert scores_said(SAID[1:], "spam_score") == (0.0,)
    assert values_said(SAID[1:], "spam_score").shown == "0"


def test_the_checks_of_this_program_are_known_by_name() -> None:
    assert set(CHECKS) == {bayes.NAME, senders.NAME}


@pytest.mark.parametrize(
    ("test", "what"),
    [
        (Test("check:bayse", "greater", ("5",)), 'unknown check "bayse"'),
        (Test("check:", "greater", ("5",)), "names no check"),
        (Test("check:shop.links", "contains", ("5",)), '"contains" does not suit the field'),
        (Test("check:shop.links", "greater", ("much",)), "a score is a number such as 5"),
    ],
)
def test_slips_are_told(test: Test, what: str) -> None:
    (complaint,) = complaints(test)
    assert what in complaint.what


def test_a_number_needs_no_quotes() -> None:
    text = """[[rule]]
name = "a"
condition = [{field = "check:shop.links", op = "greater", value = 50}]
action = [{do = "flag"}]
"""
    try:
        (rule,) = parse_rules(text, "r.toml").rules
    except InputError as error:
        raise AssertionError(error.faults) from error
    assert "the score by the check shop.links is greater than 50" in sentence(rule, "en")
    assert "оценка проверки shop.links больше 50" in sentence(rule, "ru")
