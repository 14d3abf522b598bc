"""A rule set made ready, and the judging of messages by it. Pure but for the watch it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from operator import is_
from time import perf_counter

from bitrixmail.model.effects import Effects
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.message import INBOX, QUARANTINE, TRASH
from bitrixmail.model.plan import Disposition, Plan, RuleStep, TestResult, Trace
from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.model.text import printable
from bitrixmail.rules.actions import (
    FLAGGED,
    SEEN,
    ConstantAction,
    action_complaints,
    compile_action,
)
from bitrixmail.rules.conditions import (
    CompiledCondition,
    compile_condition,
    complaints,
    tests_of,
)
from bitrixmail.rules.facts import Facts
from bitrixmail.rules.words import Complaint, place_of

_MAX_FAULT = 200


@dataclass(slots=True)
class CompiledRule:
    """One rule made ready. Made by CompiledRules, lives as long as it.

    `passed` is its last step without a match: most messages look alike to most rules, and a step
    is a value that many traces can share.
    """

    name: str
    condition: CompiledCondition
    actions: tuple[ConstantAction, ...]
    shown: tuple[str, ...]
    stop: bool
    passed: RuleStep


# Rules by whose they are: "" for all, a domain, a mailbox.
_Scoped = dict[str, tuple[CompiledRule, ...]]


@dataclass(slots=True)
class _Draft:
    """A plan in the making. Made by `judge`, ends with it."""

    folder: str
    copies: dict[str, None] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    disposition: Disposition = Disposition.KEEP
    text: str = ""

    def take(self, effects: Effects) -> None:
        """Let the wishes of one action come true; a later one overrules an earlier one."""
        self.folder = effects.folder or self.folder
        if effects.copy:
            self.copies[effects.copy] = None
        self.flags = (self.flags | effects.set_flags) - effects.clear_flags
        self.tags = (self.tags | effects.set_tags) - effects.clear_tags
        self.disposition = effects.disposition
        self.text = effects.text

    @property
    def ended(self) -> bool:
        """Whether nothing more may be decided."""
        return self.disposition is not Disposition.KEEP


class CompiledRules:
    """A rule set ready to judge by. Made by `compile` at each change, then never changed.

    May be used in a thread; `needs_thread` tells that it should be, since there is a regular
    expression in it. One message is judged in one thread at a time.
    """

    def __init__(self, rules: RuleSet, time_limit_s: float, monotonic: Callable[[], float]) -> None:
        self.version = rules.version
        self.needs_thread = False
        self._monotonic = monotonic
        self._scoped: dict[str, _Scoped] = {}
        # Sorting is stable: rules of the same order stay as they stand in the set.
        for rule in sorted(rules.rules, key=lambda rule: rule.order):
            if rule.active and rule.group not in rules.groups_off:
                self._add(rule, _compiled(rule, time_limit_s, monotonic))

    @classmethod
    def compile(
        cls,
        rules: RuleSet,
        time_limit_s: float = 0.1,
        monotonic: Callable[[], float] = perf_counter,
    ) -> CompiledRules:
        """Make a rule set ready; raises InputError with every fault of every rule.

        `time_limit_s` bounds each test by a regular expression, measured by `monotonic`.
        """
        faults = [fault for rule in rules.rules for fault in rule_faults(rule)]
        if faults:
            raise InputError(*faults)
        return cls(rules, time_limit_s, monotonic)

    def judge(
        self,
        facts: Facts,
        mailbox: str,
        domain: str,
        occasion: str = "receive",
        folder: str = INBOX,
    ) -> Plan:
        """Decide about one message for one mailbox, in which `folder` is where it would go.

        Global rules come first, then those of the domain, then those of the mailbox. A rule that
        fails is passed over, and its step says why.
        """
        began = self._monotonic()
        draft = _Draft(folder)
        steps: list[RuleStep] = []
        for rule in self._rules_for(occasion, domain, mailbox):
            step, stop = _apply(rule, facts, draft)
            steps.append(step)
            if stop:
                break
        elapsed_us = round((self._monotonic() - began) * 1e6)
        return _plan(draft, Trace(self.version, tuple(steps), _result(draft, folder), elapsed_us))

    def _add(self, rule: Rule, compiled: CompiledRule) -> None:
        whose = rule.mailbox or rule.domain
        for occasion in rule.on:
            scoped = self._scoped.setdefault(occasion, {})
            scoped[whose] = (*scoped.get(whose, ()), compiled)
        if any(test.op == "regex" for test in tests_of(rule.condition)):
            self.needs_thread = True

    def _rules_for(self, occasion: str, domain: str, mailbox: str) -> Iterator[CompiledRule]:
        scoped = self._scoped.get(occasion, {})
        return chain(scoped.get("", ()), scoped.get(domain, ()), scoped.get(mailbox, ()))


def rule_faults(rule: Rule, where: str = "") -> Iterator[Fault]:
    """Find all that is wrong with what a rule tests and does. `where` names its file, if any."""
    place = place_of(rule.name, where)
    for complaint in complaints(rule.condition):
        yield complaint.fault(place)
    for number, action in enumerate(rule.actions, 1):
        for complaint in action_complaints(action):
            yield complaint.under(f"action {number}: ").fault(place)
    if not rule.actions and not rule.stop:
        yield Complaint("action", "is missing", "say what to do, or stop = true").fault(place)
    if rule.domain and rule.mailbox:
        remedy = "leave one of them out"
        yield Complaint("mailbox", "stands beside a domain", remedy).fault(place)


def _compiled(rule: Rule, time_limit_s: float, monotonic: Callable[[], float]) -> CompiledRule:
    actions = tuple(map(compile_action, rule.actions))
    return CompiledRule(
        rule.name,
        compile_condition(rule.condition, time_limit_s, monotonic),
        actions,
        tuple(action.shown for action in actions),
        rule.stop,
        RuleStep(rule.name, matched=False),
    )


def _apply(rule: CompiledRule, facts: Facts, draft: _Draft) -> tuple[RuleStep, bool]:
    """Try one rule; return its step, and whether it is the last."""
    results: list[TestResult] = []
    try:
        if not rule.condition.matches(facts, results):
            return _passed(rule, results), False
        wishes = [action.plan(facts) for action in rule.actions]
    except TimeoutError:
        fault = "skipped: a regular expression took too long"
        return RuleStep(rule.name, matched=False, tests=tuple(results), fault=fault), False
    except Exception as error:  # noqa: BLE001 - one bad rule must not keep mail from the others
        fault = printable(f"skipped: {type(error).__name__}: {error}", _MAX_FAULT)
        return RuleStep(rule.name, matched=False, tests=tuple(results), fault=fault), False
    stop = rule.stop
    done = 0
    for effects in wishes:
        draft.take(effects)
        done += 1
        stop = stop or effects.stop
        if draft.ended:
            break
    step = RuleStep(rule.name, matched=True, tests=tuple(results), actions=rule.shown[:done])
    return step, stop or draft.ended


def _passed(rule: CompiledRule, results: list[TestResult]) -> RuleStep:
    """Return the step of a rule that did not match: the last one again if nothing differs."""
    step = rule.passed
    tests = step.tests
    if len(tests) == len(results) and all(map(is_, tests, results)):
        return step
    step = rule.passed = RuleStep(rule.name, matched=False, tests=tuple(results))
    return step


def _plan(draft: _Draft, trace: Trace) -> Plan:
    if draft.ended:
        # What ends a message ends its copies too: none may slip into a folder people read.
        folder = QUARANTINE if draft.disposition is Disposition.QUARANTINE else draft.folder
        copies: tuple[str, ...] = ()
    else:
        folder = draft.folder
        copies = tuple(copy for copy in draft.copies if copy != folder)
    return Plan(
        draft.disposition,
        folder,
        copies,
        frozenset(draft.flags),
        frozenset(draft.tags),
        draft.text,
        trace,
    )


def _result(draft: _Draft, start: str) -> str:
    """Say in plain English what was decided."""
    if draft.disposition is Disposition.DISCARD:
        return "discarded"
    if draft.disposition is Disposition.REJECT:
        return f"rejected: {draft.text}" if draft.text else "rejected"
    if draft.disposition is Disposition.QUARANTINE:
        return "put into quarantine"
    if draft.folder == TRASH:
        parts = ["deleted (moved to Trash)"]
    else:
        parts = [f"kept in {start}" if draft.folder == start else f"moved to {draft.folder}"]
    parts += [f"copied to {copy}" for copy in draft.copies if copy != draft.folder]
    for flag in sorted(draft.flags):
        parts.append({SEEN: "marked as read", FLAGGED: "flagged"}.get(flag, f"flagged {flag}"))
    parts += [f"tagged {tag}" for tag in sorted(draft.tags)]
    return ", ".join(parts)
