"""A form read as a rule, with each fault beside what it concerns. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.rules.reader import read_rule
from bitrixmail.rules.syntax import dump_data, parse_rules, rule_to_data
from bitrixmail.rules.words import place_of
from bitrixmail.web.rule_form.form import Form, Part, data_of, form_from

Faults = dict[str, list[Fault]]
_WHERE = "form"
_FIELDS = {
    "mailbox": "whose",
    "domain": "whose",
    "condition": "c",
    "match": "c",
    "action": "a",
}


def rule_of(form: Form) -> tuple[Rule, Faults]:
    """Read a form as a rule; the faults are by the path of what they concern."""
    faults: list[Fault] = []
    rule = read_rule(data_of(form), 1, _WHERE, faults)
    return rule, placed(form, faults)


def placed(form: Form, faults: Iterable[Fault]) -> Faults:
    """Sort faults by what they concern; those of the whole rule are at the empty path."""
    found: Faults = {}
    for fault in faults:
        where = fault.where
        for start in (_place(form), place_of(form.name)):
            where = where.removeprefix(start).removeprefix(": ")
        path, rest = _path(form, where)
        found.setdefault(path, []).append(Fault(rest, fault.what, fault.remedy))
    return found


def _place(form: Form) -> str:
    return place_of(form.name, _WHERE) if form.name else f"{_WHERE}: rule 1"


def _path(form: Form, where: str) -> tuple[str, str]:
    """Split where a fault is into the path of what it concerns, and what of it."""
    first, _, rest = where.partition(": ")
    word, _, number = first.partition(" ")
    if word == "action" and number.isdigit():
        return f"a.{int(number) - 1}", rest
    if word == "condition" and number.isdigit():
        if form.root.kind == "none":
            return _below(form.root, "c", rest)
        return _down(form.root, "c", where)
    return _FIELDS.get(first, first if first.isidentifier() else ""), rest


def _down(part: Part, path: str, where: str) -> tuple[str, str]:
    """Go to the part that the rest of a place speaks of: from a group to one of its parts."""
    first, _, rest = where.partition(": ")
    word, _, number = first.partition(" ")
    place = int(number) - 1 if word == "condition" and number.isdigit() else -1
    if 0 <= place < len(part.parts):
        return _below(part.parts[place], f"{path}.{place}", rest)
    return path, where


def _below(part: Part, path: str, where: str) -> tuple[str, str]:
    if part.kind == "none":
        inner = where.removeprefix("not: ")
        if len(part.parts) == 1:
            return _below(part.parts[0], f"{path}.0", inner)
        return _down(part, path, inner)
    return (path, where) if part.kind == "test" else _down(part, path, where)


def text_of(form: Form) -> str:
    """Write a form as the text of a file, be it right or wrong."""
    return dump_data({"rule": [data_of(form)]})


def form_of_text(text: str) -> tuple[Form, Rule]:
    """Read the text of one rule. Raises InputError with every fault."""
    found: RuleSet = parse_rules(text, "text")
    if len(found.rules) != 1:
        remedy = "to put several use the import"
        raise InputError(Fault("text", f"holds {len(found.rules)} rules, not one", remedy))
    rule = found.rules[0]
    return form_from(rule_to_data(rule)), rule


def form_of_rule(rule: Rule) -> Form:
    """Return the form of a rule."""
    data: dict[str, Any] = rule_to_data(rule)
    return form_from(data)
