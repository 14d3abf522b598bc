"""What two rule sets differ in, rule by rule, as people read it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.rules.syntax import dump_rules

ADDED, CHANGED, REMOVED = "added", "changed", "removed"
_AROUND = 2


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """One rule that differs. `lines` are those of its file, each with `+`, `-` or a blank before.

    A line of dots stands for lines that are left out.
    """

    rule: str
    what: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs. `moved` tells that rules stand in another order than before.

    `groups_off` and `groups_on` are those that were switched.
    """

    rules: tuple[RuleDifference, ...] = ()
    moved: bool = False
    groups_off: tuple[str, ...] = ()
    groups_on: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.rules or self.moved or self.groups_off or self.groups_on)

    def named(self, what: str) -> tuple[str, ...]:
        """Return the names of the rules that were ADDED, CHANGED or REMOVED."""
        return tuple(each.rule for each in self.rules if each.what == what)


def difference(old: RuleSet, new: RuleSet) -> Difference:
    """Compare two rule sets by the names of their rules."""
    before = {rule.name: rule for rule in old.rules}
    after = {rule.name: rule for rule in new.rules}
    found = [
        RuleDifference(name, CHANGED if name in before else ADDED, _lines(before.get(name), rule))
        for name, rule in after.items()
        if before.get(name) != rule
    ]
    found += [
        RuleDifference(name, REMOVED, _lines(rule, None))
        for name, rule in before.items()
        if name not in after
    ]
    known = [name for name in before if name in after]
    return Difference(
        tuple(found),
        known != [name for name in after if name in before],
        tuple(sorted(new.groups_off - old.groups_off)),
        tuple(sorted((old.groups_off - new.groups_off) & {rule.group for rule in new.rules})),
    )


def _lines(old: Rule | None, new: Rule | None) -> tuple[str, ...]:
    around = _AROUND if old and new else 0
    found = list(difflib.unified_diff(_text(old), _text(new), n=around, lineterm=""))[2:]
    lines = ["  …" if line.startswith("@@") else line for line in found]
    return tuple(lines[1:] if lines and lines[0] == "  …" else lines)


def _text(rule: Rule | None) -> list[str]:
    return [] if rule is None else dump_rules(RuleSet(rules=(rule,))).splitlines()
