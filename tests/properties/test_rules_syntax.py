from __future__ import annotations

import json
import time
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.model.errors import InputError
from bitrixmail.model.rule import All, AnyOf, Rule, RuleSet, Test
from bitrixmail.rules.conditions import compile_condition, complaints
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.operators import NEGATIVE
from bitrixmail.rules.syntax import dump_rules, parse_rules, rules_from_data, rules_to_data
from tests.corpus.fields import facts_of, full
from tests.fakes.rule_strategies import ACTIONS, CONDITIONS, LETTERS, LISTS, TESTS

TOP = st.lists(CONDITIONS, max_size=3).map(tuple)
NAMES = st.text("abcабв\"'\\#=[] ", min_size=1, max_size=9).filter(
    lambda text: text == text.strip()
)
RULES = st.builds(
    Rule,
    NAMES,
    st.one_of(st.builds(All, TOP), st.builds(AnyOf, TOP)),
    st.lists(ACTIONS, min_size=1, max_size=3).map(tuple),
    order=st.integers(-1000, 1000),
    on=st.sampled_from([frozenset({"receive"}), frozenset({"receive", "manual"})]),
    stop=st.booleans(),
    active=st.booleans(),
    domain=st.sampled_from(["", "example.org"]),
    description=st.text(LETTERS, max_size=20),
    group=st.sampled_from(["", "Рассылки"]),
)


def _groups(rules: list[Rule]) -> list[str]:
    return sorted({rule.group for rule in rules} - {""})


SETS = st.lists(RULES, max_size=4, unique_by=lambda rule: rule.name).flatmap(
    lambda rules: st.builds(
        RuleSet,
        rules=st.just(tuple(rules)),
        groups_off=st.frozensets(st.sampled_from(groups))
        if (groups := _groups(rules))
        else st.just(frozenset()),
    )
)


@settings(deadline=None, max_examples=60)
@given(SETS)
def test_rules_survive_being_written(rules: RuleSet) -> None:
    assert parse_rules(dump_rules(rules), "x") == rules
    assert rules_from_data(json.loads(json.dumps(rules_to_data(rules))), "x") == rules


@settings(deadline=None, max_examples=60)
@given(SETS, st.text(LETTERS, max_size=30))
def test_order_and_stop_hold_for_any_rules(rules: RuleSet, subject: str) -> None:
    octets = b"Subject: " + subject.encode().replace(b"\n", b" ") + b"\r\nX-A: 1\r\n" + full()
    compiled = CompiledRules.compile(rules, lists=LISTS.__getitem__)
    facts = facts_of(octets)
    steps = compiled.whole(compiled.judge(facts, "i@example.org", "example.org").trace).steps
    by_name = {rule.name: rule for rule in rules.rules}
    due = sorted(
        (rule for rule in rules.rules if rule.active and rule.group not in rules.groups_off),
        key=lambda rule: (rule.domain, rule.order),
    )
    assert [step.rule for step in steps] == [rule.name for rule in due[: len(steps)]]
    stops = [
        step.matched
        and (by_name[step.rule].stop or step.actions[-1] in ("discard", "quarantine", "stop")
             or "stop" in step.actions or step.actions[-1].startswith("reject"))
        for step in steps
    ]  # fmt: skip
    assert not any(stops[:-1])
    assert len(steps) == len(due) or stops[-1]


@settings(deadline=None, max_examples=150)
@given(TESTS, st.sampled_from([full(), b"", b"Subject: 1\r\n\r\n", full()[:900]]))
def test_a_sound_test_has_an_answer_and_its_negation_the_other(test: Test, octets: bytes) -> None:
    assert not list(complaints(test, lists=LISTS.__getitem__)) or test.lists

    def asked(test: Test) -> bool:
        compiled = compile_condition(test, 1, time.perf_counter, LISTS.__getitem__)
        return compiled.matches(facts_of(octets), [])

    matched = asked(test)
    if test.op in NEGATIVE:
        assert asked(replace(test, op=NEGATIVE[test.op])) is not matched


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["name", "condition", "action", "match", "not", "field", "op", "value",
                             "do", "on", "order", "folder", "mailbox", "domain", "exact", "x"]),
            inner, max_size=5,
        ),
    ),
    max_leaves=20,
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(JSON, max_size=3))
def test_any_data_is_rules_or_faults(data: list[object]) -> None:
    try:
        rules = rules_from_data({"rule": data}, "x")
    except InputError as error:
        named = len(error.faults)
    else:
        CompiledRules.compile(rules)
        named = 1
    assert named > 0
