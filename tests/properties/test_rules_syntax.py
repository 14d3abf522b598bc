from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.errors import InputError
from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Rule, RuleSet, Test
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.syntax import dump_rules, parse_rules, rules_from_data, rules_to_data

LETTERS = st.characters(codec="utf-8")
TEXTS = st.text(LETTERS, min_size=1, max_size=20)
TESTS = st.one_of(
    st.builds(
        Test,
        st.sampled_from(["subject", "sender", "recipient", "header:X-A", "envelope_sender"]),
        st.sampled_from(["contains", "not_contains", "equals", "starts_with", "ends_with"]),
        st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    st.builds(Test, st.just("size"), st.sampled_from(["less", "greater"]), st.just(("1 KiB", "2"))),
    st.just(Test("cc", "exists")),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
TOP = st.lists(CONDITIONS, max_size=3).map(tuple)
ACTIONS = st.sampled_from(
    [Action("move", "A/Счета"), Action("copy", "B"), Action("flag"), Action("flag", "$Work"),
     Action("tag", "счёт"), Action("reject", 'No "way"'), Action("discard"), Action("stop")]
)  # fmt: skip
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
    head = b"Subject: " + subject.encode().replace(b"\n", b" ") + b"\r\nX-A: 1\r\n\r\n"
    facts = Facts(HeaderSection.parse(head), "a@b.ru", 1500).for_mailbox("i@example.org", "i@e")
    compiled = CompiledRules.compile(rules)
    steps = compiled.whole(compiled.judge(facts, "i@example.org", "example.org").trace).steps
    by_name = {rule.name: rule for rule in rules.rules}
    due = sorted(
        (rule for rule in rules.rules if rule.active and rule.group not in rules.groups_off),
        key=lambda rule: (rule.domain, rule.order),
    )
    assert [step.rule for step in steps] == [rule.name for rule in due[: len(steps)]]
    stops = [
        step.matched
        and (by_name[step.rule].stop or step.actions[-1] in ("discard", "stop")
             or "stop" in step.actions or step.actions[-1].startswith("reject"))
        for step in steps
    ]  # fmt: skip
    assert not any(stops[:-1])
    assert len(steps) == len(due) or stops[-1]


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
