"""The history of the rules and what can be said of them: log, diff, undo, lint, explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bitrixmail.admin.messages import MAX_EVENTS, Messages, Told
from bitrixmail.admin.rule_notes import RuleNotes, unusable_lists
from bitrixmail.interfaces.directory import IDirectory, IRouter
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.model.rulebook import RuleCount, RuleVersion
from bitrixmail.model.text import printable
from bitrixmail.rules.difference import Difference, difference
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.lint import WARNING, Finding, in_order, lint
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.tasks import InlineThreads

MAX_VERSIONS = 1000
_SEE_LOG = "bitrixmail rules log shows which there are"


@dataclass(frozen=True, slots=True)
class Logged:
    """A version, and how it differs from the one before; None if one of them can't be read."""

    version: RuleVersion
    changes: Difference | None


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions and how they differ; a version of None is the empty set before the first."""

    old: RuleVersion | None
    new: RuleVersion | None
    changes: Difference


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: `rules` are in force now, `restored` is the version they are from.

    `changes` is None if what was undone can't be read.
    """

    rules: RuleSet
    restored: int
    changes: Difference | None


@dataclass(frozen=True, slots=True)
class Explained:
    """A rule to be put into words. `off`: its group is switched off."""

    rule: Rule
    off: bool
    count: RuleCount | None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of rules."""

    name: str
    on: bool
    rules: tuple[str, ...]


class RuleBook:
    """The use cases of what is known of the rules. Made by who composes a face, lives as long.

    `judging` is that of the live run. What compares many rules is done in `threads`, by default in
    the calling one.
    """

    def __init__(
        self,
        rulebook: IRulebook,
        messages: Messages,
        directory: IDirectory,
        router: IRouter,
        judging: Judging,
        *,
        threads: IThreads | None = None,
    ) -> None:
        self._threads = threads or InlineThreads()
        self._rulebook = rulebook
        self._messages = messages
        self._notes = RuleNotes(directory, router, judging.allowed)
        self._judging = judging

    async def log(self, limit: int) -> tuple[Logged, ...]:
        """List the last versions, newest first."""
        bounded = min(limit, MAX_VERSIONS)
        found = await self._rulebook.versions(bounded + 1)
        logged = []
        before: RuleSet | None = RuleSet()
        for each in reversed(found):
            after = await self._readable(each.version)
            changes = None
            if before is not None and after is not None:
                changes = await self._threads.run(difference, before, after)
            logged.append(Logged(each, changes))
            before = after
        return tuple(reversed(logged))[:bounded]

    async def _readable(self, version: int) -> RuleSet | None:
        try:
            return await self._rulebook.version(version)
        except InputError:
            return None

    async def diff(self, old: int | None, new: int | None) -> Compared:
        """Compare two versions; by default the one in force (as `new`) with the one before it.

        Raises NotFoundError for a version that never was, InputError for an unreadable one.
        """
        newest = await self._newest()
        if new is None:
            new = newest
        if old is None:
            old = max(0, new - 1)
        before, after = await self._rulebook.version(old), await self._rulebook.version(new)
        changes = await self._threads.run(difference, before, after)
        known = {each.version: each for each in await self._rulebook.versions(MAX_VERSIONS)}
        return Compared(known.get(old), known.get(new), changes)

    async def _newest(self) -> int:
        found = await self._rulebook.versions(1)
        return found[0].version if found else 0

    async def undo(self, to: int | None, author: str) -> Undone:
        """Put an older version into force again, as a new one; by default the one before.

        The undo of an undo brings back what was undone. Nothing is stored where nothing differs.
        Raises NotFoundError for a version that never was or if there is nothing to undo, InputError
        for a version that can't be read.
        """
        newest = await self._newest()
        if not newest:
            remedy = "bitrixmail rules import FILE makes the first version"
            raise NotFoundError(Fault("rules", "there is nothing to undo", remedy))
        wanted = newest - 1 if to is None else to
        restored = await self._rulebook.version(wanted)
        standing = await self._readable(newest)
        changes = None if standing is None else difference(standing, restored)
        if changes is not None and not changes.any:
            return Undone(replace(restored, version=newest), wanted, changes)
        comment = f"undo of version {newest}: back to version {wanted}"
        stored = await self._rulebook.replace(restored, author, comment)
        return Undone(stored, wanted, changes)

    async def lint(self) -> tuple[Finding, ...]:
        """Look through the rules in force for what is well written and yet wrong."""
        rules = await self._rulebook.current()
        found = await self._threads.run(lint, rules)
        lists = await self._threads.run(lambda: list(unusable_lists(rules, self._judging)))
        return in_order(rules, (*found, *lists, *await self._notes.strangers(rules)))

    async def lint_text(self, text: str, where: str) -> tuple[Finding, ...]:
        """Look through the rules of a file. Raises InputError with every fault, as an import."""
        rules = parse_rules(text, where)
        self._judging.check(rules)
        if not rules.rules:
            remedy = "a rule begins with [[rule]]; imported, the file removes all rules"
            return (Finding("", WARNING, "no-rules", "there are no rules in it", remedy),)
        return in_order(rules, (*lint(rules), *await self._notes.strangers(rules)))

    async def counts(self) -> Mapping[str, RuleCount]:
        """Tell by name how often rules have matched."""
        return await self._rulebook.counts()

    async def explain(self, name: str | None) -> tuple[Explained, ...]:
        """Return all rules in force, or the one of that name; none if there is none."""
        rules = await self._rulebook.current()
        counts = await self._rulebook.counts()
        named = [rule for rule in rules.rules if name is None or rule.name == name]
        if not named and name is not None:
            named = [rule for rule in rules.rules if rule.name.casefold() == name.casefold()]
        return tuple(
            Explained(rule, rule.group in rules.groups_off, counts.get(rule.name)) for rule in named
        )

    async def explain_message(self, queue_id: str) -> tuple[tuple[Told, ...], dict[str, Rule]]:
        """Return what happened to a message, and the rules that were in force then, by name.

        Rules of versions that can't be read any more are missing. Raises NotFoundError.
        """
        told = await self._messages.trace(queue_id, MAX_EVENTS)
        rules: dict[str, Rule] = {}
        for version in {each.trace.rule_set_version for each in told if each.trace}:
            found = await self._readable(version)
            rules |= {} if found is None else {rule.name: rule for rule in found.rules}
        return told, rules

    async def groups(self) -> tuple[Group, ...]:
        """List the groups by name."""
        rules = await self._rulebook.current()
        names = sorted({rule.group for rule in rules.rules} - {""})
        return tuple(
            Group(
                name,
                name not in rules.groups_off,
                tuple(rule.name for rule in rules.rules if rule.group == name),
            )
            for name in names
        )

    async def switch(self, name: str, *, on: bool, author: str) -> RuleSet | None:
        """Switch a group; return the new version, or None if it stood so already.

        Raises NotFoundError for a group without rules.
        """
        rules = await self._rulebook.current()
        if name not in {rule.group for rule in rules.rules} - {""}:
            remedy = "bitrixmail rules group list shows which there are"
            raise NotFoundError(Fault(f'group "{printable(name)}"', "has no rules", remedy))
        if (name not in rules.groups_off) is on:
            return None
        off = rules.groups_off - {name} if on else rules.groups_off | {name}
        comment = f"group {'on' if on else 'off'}: {name}"
        return await self._rulebook.replace(replace(rules, groups_off=off), author, comment)
