from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.plan import TestResult
from bitrixmail.model.rule import All, AnyOf, Condition, Not, Test
from bitrixmail.rules.conditions import MAX_DEPTH, compile_condition, complaints
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.operators import size_octets
from tests.corpus.russian import messages

HEAD = (
    'From: "Boss boss@x.ru" <evil@y.ru>\r\nTo: a@b.ru\r\nSubject: Счёт №17 Invoice\r\n'
    "X-Spam: no\r\nX-Spam: YES\r\nX-Empty:\r\n\r\n"
).encode()
YES = All()
NO = AnyOf()


def holds(condition: Condition, head: bytes = HEAD) -> bool:
    facts = Facts(HeaderSection.parse(head), "evil@y.ru", 2000)
    compiled = compile_condition(condition, 1, time.perf_counter)
    return compiled.matches(facts.for_mailbox("a@b.ru", "a@b.ru"), [])


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("subject", "contains", ["nothing", "СЧЁТ"], True),
        ("subject", "contains", ["счет"], False),
        ("subject", "not_contains", ["nothing", "счёт"], False),
        ("subject", "not_contains", ["nothing", "else"], True),
        ("subject", "equals", ["счёт №17 invoice"], True),
        ("subject", "equals", ["счёт"], False),
        ("subject", "not_equals", ["a", "счёт №17 invoice"], False),
        ("subject", "not_equals", ["a"], True),
        ("subject", "starts_with", ["x", "счёт"], True),
        ("subject", "starts_with", ["invoice"], False),
        ("subject", "ends_with", ["x", "INVOICE"], True),
        ("subject", "ends_with", ["счёт"], False),
        ("subject", "regex", [r"^счёт\s№\d+\b"], True),
        ("subject", "regex", [r"x", r"\bСЧЁТ\b"], True),
        ("subject", "regex", [r"^\D+$"], False),
        ("subject", "exists", [], True),
        ("header:X-Empty", "exists", [], True),
        ("header:X-Other", "exists", [], False),
        ("header:X-Other", "contains", ["a"], False),
        ("header:X-Other", "not_contains", ["a"], True),
        ("header:X-Other", "not_equals", [""], True),
        ("header:X-Empty", "equals", [""], True),
        ("header:x-spam", "equals", ["yes"], True),
        ("header:X-Spam", "not_equals", ["yes"], False),
        ("sender", "equals", ["evil@y.ru"], True),
        ("sender", "equals", ["boss@x.ru"], False),
        ("sender", "ends_with", ["@x.ru"], False),
        ("sender", "contains", ["boss@x.ru"], True),
        ("from", "equals", ['"Boss boss@x.ru" <evil@y.ru>'], True),
        ("from", "starts_with", ["boss"], True),
        ("envelope_sender", "equals", ["EVIL@Y.RU"], True),
        ("envelope_recipient", "equals", ["a@b.ru"], True),
        ("reply_to", "exists", [], False),
        ("size", "greater", ["1 KiB"], True),
        ("size", "greater", ["2kb"], False),
        ("size", "less", ["1MB"], True),
        ("size", "less", ["2000"], False),
        ("size", "equals", ["2KB"], True),
        ("size", "not_equals", ["2KB"], False),
    ],
)
def test_operators(field: str, op: str, value: list[str], expected: bool) -> None:
    test = Test(field, op, tuple(value))
    assert not list(complaints(test))
    assert holds(test) is expected


def test_exact_compares_case() -> None:
    assert holds(Test("subject", "contains", ("Счёт",), exact=True))
    assert not holds(Test("subject", "contains", ("счёт",), exact=True))
    assert not holds(Test("subject", "regex", ("счёт",), exact=True))
    assert not holds(Test("subject", "equals", ("счёт №17 invoice",), exact=True))


@pytest.mark.parametrize("name", sorted(messages()))
def test_a_russian_subject_matches_however_it_is_written(name: str) -> None:
    for op, value in (
        ("contains", "счёт на ОПЛАТУ"),
        ("starts_with", "СЧЁТ"),
        ("regex", r"\bооо\b"),
    ):
        assert holds(Test("subject", op, (value,)), messages()[name])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (YES, True),
        (NO, False),
        (All((YES, NO)), False),
        (All((YES, YES)), True),
        (AnyOf((NO, YES)), True),
        (AnyOf((NO, NO)), False),
        (Not(NO), True),
        (Not(All((YES, Not(NO)))), False),
    ],
)
def test_groups(condition: Condition, expected: bool) -> None:
    assert holds(condition) is expected


def judged(condition: Condition) -> list[TestResult]:
    results: list[TestResult] = []
    facts = Facts(HeaderSection.parse(HEAD), "", 2000)
    compile_condition(condition, 1, time.perf_counter).matches(facts, results)
    return results


def test_of_what_must_not_be_the_contrary_is_told() -> None:
    small = Test("size", "less", ("1",))
    said = TestResult("size", "not_less", ("1",), "2000", matched=True)
    assert judged(Not(small)) == [said]
    assert judged(Not(Not(small))) == [replace(said, op="less", matched=False)]
    spam = Test("header:X-Spam", "equals", ("yes",))
    assert judged(Not(All((spam, small)))) == [
        TestResult("header:X-Spam", "not_equals", ("yes",), "YES", matched=False),
        said,
    ]
    contrary = Test("header:X-Spam", "not_equals", ("yes",))
    assert judged(Not(contrary)) == [
        TestResult("header:X-Spam", "equals", ("yes",), "YES", matched=True)
    ]
    # A message that looks alike is told in the same words, of which there is one copy
    compiled = compile_condition(Not(small), 1, time.perf_counter)
    facts = Facts(HeaderSection.parse(HEAD), "", 2000)
    first: list[TestResult] = []
    second: list[TestResult] = []
    compiled.matches(facts, first)
    compiled.matches(facts, second)
    assert first[0] is second[0]


def test_results_tell_what_was_seen() -> None:
    assert judged(
        All((Test("header:X-Spam", "equals", ("yes",)), Test("size", "less", ("1",))))
    ) == [
        TestResult("header:X-Spam", "equals", ("yes",), "YES", matched=True),
        TestResult("size", "less", ("1",), "2000", matched=False),
    ]


def test_parts_that_change_nothing_are_not_looked_at() -> None:
    never = Test("subject", "contains", ("never",))
    always = Test("subject", "exists")
    assert len(judged(All((never, always)))) == 1
    assert len(judged(AnyOf((always, never)))) == 1


def test_a_result_is_not_taken_over_from_another_message() -> None:
    compiled = compile_condition(Test("subject", "contains", ("a",)), 1, time.perf_counter)
    seen = []
    for subject in (b"a", b"b", b"b", b"cat"):
        results: list[TestResult] = []
        facts = Facts(HeaderSection.parse(b"Subject: " + subject + b"\r\n\r\n"), "", 1)
        compiled.matches(facts, results)
        seen.append((results[0].seen, results[0].matched))
    assert seen == [("a", True), ("b", False), ("b", False), ("cat", True)]


def test_a_hostile_regular_expression_is_stopped() -> None:
    """Without the limit this search takes seconds, and ends: then the test fails."""
    head = b"Subject: " + b"a" * 32 + b"!\r\n\r\n"
    facts = Facts(HeaderSection.parse(head), "", 1)
    hostile = Test("subject", "regex", (r"(a|aa)+\d",))
    compiled = compile_condition(hostile, 0.03, time.perf_counter)
    with pytest.raises(TimeoutError):
        compiled.matches(facts, [])
    assert facts.patience_s < 0.98


def test_many_regular_expressions_share_one_limit() -> None:
    facts = Facts(HeaderSection.parse(b"Subject: " + b"a" * 23 + b"!\r\n\r\n"), "", 1)
    slow = tuple(rf"(a|aa)+{n}" for n in range(60))
    compiled = compile_condition(Test("subject", "regex", slow), 0.1, time.perf_counter)
    with pytest.raises(TimeoutError):
        compiled.matches(facts, [])


def test_patience_is_bounded_for_all_of_a_message() -> None:
    ticks = iter(range(1000))
    clock: Callable[[], float] = lambda: next(ticks) * 0.06
    test = Test("subject", "regex", ("x", "y", "z"))
    hostile = [compile_condition(test, 0.1, clock) for _ in range(20)]
    facts = Facts(HeaderSection.parse(HEAD), "", 1)
    for compiled in hostile:
        with pytest.raises(TimeoutError):
            compiled.matches(facts, [])
    assert facts.patience_s <= 0
    with pytest.raises(TimeoutError, match="before it"):
        compile_condition(test, 0.1, clock).matches(facts, [])


def test_a_pattern_costs_a_message_its_time_once_for_all_mailboxes() -> None:
    ticks = iter(range(1000))
    clock: Callable[[], float] = lambda: next(ticks) * 0.06
    hostile = compile_condition(Test("subject", "regex", ("x", "y", "z")), 0.1, clock)
    facts = Facts(HeaderSection.parse(HEAD), "", 1)
    left = []
    for number in range(5):
        with pytest.raises(TimeoutError):
            hostile.matches(facts.for_mailbox(f"m{number}@example.org"), [])
        left.append(facts.patience_s)
    assert len(set(left)) == 1


@pytest.mark.parametrize(
    ("test", "where"),
    [
        (Test("subjet", "contains", ("a",)), "field"),
        (Test("subject", "contain", ("a",)), "op"),
        (Test("subject", "greater", ("1",)), "op"),
        (Test("size", "contains", ("1",)), "op"),
        (Test("from.domian", "equals", ("a",)), "field"),
        (Test("from.", "equals", ("a",)), "field"),
        (Test("subject.domain", "equals", ("a",)), "field"),
        (Test("envelope_sender.name", "equals", ("a",)), "field"),
        (Test("read", "equals", ("seen",)), "value"),
        (Test("priority", "not_equals", ("urgent",)), "value"),
        (Test("size", "greater", ("ten",)), "value"),
        (Test("subject", "contains"), "value"),
        (Test("subject", "contains", ("",)), "value"),
        (Test("subject", "regex", ("(",)), "value"),
        (Test("subject", "exists", ("a",)), "value"),
        (Test("subject", "contains", ("a" * 1001,)), "value"),
        (Test("subject", "contains", ("a",) * 10_001), "value"),
    ],
)
def test_complaints_name_place_and_remedy(test: Test, where: str) -> None:
    found = list(complaints(All((YES, Not(test)))))
    assert [complaint.where for complaint in found] == [f"condition 2: not: {where}"]
    assert found[0].remedy


def test_nesting_is_bounded() -> None:
    condition: Condition = YES
    for _ in range(MAX_DEPTH + 5):
        condition = Not(condition)
    assert len(list(complaints(condition))) == 1


@pytest.mark.parametrize(
    ("text", "octets"),
    [("0", 0), ("512", 512), ("10MB", 10_000_000), ("1 KiB", 1024), ("1.5 mib", 1_572_864)],
)
def test_sizes(text: str, octets: int) -> None:
    assert size_octets(text) == octets


@pytest.mark.parametrize("text", ["", "MB", "-1", "1 PB", "1e9", "10 apples", "1,500MB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="a size is a number and a unit"):
        size_octets(text)
