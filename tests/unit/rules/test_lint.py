"""Rules that are well written and yet wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Rule, RuleSet, Test
from bitrixmail.rules.lint import lint

MOVE, DELETE, DISCARD = (Action("move", "A"),), (Action("delete"),), (Action("discard"),)


def text(op: str, *value: str, field: str = "subject", exact: bool = False) -> Test:
    return Test(field, op, value, exact)


def codes(*rules: Rule, groups_off: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    found = lint(RuleSet(1, rules, groups_off))
    assert all(each.what and each.remedy and each.kind in ("warning", "note") for each in found)
    return [(each.rule, each.code) for each in found]


SIZE = {"field": "size"}


@pytest.mark.parametrize(
    "condition",
    [
        All((text("equals", "a"), text("equals", "b"))),
        All((text("equals", "a"), text("not_equals", "A"))),
        All((text("equals", "abc", "abd"), text("not_contains", "AB"))),
        All((text("contains", "invoice"), Not(text("contains", "voice")))),
        All((text("equals", "abc"), text("starts_with", "b"))),
        All((text("starts_with", "a"), text("starts_with", "b", "c"))),
        All((text("ends_with", "a"), text("ends_with", "b"))),
        All((Test("cc", "exists"), Not(Test("cc", "exists")))),
        All((text("contains", "x", field="cc"), Not(Test("cc", "exists")))),
        All((Test("size", "less", ("1KB",)), Test("size", "greater", ("1MB",)))),
        All((Test("size", "equals", ("1KB",)), Test("size", "greater", ("1MB",)))),
        All((Test("size", "equals", ("1KB",)), Test("size", "equals", ("1 KiB",)))),
        Test("size", "less", ("0",)),
        Test("from.domain", "equals", ("",)),
        Test("from.domain", "equals", ("a@b.ru",)),
        AnyOf(),
        Not(All()),
        All((text("equals", "a"), All((text("contains", "a"), AnyOf((text("equals", "b"),)))))),
        AnyOf((AnyOf(), All((text("equals", "a"), text("equals", "b"))))),
        Not(AnyOf((text("contains", "a"), Not(text("equals", "abc"))))),
    ],
)
def test_what_can_never_match(condition: Condition) -> None:
    assert codes(Rule("x", condition, MOVE)) == [("x", "never-matches")]


@pytest.mark.parametrize(
    "condition",
    [
        All((text("equals", "a", "b"), text("equals", "b", "c"))),
        All((text("equals", "a", exact=True), text("not_equals", "A", exact=True))),
        All((text("contains", "a"), text("contains", "b"))),
        # One recipient may be the one, another the other.
        All((text("equals", "a@b", field="to"), text("equals", "c@d", field="to"))),
        All((text("contains", "voice"), text("not_contains", "invoice"))),
        All((text("starts_with", "a"), text("starts_with", "ab"))),
        All((Test("size", "greater", ("1KB",)), Test("size", "less", ("1MB",)))),
        All((Test("size", "greater", ("1MB", "1KB")), Test("size", "less", ("2KB",)))),
        AnyOf((text("equals", "a"), text("equals", "b"))),
        All((text("equals", "a"), AnyOf((text("equals", "b"), text("equals", "a"))))),
        Not(AnyOf()),
        All((Test("subject", "equals", ("a",), lists=("l.txt",)), text("equals", "b"))),
        Test("from.domain", "equals", ("", "b.ru")),
    ],
)
def test_what_may_match(condition: Condition) -> None:
    assert codes(Rule("x", condition, MOVE)) == []


A = text("contains", "invoice")
STOP = Rule("first", A, MOVE, stop=True)


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (STOP, Rule("later", A, MOVE)),
        (STOP, Rule("later", All((A, text("contains", "x"))), MOVE)),
        (STOP, Rule("later", text("equals", "Invoice 1", "invoices"), MOVE)),
        (STOP, Rule("later", text("starts_with", "the invoice"), MOVE, mailbox="i@example.org")),
        (replace(STOP, domain="example.org"), Rule("later", A, MOVE, domain="example.org")),
        (replace(STOP, domain="example.org"), Rule("later", A, MOVE, mailbox="i@example.org")),
        (Rule("first", A, (Action("quarantine"),)), Rule("later", A, MOVE)),
        (Rule("first", A, (Action("stop"),)), Rule("later", A, MOVE)),
        (replace(STOP, condition=AnyOf((text("equals", "q"), A))), Rule("later", A, MOVE)),
        (replace(STOP, condition=text("not_contains", "ab")),
         Rule("later", text("not_contains", "a"), MOVE)),
        (replace(STOP, condition=Test("cc", "exists")),
         Rule("later", text("regex", "x.", field="cc"), MOVE)),
        (replace(STOP, condition=Test("size", "greater", ("1MB",))),
         Rule("later", Test("size", "greater", ("2MB",)), MOVE)),
        (replace(STOP, condition=Test("size", "less", ("1MB",))),
         Rule("later", Test("size", "equals", ("1KB",)), MOVE)),
        (replace(STOP, condition=Test("subject", "equals", ("a",), lists=("l", "m"))),
         Rule("later", Test("subject", "equals", lists=("l",)), MOVE)),
    ],
)  # fmt: skip
def test_what_another_rule_takes_away(first: Rule, later: Rule) -> None:
    assert codes(first, later) == [("later", "shadowed")]
    # Not so in the other order, or without an end, or when the first is not asked at all.
    assert codes(replace(first, order=501), later) == (
        [("later", "shadowed")] if later.mailbox and not first.mailbox else []
    )
    assert codes(replace(first, stop=False, actions=MOVE), later) == []
    assert codes(replace(first, active=False), later) == []
    assert codes(replace(first, on=frozenset({"receive"})), later) == []


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (STOP, Rule("later", text("contains", "voice"), MOVE)),
        (STOP, Rule("later", AnyOf((A, text("contains", "x"))), MOVE)),
        (replace(STOP, mailbox="a@example.org"), Rule("later", A, MOVE)),
        (replace(STOP, mailbox="a@example.org"), Rule("later", A, MOVE, mailbox="b@example.org")),
        (replace(STOP, condition=text("contains", "A", exact=True)),
         Rule("later", text("contains", "a"), MOVE)),
        (replace(STOP, condition=text("contains", "A", exact=True)),
         Rule("later", text("contains", "A"), MOVE)),
        (replace(STOP, condition=text("equals", "ab")), Rule("later", text("contains", "ab"), MOVE)),
        (replace(STOP, condition=text("equals", "ab", field="from")),
         Rule("later", text("equals", "ab", field="to"), MOVE)),
        # A rule between them may set the tag.
        (replace(STOP, condition=text("equals", "x", field="tag")),
         Rule("later", text("equals", "x", field="tag"), MOVE)),
        (STOP, Rule("later", A, MOVE, on=frozenset({"schedule"}), schedule="0 3 * * *")),
        (replace(STOP, on=frozenset({"schedule"}), schedule="0 4 * * *"),
         Rule("later", A, MOVE, on=frozenset({"schedule"}), schedule="0 3 * * *")),
    ],
)  # fmt: skip
def test_what_no_other_rule_takes_away(first: Rule, later: Rule) -> None:
    assert codes(first, later) == []


def test_nothing_comes_behind_a_rule_that_stops_all() -> None:
    first = Rule("first", All(), MOVE, stop=True)
    assert codes(Rule("before", A, MOVE), first, Rule("later", A, MOVE)) == [
        ("later", "after-stop")
    ]


@pytest.mark.parametrize("do", ["delete", "discard", "reject", "quarantine"])
def test_harm_without_a_condition(do: str) -> None:
    assert codes(Rule("x", All(), (Action(do),))) == [("x", "no-condition")]
    assert codes(Rule("x", Not(AnyOf()), (Action(do),), mailbox="a@b.ru")) == [
        ("x", "no-condition")
    ]
    assert codes(Rule("x", A, (Action(do),))) == []


def test_what_stands_behind_an_end_in_one_rule() -> None:
    assert codes(Rule("x", A, (Action("reject"), Action("tag", "y")))) == [("x", "after-end")]
    assert codes(Rule("x", A, (Action("stop"), Action("tag", "y")))) == []


def test_rules_of_a_group_that_is_off() -> None:
    rule = Rule("x", AnyOf(), MOVE, group="g")
    assert codes(rule, groups_off=frozenset({"g"})) == [("x", "group-off")]
    assert codes(replace(rule, active=False), groups_off=frozenset({"g"})) == []


def test_the_sender_alone_is_no_reason_to_refuse() -> None:
    sender = text("equals", "a@b.ru", field="from.address")
    assert codes(Rule("x", sender, DISCARD)) == [("x", "forgeable")]
    assert codes(Rule("x", sender, DELETE)) == []
    other = text("ends_with", "@b.ru", field="envelope_sender")
    assert codes(Rule("x", All((sender, other)), DISCARD)) == []


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [("invoice", True), (r"\[SPAM\]", True), (r"\d", False), ("a|b", False), ("^a", False)],
)
def test_expressions_that_are_plain_text(pattern: str, plain: bool) -> None:
    found = lint(RuleSet(1, (Rule("x", text("regex", pattern), MOVE),)))
    assert [each.code for each in found] == (["plain-regex"] if plain else [])
    if pattern.startswith("\\["):
        assert 'value = "[SPAM]"' in found[0].remedy


@pytest.mark.parametrize(
    ("reply", "found"), [("We have moved", []), ("Мы переехали", [("x", "reject-text")])]
)
def test_a_rejection_that_few_can_read(reply: str, found: list[tuple[str, str]]) -> None:
    assert codes(Rule("x", A, (Action("reject", reply),))) == found
    assert codes(Rule("x", A, (Action("tag", reply),))) == []


OLD = Test("age", "greater", ("7d",))


@pytest.mark.parametrize(
    ("condition", "old"),
    [
        (OLD, True),
        (All((A, OLD)), True),
        (AnyOf((OLD, All((A, OLD)))), True),
        (Test("age", "equals", ("7d",)), True),
        (Test("age", "equals", ("7d", "0d")), False),
        (Test("age", "less", ("7d",)), False),
        (Test("size", "greater", ("7MB",)), False),
        (AnyOf((A, OLD)), False),
        (Not(OLD), False),
    ],
)
def test_what_comes_in_has_no_age(condition: Condition, old: bool) -> None:
    rule = Rule("x", condition, MOVE)
    found = [("x", "no-age-yet")] if old else []
    assert codes(rule) == codes(replace(rule, on=frozenset({"receive"}))) == found
    assert codes(replace(rule, on=frozenset({"manual"}))) == []
    assert codes(replace(rule, on=frozenset({"schedule"}), schedule="0 3 * * *")) == []


@pytest.mark.parametrize(
    ("do", "argument", "code", "meant"),
    [
        ("flag", "flagged", "flag-name", "\\Flagged"),
        ("unflag", "Seen", "flag-name", "\\Seen"),
        ("flag", "\\Flagged", "", ""),
        ("flag", "", "", ""),
        ("flag", "$Work", "", ""),
        ("tag", "Flagged", "", ""),
        ("move", "A\\B", "folder-name", "A/B"),
        ("copy", "A\\B\\C", "folder-name", "A/B/C"),
        ("move", "A/B", "", ""),
        ("tag", "A\\B", "", ""),
    ],
)
def test_backslashes_where_they_belong(do: str, argument: str, code: str, meant: str) -> None:
    found = lint(RuleSet(1, (Rule("x", A, (Action(do, argument),)),)))
    assert [each.code for each in found] == ([code] if code else [])
    assert all(meant in each.remedy for each in found)


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (text("equals", "Flagged", field="flag"), "flag-name"),
        (text("contains", "Flagged", field="flag"), ""),
        (text("equals", "\\Flagged", field="flag"), ""),
        (text("starts_with", "A\\", field="folder"), "folder-name"),
        (text("starts_with", "A\\"), ""),
    ],
)
def test_backslashes_in_conditions(condition: Condition, code: str) -> None:
    assert codes(Rule("x", condition, MOVE)) == ([("x", code)] if code else [])


def test_many_rules_are_looked_through_in_a_moment() -> None:
    rules = [
        Rule(f"r{n}", All((text("equals", f"{n}"), text("contains", f"{n}"))), MOVE, stop=True)
        for n in range(3000)
    ]
    assert codes(*rules) == [("", "too-many")]
