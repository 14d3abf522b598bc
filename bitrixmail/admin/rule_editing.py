"""One rule at a time: put, removed, switched and moved, each a version of the rule set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from bitrixmail.admin.rule_notes import RuleNotes
from bitrixmail.admin.rules import RuleChanges, compared
from bitrixmail.interfaces.directory import IDirectory, IRouter
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.model.errors import ChangedMeanwhileError, Fault, InputError, NotFoundError
from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.model.rulebook import RuleCount
from bitrixmail.model.text import printable
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.syntax import dump_rules
from bitrixmail.rules.words import nearest, place_of

_MARK_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule in the order in which rules are asked. `place` counts from 1 among those of its scope.

    `off`: its group is switched off. `whose` is its mailbox or domain, empty for all.
    """

    rule: Rule
    whose: str
    place: int
    of: int
    off: bool
    count: RuleCount | None


class RuleEditing:
    """The use cases of single rules. Made by who composes a face, lives as long as it."""

    def __init__(
        self, rulebook: IRulebook, directory: IDirectory, router: IRouter, judging: Judging
    ) -> None:
        self._rulebook = rulebook
        self._judging = judging
        self._notes = RuleNotes(directory, router, judging.allowed)

    async def listing(self) -> tuple[Listed, ...]:
        """List the rules as the engine goes: those for all, then domains', then mailboxes'."""
        rules = await self._rulebook.current()
        counts = await self._rulebook.counts()
        found: dict[str, list[Rule]] = {}
        for rule in sorted(rules.rules, key=_place_of):
            found.setdefault(whose(rule), []).append(rule)
        return tuple(
            Listed(
                rule, key, place, len(those), rule.group in rules.groups_off, counts.get(rule.name)
            )
            for key, those in found.items()
            for place, rule in enumerate(those, 1)
        )

    async def find(self, name: str) -> Rule:
        """Return the rule of a name. Raises NotFoundError."""
        return _found(await self._rulebook.current(), name)

    async def with_draft(self, rule: Rule, instead: str) -> RuleSet:
        """Return the rules in force with a draft among them. Raises InputError, see `put`."""
        self._judging.check(RuleSet(rules=(rule,)))
        return _with(await self._rulebook.current(), rule, instead)

    async def put(self, rule: Rule, instead: str, author: str, seen: str = "") -> RuleChanges:
        """Put a rule into force in the place of one; of none if `instead` is empty.

        Raises InputError if another rule has its name or it can't be used, NotFoundError if that
        one is gone. What is not changed makes no version. `seen` is the mark of the one that was
        edited, see `mark_of_rule`; ChangedMeanwhileError: another has changed it since.
        """
        old = await self._rulebook.current()
        if seen and instead and seen != mark_of_rule(now := _found(old, instead)) and now != rule:
            what = "somebody else has changed it meanwhile"
            remedy = "put it once more to have yours in its place, or load it anew"
            raise ChangedMeanwhileError(Fault(place_of(instead), what, remedy))
        self._judging.check(RuleSet(rules=(rule,)))
        changes = compared(old, _with(old, rule, instead).rules)
        found = await self._notes.at_import(RuleSet(rules=(rule,)))
        notes = tuple(Fault(f'rule "{each.rule}"', each.what, each.remedy) for each in found)
        changes = replace(changes, notes=notes)
        word = "edit" if instead else "new"
        return await self._stored(changes, author, f"{word}: {rule.name}")

    async def remove(self, name: str, author: str) -> RuleChanges:
        """Remove a rule. Raises NotFoundError."""
        return await self._changed(name, lambda _: None, author, "remove")

    async def switch(self, name: str, author: str, *, on: bool) -> RuleChanges:
        """Switch a rule. Raises NotFoundError."""
        word = "on" if on else "off"
        return await self._changed(name, lambda rule: replace(rule, active=on), author, word)

    async def _changed(
        self, name: str, change: Callable[[Rule], Rule | None], author: str, what: str
    ) -> RuleChanges:
        old = await self._rulebook.current()
        _found(old, name)
        rules = [change(rule) if rule.name == name else rule for rule in old.rules]
        kept = tuple(rule for rule in rules if rule is not None)
        return await self._stored(compared(old, kept), author, f"{what}: {name}")

    async def move(self, name: str, place: int, author: str) -> RuleChanges:
        """Ask a rule as the `place`-th of its scope, from 1 on; beyond the last is the last.

        It takes the order of its new neighbour: no other rule is changed. Raises NotFoundError.
        """
        old = await self._rulebook.current()
        rule = _found(old, name)
        same = sorted((each for each in old.rules if whose(each) == whose(rule)), key=_place_of)
        others = [each for each in same if each.name != name]
        wanted = min(max(place, 1), len(same)) - 1
        if not others or same[wanted].name == name:
            return compared(old, old.rules)
        before = others[wanted - 1] if wanted else None
        beside = before or others[0]
        moved = replace(rule, order=beside.order)
        rules = [each for each in old.rules if each.name != name]
        rules.insert(rules.index(beside) + (before is not None), moved)
        # Among rules of one order the set's own decides, so it is a change if only that differs
        changes = replace(compared(old, tuple(rules)), changed=(name,))
        return await self._stored(changes, author, f"move: {name}")

    async def _stored(self, changes: RuleChanges, author: str, comment: str) -> RuleChanges:
        if not changes.any:
            return changes
        return replace(changes, rules=await self._rulebook.replace(changes.rules, author, comment))


def mark_of_rule(rule: Rule) -> str:
    """Return what a form remembers of the rule that it shows."""
    text = dump_rules(RuleSet(rules=(rule,)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_MARK_DIGITS]


def whose(rule: Rule) -> str:
    """Return the mailbox or domain that a rule is for; empty for all."""
    return rule.mailbox or rule.domain


def _place_of(rule: Rule) -> tuple[bool, bool, str, int]:
    return bool(rule.mailbox), bool(rule.domain), whose(rule), rule.order


def _found(rules: RuleSet, name: str) -> Rule:
    for rule in rules.rules:
        if rule.name == name:
            return rule
    remedy = nearest(name, (rule.name for rule in rules.rules), "see: bitrixmail rules list")
    raise NotFoundError(Fault(f'rule "{printable(name, 80)}"', "there is no such rule", remedy))


def _with(old: RuleSet, rule: Rule, instead: str) -> RuleSet:
    """Return the rules with one in the place of another, or behind all."""
    if rule.name != instead and any(each.name == rule.name for each in old.rules):
        where = f"{place_of(rule.name)}: name"
        raise InputError(Fault(where, "is that of another rule", "each has its own"))
    if not instead:
        return replace(old, rules=(*old.rules, rule))
    _found(old, instead)
    rules = tuple(rule if each.name == instead else each for each in old.rules)
    return replace(old, rules=rules)
