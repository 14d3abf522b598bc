"""One rule read from plain values, with every fault noted on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from bitrixmail.mime.domains import to_ascii
from bitrixmail.model.address import Address
from bitrixmail.model.errors import Fault
from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Rule, Test
from bitrixmail.model.text import printable
from bitrixmail.rules.actions import (
    ARGUMENT_KEYS,
    KINDS,
    Kind,
    action_complaints,
    all_settings_complaints,
    argument_complaints,
)
from bitrixmail.rules.conditions import MAX_DEPTH, test_complaints
from bitrixmail.rules.fields import TIME_FIELDS, is_number
from bitrixmail.rules.outside import frozen
from bitrixmail.rules.schedule import schedule_fault
from bitrixmail.rules.words import Complaint, choice, place_of

_RULE_KEYS = (
    "name", "description", "group", "order", "on", "schedule", "stop", "active", "domain",
    "mailbox", "match", "condition", "action",
)  # fmt: skip
_TEST_KEYS = ("field", "op", "value", "exact", "lists")
_OCCASIONS = ("receive", "manual", "schedule")
_USUAL = ("receive", "manual")
_MATCHES = ("all", "any")
_MAX_NAME = 200
_MAX_DESCRIPTION = 2000
_MAX_ORDER = 1_000_000
_MAX_PARTS = 1000
# So many are told of each by itself: what was meant takes a while to find
_MOST_UNKNOWN = 50
_NAMES = {str: "a text", bool: "true or false", int: "a number", list: "a list", dict: "a table"}


# What a list of tables is called in a file; others hold texts.
_TABLE_LISTS = {"condition": "[[rule.condition]]", "action": "[[rule.action]]"}


def _written(key: str, value: Any, default: Any) -> str:
    """Say how a value is written that should be of the type of `default`."""
    shown = printable(str(value), 60)
    if isinstance(default, bool):
        return f"write {key} = true or {key} = false, without quotes"
    if isinstance(default, int):
        wanted = shown if isinstance(value, str) and shown.isascii() and shown.isdigit() else "10"
        return f"write a whole number, without quotes: {key} = {wanted}"
    if isinstance(default, list):
        if key in _TABLE_LISTS:
            return f"write {_TABLE_LISTS[key]} above it"
        return f'write {key} = ["{shown if isinstance(value, str) else "receive"}"]'
    if isinstance(value, list | dict):
        return f'write a single text, between quotes: {key} = "…"'
    return f'put it between quotes: {key} = "{shown.lower() if value in (True, False) else shown}"'


class _Reader:
    """Reads the keys of tables and notes faults. Made by `read_rule`, ends with it."""

    def __init__(self, place: str, faults: list[Fault]) -> None:
        self._place = place
        self._faults = faults

    def fault(self, where: str, what: str, remedy: str) -> None:
        """Note a fault at a place within the rule."""
        self._faults.append(Complaint(where, what, remedy).fault(self._place))

    def note(self, path: str, complaints: Iterable[Complaint]) -> None:
        """Note what a check found."""
        self._faults += [complaint.under(path).fault(self._place) for complaint in complaints]

    def known(self, data: Mapping[str, Any], keys: tuple[str, ...], path: str) -> None:
        """Note the keys that are unknown."""
        unknown = [key for key in data if key not in keys]
        for key in unknown[:_MOST_UNKNOWN]:
            self.fault(f"{path}{printable(key, 60)}", *choice("key", key, keys))
        if len(unknown) > _MOST_UNKNOWN:
            self.fault(path, f"{len(unknown)} keys are unknown", "see docs/rules.md")

    def get(self, data: Mapping[str, Any], key: str, path: str, default: Any) -> Any:
        """Return a value of the type of `default`, or the default if it is none."""
        value = data.get(key, default)
        if type(value) is not type(default):
            self.fault(
                f"{path}{key}", f"must be {_NAMES[type(default)]}", _written(key, value, default)
            )
            return default
        return value

    def tables(self, data: Mapping[str, Any], key: str, path: str) -> list[Any]:
        """Return a list of tables, bounded."""
        found: list[Any] = self.get(data, key, path, [])
        if len(found) > _MAX_PARTS:
            self.fault(f"{path}{key}", f"has more than {_MAX_PARTS} entries", "split the rule")
        return found[:_MAX_PARTS]

    def table(self, item: Any, path: str) -> Mapping[str, Any]:
        """Return a table, an empty one if it is none."""
        if isinstance(item, Mapping):
            return item
        self.fault(path.removesuffix(": "), "must be a table", 'write { key = "value" }')
        return {}


def read_rule(item: Any, number: int, where: str, faults: list[Fault]) -> Rule:
    """Read one rule, the `number`-th of its file `where`; faults are added, never raised."""
    name = item.get("name", "") if isinstance(item, Mapping) else ""
    named = isinstance(name, str) and name
    reader = _Reader(place_of(name, where) if named else f"{where}: rule {number}", faults)
    data = reader.table(item, "")
    reader.known(data, _RULE_KEYS, "")
    return Rule(
        name=_name(reader, data),
        condition=_joined(reader, data, "", 0),
        actions=_actions(reader, data),
        order=_order(reader, data),
        on=_occasions(reader, data),
        stop=reader.get(data, "stop", "", default=False),
        active=reader.get(data, "active", "", default=True),
        domain=_domain(reader, data),
        mailbox=_mailbox(reader, data),
        description=_description(reader, data),
        group=_name(reader, data, "group"),
        schedule=_schedule(reader, data),
    )


def _name(reader: _Reader, data: Mapping[str, Any], key: str = "name") -> str:
    name: str = reader.get(data, key, "", "")
    if key == "name" and ("name" not in data or data["name"] == ""):
        reader.fault("name", "is missing", 'every rule has its own: name = "Invoices"')
    elif len(name) > _MAX_NAME or printable(name, _MAX_NAME) != name or name != name.strip():
        reader.fault(key, f"must be one line of at most {_MAX_NAME} characters", "shorten it")
    return name


def _schedule(reader: _Reader, data: Mapping[str, Any]) -> str:
    schedule: str = reader.get(data, "schedule", "", "")
    by_clock = "schedule" in data.get("on", ()) if isinstance(data.get("on"), list) else False
    if by_clock and not schedule:
        reader.fault("schedule", "is missing", 'say when: schedule = "0 3 * * *" (daily at three)')
    elif schedule and not by_clock:
        reader.fault("schedule", 'needs the occasion "schedule"', 'write on = ["schedule"]')
    elif schedule and (fault := schedule_fault(schedule)):
        reader.fault("schedule", *fault)
    return schedule


def _description(reader: _Reader, data: Mapping[str, Any]) -> str:
    text: str = reader.get(data, "description", "", "")
    if len(text) > _MAX_DESCRIPTION:
        reader.fault("description", f"has more than {_MAX_DESCRIPTION} characters", "shorten it")
    return text


def _order(reader: _Reader, data: Mapping[str, Any]) -> int:
    order: int = reader.get(data, "order", "", 500)
    if abs(order) > _MAX_ORDER:
        reader.fault("order", f"must lie within ±{_MAX_ORDER}", "500 is the usual one")
    return order


def _occasions(reader: _Reader, data: Mapping[str, Any]) -> frozenset[str]:
    occasions = reader.get(data, "on", "", list(_USUAL))
    if not occasions:
        reader.fault("on", "names no occasion", "to switch the rule off write active = false")
    for occasion in occasions:
        if not isinstance(occasion, str) or occasion not in _OCCASIONS:
            reader.fault("on", *choice("occasion", str(occasion), _OCCASIONS))
    return frozenset(occasion for occasion in occasions if isinstance(occasion, str))


def _domain(reader: _Reader, data: Mapping[str, Any]) -> str:
    domain: str = reader.get(data, "domain", "", "")
    if not domain:
        return ""
    if "mailbox" in data:
        reader.fault("domain", "stands beside a mailbox", "leave one of them out")
    try:
        return to_ascii(domain)
    except ValueError as error:
        reader.fault("domain", str(error), "for example example.org")
        return ""


def _mailbox(reader: _Reader, data: Mapping[str, Any]) -> str:
    mailbox: str = reader.get(data, "mailbox", "", "")
    if not mailbox:
        return ""
    local_part, _, domain = mailbox.rpartition("@")
    if local_part and printable(local_part) == local_part and '"' not in local_part:
        with contextlib.suppress(ValueError):
            return Address(local_part, to_ascii(domain)).key
    reader.fault("mailbox", "is no address", "for example info@example.org")
    return ""


def _joined(reader: _Reader, data: Mapping[str, Any], path: str, depth: int) -> Condition:
    """Read `match` and `condition` of a rule or a group."""
    match: str = reader.get(data, "match", path, "all")
    if match not in _MATCHES:
        reader.fault(f"{path}match", *choice("word", match, _MATCHES))
    items = reader.tables(data, "condition", path)
    parts = tuple(
        _condition(reader, item, f"{path}condition {number}: ", depth + 1)
        for number, item in enumerate(items, 1)
    )
    return AnyOf(parts) if match == "any" else All(parts)


def _condition(reader: _Reader, item: Any, path: str, depth: int) -> Condition:
    if depth > MAX_DEPTH:
        reader.fault(path.removesuffix(": "), f"is nested more than {MAX_DEPTH} deep", "unfold it")
        return All()
    data = reader.table(item, path)
    if "not" in data:
        reader.known(data, ("not",), path)
        return Not(_condition(reader, data["not"], f"{path}not: ", depth + 1))
    if "condition" in data or "match" in data:
        reader.known(data, ("match", "condition"), path)
        return _joined(reader, data, path, depth)
    reader.known(data, _TEST_KEYS, path)
    return _test(reader, data, path)


def _test(reader: _Reader, data: Mapping[str, Any], path: str) -> Condition:
    missing = [key for key in ("field", "op") if key not in data]
    for key in missing:
        reader.fault(f"{path}{key}", "is missing", 'for example field = "subject", op = "contains"')
    test = Test(
        reader.get(data, "field", path, ""),
        reader.get(data, "op", path, ""),
        _values(reader, data, path),
        reader.get(data, "exact", path, default=False),
        _lists(reader, data, path),
    )
    well_typed = all(isinstance(data.get(key, ""), str) for key in ("field", "op"))
    if not missing and well_typed:
        noted = test.value is _UNREADABLE
        found = test_complaints(test)
        reader.note(path, (each for each in found if not (noted and each.where == "value")))
    return test


# They stand for a value about which a fault has been noted already.
_UNREADABLE = ("",)
_UNTOLD = "nobody@example.invalid"


def _values(reader: _Reader, data: Mapping[str, Any], path: str) -> tuple[str, ...]:
    value = data.get("value", [])
    values = value if isinstance(value, list) else [value]
    field = data.get("field")
    if isinstance(field, str) and is_number(field):
        values = [str(each) if type(each) in (int, float) else each for each in values]
    elif field in TIME_FIELDS:
        # TOML has days and moments of its own, which need no quotes.
        values = [str(each) if isinstance(each, date) else each for each in values]
    if not all(isinstance(each, str) for each in values):
        reader.fault(f"{path}value", "must be a text or a list of texts", "put quotes around it")
        return _UNREADABLE
    return tuple(values)


def _lists(reader: _Reader, data: Mapping[str, Any], path: str) -> tuple[str, ...]:
    names = data.get("lists", [])
    names = names if isinstance(names, list) else [names]
    if not all(isinstance(name, str) for name in names):
        remedy = 'for example lists = ["partners.txt"]'
        reader.fault(f"{path}lists", "must be the name of a file, or a list of them", remedy)
        return ()
    return tuple(names)


def _actions(reader: _Reader, data: Mapping[str, Any]) -> tuple[Action, ...]:
    items = reader.tables(data, "action", "")
    if not items and data.get("stop") is not True:
        reader.fault("action", "is missing", "say what to do, or stop = true")
    return tuple(_action(reader, item, f"action {n}: ") for n, item in enumerate(items, 1))


def _action(reader: _Reader, item: Any, path: str) -> Action:
    data = reader.table(item, path)
    if "do" not in data:
        reader.fault(f"{path}do", "is missing", f"use one of {', '.join(KINDS)}")
        return Action("")
    do: str = reader.get(data, "do", path, "")
    kind = KINDS.get(do)
    allowed = ARGUMENT_KEYS if kind is None else (kind.key,) if kind.key else ()
    if kind is not None:
        allowed = (*allowed, *kind.settings)
    reader.known(data, ("do", *allowed), path)
    if kind is None:
        if isinstance(data["do"], str):
            reader.note(path, action_complaints(Action(do)))
        return Action(do)
    data = _as_one_text(reader, data, kind, path)
    argument: str = reader.get(data, kind.key, path, "") if kind.key else ""
    given = {name: data[name] for name in kind.settings if name in data}
    settings = frozen(kind.settings, given)
    if type(data.get(kind.key, "")) is str:
        problems = list(argument_complaints(Action(do, argument)))
        problems += all_settings_complaints(kind, given)
        reader.note(path, problems)
        if not problems and argument:
            argument = kind.normal(argument)
    return Action(do, argument, settings)


def _as_one_text(
    reader: _Reader, data: Mapping[str, Any], kind: Kind, path: str
) -> Mapping[str, Any]:
    """Return an action whose argument is one text, where several in a list are allowed."""
    found = data.get(kind.key)
    if not kind.several or not isinstance(found, list):
        return data
    for number, each in enumerate(found, 1):
        if not isinstance(each, str) or "," in each:
            what = f"entry {number} of it, {printable(repr(each), 60)}, is not one address"
            remedy = f'write a text, or a list of them: {kind.key} = ["boss@example.org"]'
            reader.fault(f"{path}{kind.key}", what, remedy)
            return {**data, kind.key: _UNTOLD}
    return {**data, kind.key: ", ".join(found)}
