"""What is said of rules holds for any of them: in words, in lint, and of one by another."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Rule, RuleSet, Test
from bitrixmail.model.text import printable
from bitrixmail.rules.conditions import compile_condition
from bitrixmail.rules.difference import difference
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.implied import Budget, contradiction, implies, plain
from bitrixmail.rules.lint import lint
from bitrixmail.rules.sentences import LANGUAGES, sentence
from tests.properties.test_rules_syntax import SETS

# Few letters and few fields, so that conditions have much to do with one another.
WORDS = st.text("abA ", min_size=1, max_size=3)
VALUES = st.lists(WORDS, min_size=1, max_size=2).map(tuple)
TESTS = st.one_of(
    st.builds(
        Test,
        st.sampled_from(["subject", "header:X-A", "header:x-none"]),
        st.sampled_from(
            ["contains", "not_contains", "equals", "not_equals", "starts_with", "ends_with"]
        ),
        VALUES,
        st.booleans(),
    ),
    st.builds(Test, st.sampled_from(["subject", "header:X-A", "cc"]), st.just("exists")),
    st.builds(
        Test,
        st.just("size"),
        st.sampled_from(["less", "greater", "equals", "not_equals"]),
        st.lists(st.sampled_from(["0", "1KB", "1 KiB", "2000"]), min_size=1, max_size=2).map(tuple),
    ),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
MESSAGES = st.tuples(WORDS, st.lists(WORDS, max_size=2), st.sampled_from([500, 1000, 1024, 3000]))
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=8)


def facts(message: tuple[str, list[str], int]) -> Facts:
    subject, others, size = message
    fields = [f"Subject: {subject}\r\n", *(f"X-A: {other}\r\n" for other in others)]
    head = ("".join(fields) + "\r\n").encode()
    return Facts(HeaderSection.parse(head), "a@b.ru", size)


def holds(condition: Condition, message: tuple[str, list[str], int]) -> bool:
    compiled = compile_condition(condition, 0.1, lambda: 0.0)
    return compiled.matches(facts(message).for_mailbox("i@example.org", "i@example.org"), [])


@settings(deadline=None, max_examples=100)
@given(CONDITIONS, CONDITIONS, MESSAGES)
def test_what_is_claimed_of_conditions_is_true(
    one: Condition, other: Condition, message: tuple[str, list[str], int]
) -> None:
    assert holds(plain(one), message) is holds(one, message)
    if implies(plain(one), plain(other), Budget(10_000)):
        assert holds(other, message) or not holds(one, message)
    if contradiction(plain(All((one, other))), Budget(10_000)) is not None:
        assert not (holds(one, message) and holds(other, message))


@settings(deadline=None, max_examples=30)
@given(SETS, SETS)
def test_nothing_is_too_odd_to_be_told(old: RuleSet, new: RuleSet) -> None:
    for each in lint(new):
        assert each.what
    for rule in new.rules:
        said = [sentence(rule, language, off=True) for language in LANGUAGES]
        assert all(text.endswith(".") and printable(text, 10**6) == text for text in said)
    assert difference(old, new).any or old == new
    assert not difference(new, new).any


# Also rules that no file can hold: of another version of the program.
ODD_TESTS = st.builds(
    Test, ANYTHING, ANYTHING, st.lists(ANYTHING, max_size=8).map(tuple), st.booleans(),
    st.lists(ANYTHING, max_size=2).map(tuple),
)  # fmt: skip
ODD = st.builds(
    Rule,
    ANYTHING,
    st.one_of(
        ODD_TESTS, st.builds(Not, ODD_TESTS), st.builds(All, st.tuples(ODD_TESTS, ODD_TESTS))
    ),
    st.lists(st.builds(Action, ANYTHING, ANYTHING), max_size=3).map(tuple),
    on=st.frozensets(ANYTHING, max_size=2),
    schedule=ANYTHING,
    group=ANYTHING,
)


@settings(deadline=None, max_examples=40)
@given(st.lists(ODD, max_size=3).map(tuple))
def test_rules_of_another_program_are_told_too(rules: tuple[Rule, ...]) -> None:
    lint(RuleSet(1, rules))
    for rule in rules:
        for language in LANGUAGES:
            json.dumps(sentence(rule, language))
