"""Rules as people write them (TOML) and as they are kept (JSON), to and from their values.

Everything wrong in a file is found at one reading, each fault with its place and a remedy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Rule, RuleSet, Test
from bitrixmail.model.text import printable
from bitrixmail.model.toml import read_toml
from bitrixmail.model.work import plain
from bitrixmail.rules.actions import KINDS
from bitrixmail.rules.reader import read_rule

MAX_RULES = 10_000
MAX_TEXT = 8 * 1024 * 1024
_DEFAULT = Rule("", All(), ())


def parse_rules(text: str, where: str) -> RuleSet:
    """Read a file of rules; `where` names it in faults. Raises InputError with all of them."""
    if len(text) > MAX_TEXT:
        raise InputError(Fault(where, f"has more than {MAX_TEXT} characters", "split it"))
    data = read_toml(text, where, "see docs/rules.md")
    faults = [
        Fault(
            f"{where}: {printable(key, 60)}", "does not belong here", "rules stand below [[rule]]"
        )
        for key in data
        if key not in ("rule", "groups_off")
    ]
    try:
        found = rules_from_data(data, where)
    except InputError as error:
        raise InputError(*faults, *error.faults) from None
    if faults:
        raise InputError(*faults)
    return found


def rules_from_data(data: Mapping[str, Any], where: str) -> RuleSet:
    """Read rules from plain lists and dictionaries, shaped as in a file.

    The version of the set is 0: a rulebook counts. Raises InputError with every fault.
    """
    items = data.get("rule", [])
    if not isinstance(items, list):
        raise InputError(Fault(f"{where}: rule", "is no list", "write [[rule]]"))
    if len(items) > MAX_RULES:
        raise InputError(Fault(where, f"has more than {MAX_RULES} rules", "remove some"))
    faults: list[Fault] = []
    rules = [read_rule(item, number, where, faults) for number, item in enumerate(items, 1)]
    seen: set[str] = set()
    for rule in rules:
        if rule.name and rule.name in seen:
            place = f'{where}: rule "{rule.name}"'
            faults.append(Fault(place, "stands there twice", "give each rule its own name"))
        seen.add(rule.name)
    groups_off = data.get("groups_off", [])
    if not isinstance(groups_off, list) or not all(type(each) is str for each in groups_off):
        faults.append(Fault(f"{where}: groups_off", "is no list of names", 'write ["a group"]'))
        groups_off = []
    for group in groups_off:
        if group not in {rule.group for rule in rules}:
            place = f'{where}: groups_off: "{printable(group, 60)}"'
            faults.append(Fault(place, "no rule is in that group", "take it out"))
    if faults:
        raise InputError(*faults)
    return RuleSet(rules=tuple(rules), groups_off=frozenset(groups_off))


def rules_to_data(rules: RuleSet) -> dict[str, Any]:
    """Return rules as lists and dictionaries of plain values, fit for JSON and TOML.

    What has its default is left out. `rules_from_data` gives the same rules back.
    """
    data: dict[str, Any] = {}
    if rules.groups_off:
        data["groups_off"] = sorted(rules.groups_off)
    if rules.rules:
        data["rule"] = [rule_to_data(rule) for rule in rules.rules]
    return data


def dump_rules(rules: RuleSet) -> str:
    """Write rules as a file; `parse_rules` gives the same rules back."""
    return dump_data(rules_to_data(rules))


def dump_data(whole: Mapping[str, Any]) -> str:
    """Write plain values as a file, be they right or wrong as rules."""
    document = tomlkit.document()
    written = tomlkit.aot()
    if "groups_off" in whole:
        document.add("groups_off", whole["groups_off"])
    for data in whole.get("rule", ()):
        table = tomlkit.table()
        for key, value in data.items():
            if key in ("condition", "action"):
                entries = tomlkit.aot()
                for entry in value:
                    entries.append(tomlkit.item(_inlined(entry)))
                table.add(key, entries)
            else:
                table.add(key, value)
        written.append(table)
    if written:
        document.add("rule", written)
    return tomlkit.dumps(document)


def _inlined(entry: Mapping[str, Any]) -> Any:
    """Make a table whose nested conditions stand on one line, else TOML needs `[[a.b.c]]`."""
    table = tomlkit.table()
    for key, value in entry.items():
        table.add(key, _inline(value) if key in ("condition", "not") else value)
    return table


def _inline(value: Any) -> Any:
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        for key, inner in value.items():
            table.add(key, _inline(inner))
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend([_inline(inner) for inner in value])
        return array
    return value


def rule_to_data(rule: Rule) -> dict[str, Any]:
    """Return one rule as plain values, see `rules_to_data`."""
    data: dict[str, Any] = {"name": rule.name}
    for key in ("description", "group", "order", "stop", "active", "schedule", "domain", "mailbox"):
        if getattr(rule, key) != getattr(_DEFAULT, key):
            data[key] = getattr(rule, key)
    if rule.on != _DEFAULT.on:
        data["on"] = sorted(rule.on)
    condition = rule.condition
    if isinstance(condition, AnyOf):
        data["match"] = "any"
    parts = condition.parts if isinstance(condition, All | AnyOf) else (condition,)
    if parts:
        data["condition"] = [_condition_data(part) for part in parts]
    if rule.actions:
        data["action"] = [_action_data(action) for action in rule.actions]
    return data


def _condition_data(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, Not):
        return {"not": _condition_data(condition.part)}
    if isinstance(condition, All | AnyOf):
        return {
            "match": "all" if isinstance(condition, All) else "any",
            "condition": [_condition_data(part) for part in condition.parts],
        }
    return _test_data(condition)


def _test_data(test: Test) -> dict[str, Any]:
    data: dict[str, Any] = {"field": test.field, "op": test.op}
    if len(test.value) == 1:
        data["value"] = test.value[0]
    elif test.value:
        data["value"] = list(test.value)
    if test.exact:
        data["exact"] = True
    if test.lists:
        data["lists"] = list(test.lists)
    return data


def _action_data(action: Action) -> dict[str, Any]:
    data: dict[str, Any] = {"do": action.do}
    if action.argument:
        kind, several = KINDS[action.do], action.argument.split(", ")
        data[kind.key] = several if kind.several and several[1:] else action.argument
    return data | plain(action.settings)
