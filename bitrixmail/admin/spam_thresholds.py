"""From which score on something is done with a message: rules, as visible as any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bitrixmail.admin import typed
from bitrixmail.admin.accounts import no_such_mailbox
from bitrixmail.admin.rules import RuleChanges, Rules, compared
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.rule import Action, All, Condition, Not, Rule, RuleSet, Test
from bitrixmail.rules.conditions import tests_of

GROUP = "spam filter"
FOLDER = "Spam"
# The gravest first: what ends a message leaves nothing to the others
LEVELS = ("reject", "quarantine", "move", "tag")
_ACTIONS = {
    "reject": Action("reject", "It looks like spam"),
    "quarantine": Action("quarantine"),
    "move": Action("move", FOLDER),
    "tag": Action("tag", "spam"),
}
_FIRST_ORDER = 20
_SCORE = "spam_score"
_LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Threshold:
    """What is done from a score on; `whose` is a mailbox, a domain, or empty for all."""

    whose: str
    do: str
    score: float


class SpamThresholds:
    """The use cases of thresholds. Made by who composes a face, lives as long as it."""

    def __init__(self, rules: Rules, directory: IDirectory) -> None:
        self._rules = rules
        self._directory = directory

    async def listing(self) -> tuple[Threshold, ...]:
        """List them, those for all first."""
        return tuple(thresholds_in(await self._rules.current()))

    async def set(self, whose: str, scores: Mapping[str, float | None], author: str) -> RuleChanges:
        """Set what is named, or lift it where the score is None; the others stay.

        Raises InputError, NotFoundError.
        """
        key = await self._whose(whose)
        old = await self._rules.current()
        wanted = {(each.whose, each.do): each.score for each in thresholds_in(old)}
        for do, score in scores.items():
            if score is None:
                wanted.pop((key, do), None)
            elif not _LEAST <= score <= 100:
                raise InputError(Fault(f"--{do} {score:g}", "is no score", "from 1 to 100, or off"))
            else:
                wanted[key, do] = score
        kept = tuple(rule for rule in old.rules if rule.group != GROUP)
        changes = compared(old, (*_made(wanted), *kept))
        return await self._rules.put(changes, author, "spam threshold")

    async def _whose(self, whose: str) -> str:
        if not whose:
            return ""
        if "@" not in whose:
            name = typed.domain_name(whose, "--domain")
            if await self._directory.domain(name) is None:
                remedy = "see: bitrixmail domain list"
                raise NotFoundError(Fault(name, "is no domain of this server", remedy))
            return name
        key = typed.address_key(whose, "--mailbox")
        if await self._directory.mailbox(key) is None:
            raise NotFoundError(no_such_mailbox(key))
        return key


def thresholds_in(rules: RuleSet) -> Iterator[Threshold]:
    """Read the thresholds that stand in a rule set, in the order of whose they are."""
    found = []
    for rule in rules.rules:
        scores = [test.value[0] for test in tests_of(rule.condition) if test.field == _SCORE]
        if rule.group == GROUP and scores and rule.actions:
            do = rule.actions[0].do
            found.append(Threshold(rule.mailbox or rule.domain, do, float(scores[0])))
    yield from sorted(found, key=lambda each: (each.whose, -each.score))


def _made(wanted: Mapping[tuple[str, str], float]) -> tuple[Rule, ...]:
    """Make the rules. Who has thresholds of his own is left out of the wider ones."""
    own = {whose for whose, _ in wanted if whose}
    made = []
    for (whose, do), score in sorted(wanted.items(), key=lambda each: _place(*each[0])):
        is_mailbox = "@" in whose
        condition: Condition = Not(Test(_SCORE, "less", (_written(score),)))
        others = [] if is_mailbox else sorted(_within(whose, own))
        if others:
            condition = All((condition, *(Not(_of(each)) for each in others)))
        rule = Rule(
            name=f"Spam: {do}" + (f" for {whose}" if whose else ""),
            condition=condition,
            actions=(_ACTIONS[do],),
            order=_FIRST_ORDER + LEVELS.index(do),
            mailbox=whose if is_mailbox else "",
            domain="" if is_mailbox else whose,
            group=GROUP,
        )
        made.append(replace(rule, description="made by: bitrixmail spam threshold"))
    return tuple(made)


def _written(score: float) -> str:
    """Write a score as a rule has it: never as 1e-05, which none can read."""
    return f"{score:.2f}".rstrip("0").rstrip(".")


def _place(whose: str, do: str) -> tuple[str, int]:
    return whose, LEVELS.index(do)


def _within(whose: str, own: set[str]) -> Iterator[str]:
    """Name those with thresholds of their own for whom the ones of `whose` would hold too."""
    for each in own:
        if each != whose and (not whose or each.endswith(f"@{whose}")):
            yield each


def _of(whose: str) -> Test:
    if "@" in whose:
        return Test("envelope_recipient", "equals", (whose,))
    return Test("envelope_recipient.domain", "equals", (whose,))
