"""Rules of the old mail module carried over, and the report of what could not be, and why.

What would make a rule meet more messages than it did is never left out silently: a rule with a
condition that can't be carried over stays behind as a whole, or comes switched off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bitrixmail.admin import typed
from bitrixmail.admin.bitrix_dump import Dump, Row
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.rule import Action, All, Condition, Rule, Test
from bitrixmail.model.text import printable
from bitrixmail.rules.engine import rule_faults
from bitrixmail.rules.operators import compile_pattern

GROUP = "bitrix"
_FIELDS = {
    "SENDER": "sender", "RECIPIENT": "recipient", "SUBJECT": "subject", "BODY": "body",
    "HEADER": "headers", "ALL": "message", "ATTACHMENT": "attachment_name",
    "FROM": "from", "REPLY_TO": "reply_to", "TO": "to", "CC": "cc",
}  # fmt: skip
_OPERATORS = {
    "CONTAIN": "contains", "NOT_CONTAIN": "not_contains", "EQUAL": "equals",
    "NOT_EQUAL": "not_equals", "REGEXP": "regex",
}  # fmt: skip
_ADDRESSES = ("sender", "recipient", "from", "reply_to", "to", "cc")
_UNITS = {"": "B", "b": "B", "k": "KiB", "m": "MiB"}
_COMPARES = {"<": "less", ">": "greater"}
_DELIMITED = re.compile(r"([/#~%!@|])(.*)\1([a-zA-Z]*)", re.DOTALL)
_INLINE = "imsx"
_MEANINGLESS = "uSXJD"
_MAX_NAME = 160
_MAX_ID = 20
_MAX_DESCRIPTION = 2000
_MAX_REMARK = 400
_MAX_ORDER = 1_000_000
_MAX_PARENTS = 20


class Fate(StrEnum):
    """What became of a rule."""

    CARRIED = "carried over"
    OFF = "carried over, switched off"
    LEFT = "left out"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a rule that is not as it was, in one sentence."""

    rule: str
    old_id: str
    what: str


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """The outcome: the new rules, what became of each old one by name, and the remarks."""

    rules: tuple[Rule, ...]
    fates: tuple[tuple[str, str, Fate], ...]
    remarks: tuple[Remark, ...]


@dataclass(slots=True)
class _Making:
    """One rule in the making. Made by `_Carrier`, ends with it."""

    row: Row
    name: str
    whats: list[str] = field(default_factory=list)
    off: bool = False
    left: bool = False

    def get(self, column: str) -> str:
        """Return a column; empty if it is not there."""
        return self.row.get(column, "").strip()

    def flag(self, column: str) -> bool:
        """Tell whether a column says yes."""
        return self.get(column) == "Y"

    def note(self, what: str) -> None:
        """Note that something is not as it was; it may quote the dump, which nobody vouches for."""
        self.whats.append(printable(what, _MAX_REMARK))

    def switch_off(self, what: str) -> None:
        """Note something for which a person must look at the rule before it runs."""
        self.off = True
        self.note(what)

    def leave(self, what: str) -> None:
        """Note why the rule stays behind."""
        self.left = True
        self.note(what)


def carry_over(
    dump: Dump,
    scopes: Mapping[str, str],
    group: str = GROUP,
    taken: frozenset[str] = frozenset(),
) -> CarriedOver:
    """Turn the rules of a dump into ours, in their order, under names that are not `taken`.

    `scopes` gives for the id of a mailbox its address here or a domain; what it lacks is taken from
    the dump of the mailboxes. All new rules are in one `group`.
    """
    known = {**_addresses(dump.mailboxes), **scopes}
    conditions: dict[str, list[Row]] = {}
    for row in sorted(dump.conditions, key=lambda row: _number(row.get("ID", ""))):
        conditions.setdefault(row.get("FILTER_ID", "").strip(), []).append(row)
    rows = sorted(dump.filters, key=_place)
    carrier = _Carrier({row.get("ID", "").strip(): row for row in rows}, conditions, known)
    rules: list[Rule] = []
    fates: list[tuple[str, str, Fate]] = []
    remarks: list[Remark] = []
    for making in map(_Making, rows, _names(rows, taken)):
        rule = carrier.rule(making, group)
        if not making.left:
            for fault in rule_faults(rule):
                making.leave(f"{fault.where}: {fault.what}")
        old_id = making.get("ID")
        remarks += [Remark(making.name, old_id, what) for what in dict.fromkeys(making.whats)]
        fate = Fate.LEFT if making.left else Fate.OFF if making.off else Fate.CARRIED
        fates.append((making.name, old_id, fate))
        if not making.left:
            rules.append(rule)
    return CarriedOver(tuple(rules), tuple(fates), tuple(remarks))


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 12 else 0


def _place(row: Row) -> tuple[int, int]:
    """Return what the old module sorted by."""
    return _number(row.get("SORT", "500") or "500"), _number(row.get("ID", ""))


def _addresses(mailboxes: Iterable[Row]) -> dict[str, str]:
    """Return the addresses of the mailboxes as far as their rows tell them."""
    found: dict[str, str] = {}
    for row in mailboxes:
        for column in ("EMAIL", "LOGIN", "NAME"):
            text = row.get(column, "").strip()
            if re.fullmatch(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+", text):
                found[row.get("ID", "").strip()] = text
                break
    return found


def _names(rows: Iterable[Row], taken: frozenset[str]) -> list[str]:
    """Give each rule a name of its own."""
    names: dict[str, None] = {}
    # How often a name was taken before: a dump may have thousands of rules of one name and number
    before: dict[str, int] = {}
    for row in rows:
        old_id = printable(row.get("ID", "").strip(), _MAX_ID)
        text = " ".join(row.get("NAME", "").split()) or f"Rule {old_id}"
        plain = name = printable(text, _MAX_NAME)
        while name in names or name in taken:
            count = before[plain] = before.get(plain, 0) + 1
            name = f"{plain} ({old_id})" if count == 1 else f"{plain} ({old_id}, {count})"
        names[name] = None
    return list(names)


class _Carrier:
    """Carries rules over one by one. Made by `carry_over`, ends with it."""

    def __init__(
        self,
        filters: Mapping[str, Row],
        conditions: Mapping[str, list[Row]],
        scopes: Mapping[str, str],
    ) -> None:
        self._filters = filters
        self._conditions = conditions
        self._scopes = scopes

    def rule(self, making: _Making, group: str) -> Rule:
        """Make a rule; one that is left out is made all the same, to tell all that hinders it."""
        condition = All(tuple(self._tests(making)))
        actions = tuple(_actions(making))
        stop = making.flag("ACTION_STOP_EXEC")
        if not condition.parts and any(action.do == "delete" for action in actions):
            making.switch_off("it deletes and has no condition: it would take every message")
        if not actions and not stop:
            making.leave("nothing of what it did is left")
        scope = self._scope(making)
        on = _occasions(making)
        sort = _place(making.row)[0]
        return Rule(
            name=making.name,
            condition=condition,
            actions=actions,
            order=max(-_MAX_ORDER, min(sort, _MAX_ORDER)),
            on=on,
            stop=stop,
            active=making.get("ACTIVE") != "N" and not making.off,
            domain="" if "@" in scope else scope,
            mailbox=scope if "@" in scope else "",
            description=making.get("DESCRIPTION")[:_MAX_DESCRIPTION],
            group=group,
        )

    def _scope(self, making: _Making) -> str:
        old_id = making.get("MAILBOX_ID")
        if old_id in {"", "0"}:
            return ""
        found = self._scopes.get(old_id, "")
        if not found:
            making.leave(f"nobody said which mailbox {old_id} is (--mailbox {old_id}=ADDRESS)")
        return found

    def _tests(self, making: _Making) -> Iterable[Condition]:
        """Give all conditions that must hold, those of the rules above it first."""
        for row in self._parents(making):
            above = _Making(row, making.name)
            if above.get("ACTIVE") == "N":
                making.switch_off("the rule above it is switched off")
            yield from self._own_tests(above)
            making.whats += above.whats
            making.left = making.left or above.left
            making.off = making.off or above.off
        yield from self._own_tests(making)

    def _parents(self, making: _Making) -> list[Row]:
        found: list[Row] = []
        parent = making.get("PARENT_FILTER_ID")
        while parent not in {"", "0"}:
            row = self._filters.get(parent)
            if row is None or len(found) >= _MAX_PARENTS:
                making.leave(f"the rule above it, {parent}, is not in the dump")
                break
            found.insert(0, row)
            parent = row.get("PARENT_FILTER_ID", "").strip()
        if found:
            making.note("it ran only where the rule above it matched: it has its conditions now")
        return found

    def _own_tests(self, making: _Making) -> Iterable[Condition]:
        for row in self._conditions.get(making.get("ID"), ()):
            test = _test(making, row)
            if test is not None:
                yield test
        yield from _numbers(making)
        if making.get("PHP_CONDITION"):
            making.leave("its condition in PHP means nothing here: say it by conditions of rules")


def _test(making: _Making, row: Row) -> Test | None:
    """Make one condition; None if it has no lines, as the old module took it."""
    lines = tuple(filter(None, map(str.strip, row.get("STRINGS", "").splitlines())))
    if not lines:
        return None
    kind, compare = row.get("TYPE", "").strip().upper(), row.get("COMPARE_TYPE", "").strip().upper()
    if kind not in _FIELDS or compare not in _OPERATORS:
        making.leave(f"a condition of a kind unknown here: {printable(f'{kind} {compare}', 60)}")
        return None
    name, op = _FIELDS[kind], _OPERATORS[compare]
    if op == "regex":
        lines = tuple(_pattern(making, line) for line in lines)
    elif op in {"equals", "not_equals"} and name in _ADDRESSES:
        making.note('"equal" compared the whole field, now also each address without its name')
    return Test(name, op, lines)


def _pattern(making: _Making, line: str) -> str:
    """Turn a regular expression of PHP into ours, as people wrote it."""
    making.note(
        "its regular expression was turned into capitals before use, so that \\d meant \\D:"
        " now it means what is written"
    )
    delimited = _DELIMITED.fullmatch(line)
    pattern = line
    if delimited is not None:
        pattern, flags = delimited[2], delimited[3]
        inline = "".join(flag for flag in _INLINE if flag in flags and flag != "i")
        pattern = pattern.replace(f"\\{delimited[1]}", delimited[1])
        if "A" in flags:
            pattern = rf"\A(?:{pattern})"
        if inline:
            pattern = f"(?{inline}){pattern}"
        making.note(f"{printable(line, 60)} is written {printable(pattern, 60)} here")
        odd = "".join(sorted(set(flags) - set(_INLINE + _MEANINGLESS + "A")))
        if odd:
            making.leave(f"its regular expression has the flag {odd}, which is unknown here")
    try:
        compile_pattern(pattern, exact=False)
    except ValueError as error:
        making.leave(f"its regular expression {printable(line, 60)} can't be used: {error}")
    return pattern


def _numbers(making: _Making) -> Iterable[Test]:
    spam = _number(making.get("SPAM_RATING").partition(".")[0])
    op = _COMPARES.get(making.get("SPAM_RATING_TYPE"), "")
    if spam > 0 and op:
        making.switch_off("it asks for the spam probability: another number here, see spam.md")
        yield Test("spam_score", op, (f"{spam}",))
    size = _number(making.get("MESSAGE_SIZE"))
    op = _COMPARES.get(making.get("MESSAGE_SIZE_TYPE"), "")
    unit = _UNITS.get(making.get("MESSAGE_SIZE_UNIT").lower(), "")
    if size > 0 and op:
        if not unit:
            making.leave("it compares the size in a unit unknown here")
        yield Test("size", op, (f"{size} {unit}",))


def _actions(making: _Making) -> Iterable[Action]:
    kind = making.get("ACTION_TYPE")
    if kind:
        what = f'its template "{printable(kind, 40)}" (tickets, forums, CRM) has no counterpart yet'
        making.switch_off(f"{what}, and may have chosen messages by itself")
    if making.get("ACTION_PHP"):
        making.note("its action in PHP is left out")
    learned = {"Y": "spam", "N": "not_spam"}.get(making.get("ACTION_SPAM"))
    if learned:
        yield Action(learned)
    read = {"Y": "mark_read", "N": "mark_unread"}.get(making.get("ACTION_READ"))
    if read:
        yield Action(read)
    if making.flag("ACTION_DELETE_MESSAGE"):
        making.note("it removed messages for good: now they go into Trash")
        yield Action("delete")


def _occasions(making: _Making) -> frozenset[str]:
    columns = {"WHEN_MAIL_RECEIVED": "receive", "WHEN_MANUALLY_RUN": "manual"}
    found = frozenset(on for column, on in columns.items() if making.flag(column))
    if not found:
        making.switch_off("it ran neither on receipt nor by hand")
        return frozenset(columns.values())
    return found


def read_scopes(typed_pairs: Iterable[str]) -> dict[str, str]:
    """Read what a person typed: `3=info@example.org`, or `3=example.org` for a whole domain.

    Raises InputError with every fault.
    """
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for pair in typed_pairs:
        old_id, _, scope = pair.partition("=")
        where = f"--mailbox {printable(pair, 80)}"
        if not old_id.strip().isdecimal():
            faults.append(Fault(where, "begins with no number", "write it like 3=ADDRESS"))
            continue
        read = typed.address_key if "@" in scope else typed.domain_name
        try:
            found[old_id.strip()] = read(scope, where)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    return found
