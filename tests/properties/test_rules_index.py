"""Rules looked up decide as rules asked one by one would."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Rule, RuleSet, Test
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts

# Few letters, so that values meet texts often.
WORDS = st.text("aбВ ", max_size=3)
TESTS = st.builds(
    Test,
    st.sampled_from(["subject", "header:X-A", "envelope_sender"]),
    st.sampled_from(
        ["contains", "not_contains", "equals", "not_equals", "starts_with", "ends_with"]
    ),
    st.lists(WORDS.filter(bool), min_size=1, max_size=3).map(tuple),
    st.booleans(),
) | st.builds(Test, st.just("subject"), st.just("exists"))
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    TESTS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(All, st.lists(inner, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=6,
)
ACTIONS = st.sampled_from(
    [Action("move", "A"), Action("copy", "B"), Action("tag", "x"), Action("untag", "x"),
     Action("mark_read"), Action("discard"), Action("stop")]
)  # fmt: skip
RULES = st.builds(
    Rule,
    st.just(""),
    CONDITIONS,
    st.lists(ACTIONS, min_size=1, max_size=2).map(tuple),
    order=st.integers(0, 2),
    stop=st.booleans(),
    domain=st.sampled_from(["", "example.org", "example.net"]),
)
SETS = st.lists(RULES, max_size=8).map(
    lambda rules: tuple(replace(rule, name=f"{n}") for n, rule in enumerate(rules))
)


def texts(test: Test, fields: dict[str, str]) -> list[str]:
    found = fields.get(test.field)
    return [] if found is None else [found if test.exact else found.casefold()]


def fits(op: str, text: str, value: str) -> bool:
    if op == "contains":
        return value in text
    if op == "equals":
        return text.strip() == value.strip()
    return text.startswith(value) if op == "starts_with" else text.endswith(value)


def holds(condition: Condition, fields: dict[str, str]) -> bool:
    """Say what a condition means, word by word."""
    if isinstance(condition, Not):
        return not holds(condition.part, fields)
    if isinstance(condition, All):
        return all(holds(part, fields) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(holds(part, fields) for part in condition.parts)
    found = texts(condition, fields)
    if condition.op == "exists":
        return bool(found)
    wanted = [value if condition.exact else value.casefold() for value in condition.value]
    op = condition.op.removeprefix("not_")
    found_one = any(fits(op, text, value) for text in found for value in wanted)
    return found_one is (op == condition.op)


@settings(deadline=None, max_examples=150)
@given(SETS, WORDS.map(str.strip), WORDS.map(str.strip), st.text("ab", min_size=1, max_size=3))
@example((), "", "", "a")
def test_looked_up_or_asked_one_by_one(
    rules: tuple[Rule, ...], subject: str, header: str, sender: str
) -> None:
    head = f"Subject: {subject}\r\nX-A: {header}\r\n\r\n".encode()
    fields = {"subject": subject, "header:X-A": header, "envelope_sender": sender}
    compiled = CompiledRules.compile(RuleSet(1, rules))
    facts = Facts(HeaderSection.parse(head), sender, 100).for_mailbox("i@example.org")
    plan = compiled.judge(facts, "i@example.org", "example.org")
    due = sorted(
        (rule for rule in rules if rule.domain != "example.net"),
        key=lambda rule: (rule.domain, rule.order),
    )
    expected = []
    for rule in due:
        matched = holds(rule.condition, fields)
        expected.append((rule.name, matched))
        ends = any(action.do in ("discard", "stop") for action in rule.actions)
        if matched and (rule.stop or ends):
            break
    steps = compiled.whole(plan.trace).steps
    assert [(step.rule, step.matched) for step in steps] == expected
    taken = [step for step in plan.trace.steps if step.matched]
    assert [step.rule for step in taken] == [name for name, matched in expected if matched]
    for step in steps:
        assert step.matched or all(not test.matched for test in step.tests) or step.tests
