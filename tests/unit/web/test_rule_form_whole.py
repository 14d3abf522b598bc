"""Every rule goes into the form of the pages and comes back as it was."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Rule, RuleSet
from bitrixmail.rules.syntax import dump_rules, parse_rules
from bitrixmail.web.rule_form.form import Part, fields_of, form_of
from bitrixmail.web.rule_form.lines import lines_of, table_lines, table_of, texts_of
from bitrixmail.web.rule_form.reading import form_of_rule, form_of_text, rule_of, text_of
from tests.fakes.rule_strategies import ACTIONS, CONDITIONS, LETTERS

_NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=20)
_OUTSIDE = st.sampled_from(
    [
        Action("reply", settings=(("text", "A\n\nB {from_name}"), ("once_per", "7d"))),
        Action("reply", settings=(("text", "\nA"), ("days_to_answer", 2), ("only_if_named", True))),
        Action("forward", "a@example.net, b@example.net"),
        Action("webhook", "https://crm.example.org/mail", (("headers", (("X-A", "a = b"),)),)),
        Action("bitrix24", "crm", (("entity", "lead"), ("fields", (("TITLE", "a\nb"),)))),
        Action("ticket", settings=(("subject_patterns", (r"\[#(\d+)\]", '"(1)"')),)),
        Action("command", "invoice", (("values", (("branch", " Moscow "), ("b", ""))),)),
        Action("spam", settings=(("scope", "mailbox"),)),
        Action("python", "shop.book"),
    ]
)
RULES = st.builds(
    Rule,
    name=_NAMES,
    condition=CONDITIONS,
    actions=st.lists(st.one_of(ACTIONS, _OUTSIDE), min_size=1, max_size=4).map(tuple),
    order=st.integers(-1000, 1000),
    on=st.sampled_from([frozenset({"receive", "manual"}), frozenset({"manual"})]),
    stop=st.booleans(),
    active=st.booleans(),
    domain=st.just(""),
    mailbox=st.sampled_from(["", "info@example.org"]),
    description=st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20),
    group=st.sampled_from(["", "A group"]),
)


def _known(rule: Rule) -> Rule:
    """Return a rule as its file gives it back."""
    return parse_rules(dump_rules(RuleSet(rules=(rule,))), "f").rules[0]


def _sent(fields: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Send fields as a browser does: its line breaks are its own, and what is empty is sent too."""
    lines = {
        name: [value.replace("\n", "\r\n") for value in values] for name, values in fields.items()
    }
    text = urlencode(lines, doseq=True)
    return {name: tuple(values) for name, values in parse_qs(text, keep_blank_values=True).items()}


@settings(max_examples=25)
@given(RULES)
def test_a_rule_comes_back_from_its_form(rule: Rule) -> None:
    known = _known(rule)
    found, faults = rule_of(form_of(_sent(fields_of(form_of_rule(known)))))
    assert (found, faults) == (known, {})


@settings(max_examples=25)
@given(RULES)
def test_a_rule_comes_back_from_its_text(rule: Rule) -> None:
    known = _known(rule)
    form, found = form_of_text(text_of(form_of_rule(known)))
    assert found == known
    assert form == form_of_rule(known)


@given(st.lists(st.text(LETTERS)))
def test_texts_one_a_line(texts: list[str]) -> None:
    assert texts_of(lines_of(texts)) == texts
    assert texts_of(lines_of(texts).replace("\n", "\r\n")) == texts


@given(st.dictionaries(_NAMES.filter(lambda name: "=" not in name), st.text(LETTERS)))
def test_tables_one_a_line(table: dict[str, str]) -> None:
    assert table_of(table_lines(table)) == table


@given(st.dictionaries(st.text(max_size=12), st.lists(st.text(LETTERS, max_size=9)).map(tuple)))
def test_whatever_is_sent_is_a_form(fields: dict[str, tuple[str, ...]]) -> None:
    rule_of(form_of(fields))


def _depths(condition: Condition) -> int:
    if isinstance(condition, Not):
        return 1 + _depths(condition.part)
    if isinstance(condition, All | AnyOf):
        return 1 + max(map(_depths, condition.parts), default=0)
    return 1


@given(st.lists(st.sampled_from(["all", "any", "none"]), max_size=40))
def test_depth_has_an_end(kinds: list[str]) -> None:
    part = Part()
    for kind in kinds:
        part = Part(kind, [part])
    form = form_of_rule(Rule("a", All(), (Action("flag"),)))
    form.root = Part("all", [part])
    rule, _ = rule_of(form_of(fields_of(form)))
    assert _depths(rule.condition) < 30
