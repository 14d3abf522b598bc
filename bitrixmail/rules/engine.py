"""A rule set made ready, and the judging of messages by it. Pure but for the watch it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from bitrixmail.model.effects import Effects
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.message import INBOX, QUARANTINE, TRASH
from bitrixmail.model.plan import Disposition, Plan, RuleStep, Skimmed, TestResult, Trace
from bitrixmail.model.rule import Condition, Rule, RuleSet
from bitrixmail.model.testimony import Testimony
from bitrixmail.model.text import printable
from bitrixmail.model.work import Work
from bitrixmail.rules.actions import (
    FLAGGED,
    HIGH_PRIORITY,
    LOW_PRIORITY,
    SEEN,
    action_complaints,
    compile_action,
    tells_spam,
)
from bitrixmail.rules.compiled import CompiledRule
from bitrixmail.rules.conditions import (
    CompiledCondition,
    TextTest,
    compile_condition,
    complaints,
    tests_of,
)
from bitrixmail.rules.facts import Facts, Standing, reads_body, reads_spam
from bitrixmail.rules.fields import check_name, foreign_name
from bitrixmail.rules.index import Index, Key, arranged, keys_of
from bitrixmail.rules.lists import Lists, no_lists, values_of
from bitrixmail.rules.words import Complaint, place_of

_MAX_FAULT = 200
# Nobody outside hears of what may be spam
_UNHEARD = frozenset({Disposition.REJECT, Disposition.QUARANTINE})
_SET = {
    SEEN: "marked as read",
    FLAGGED: "flagged",
    HIGH_PRIORITY: "given high priority",
    LOW_PRIORITY: "given low priority",
}
_CLEARED = {
    SEEN: "marked as unread",
    FLAGGED: "unflagged",
    HIGH_PRIORITY: "no longer of high priority",
    LOW_PRIORITY: "no longer of low priority",
}


class _Scope:
    """The rules of one domain, one mailbox or all, in their order. Lives as long as its set."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self.rules = tuple(rules)
        self.index = Index([rule.keys for rule in rules])


# Rules by occasion, and by whose they are: "" for all, a domain, a mailbox.
_Scoped = dict[tuple[str, str], _Scope]


@dataclass(slots=True)
class _Draft:
    """A plan in the making. Made by `judge`, ends with it.

    `standing` is what the facts tell of the message as it is after the rules so far.
    """

    standing: Standing
    copies: dict[str, None] = field(default_factory=dict)
    disposition: Disposition = Disposition.KEEP
    text: str = ""
    work: list[Work] = field(default_factory=list)

    def take(self, effects: Effects) -> None:
        """Let the wishes of one action come true; a later one overrules an earlier one."""
        standing = self.standing
        standing.folder = effects.folder or standing.folder
        if effects.copy:
            self.copies[effects.copy] = None
        # New sets, never changed ones: what was there before is compared at the end.
        if effects.set_flags or effects.clear_flags:
            standing.flags = (standing.flags | effects.set_flags) - effects.clear_flags
        if effects.set_tags or effects.clear_tags:
            standing.tags = (standing.tags | effects.set_tags) - effects.clear_tags
        standing.priority = effects.priority or standing.priority
        self.disposition = effects.disposition
        self.text = effects.text
        if effects.work is not None:
            self.work.append(effects.work)

    @property
    def ended(self) -> bool:
        """Whether nothing more may be decided."""
        return self.disposition is not Disposition.KEEP


class CompiledRules:
    """A rule set ready to judge by. Made by `compile` at each change, then never changed.

    May be used in a thread; `needs_thread` tells that it should be, since there is a regular
    expression in it. One message is judged in one thread at a time. `asks_extensions`: see
    rules.foreign. `reads_spam`: what checks find is asked for, by some rule.
    """

    def __init__(
        self,
        rules: RuleSet,
        time_limit_s: float,
        monotonic: Callable[[], float],
        lists: Lists,
    ) -> None:
        self.version = rules.version
        self.count = 0
        self.needs_thread = False
        self.reads_body = False
        self.asks_extensions = False
        self.reads_spam = False
        self._monotonic = monotonic
        gathered: dict[tuple[str, str], list[CompiledRule]] = {}
        # Sorting is stable: rules of the same order stay as they stand in the set.
        for rule in sorted(rules.rules, key=lambda rule: rule.order):
            if not rule.active or rule.group in rules.groups_off:
                continue
            compiled = _compiled(rule, time_limit_s, monotonic, lists)
            for occasion in rule.on:
                gathered.setdefault((occasion, rule.mailbox or rule.domain), []).append(compiled)
            self._note_needs(rule)
        self._scopes: _Scoped = {whose: _Scope(some) for whose, some in gathered.items()}
        self._checks: dict[tuple[str, str], frozenset[str]] = {
            whose: found
            for whose, some in gathered.items()
            if (found := frozenset[str]().union(*(rule.checks for rule in some)))
        }

    @classmethod
    def compile(
        cls,
        rules: RuleSet,
        time_limit_s: float = 0.1,
        monotonic: Callable[[], float] = perf_counter,
        lists: Lists = no_lists,
    ) -> CompiledRules:
        """Make a rule set ready; raises InputError with every fault of every rule.

        `time_limit_s` bounds each test by a regular expression, measured by `monotonic`; `lists`
        reads a list file by its name.
        """
        faults = [fault for rule in rules.rules for fault in rule_faults(rule)]
        if faults:
            raise InputError(*faults)
        return cls(rules, time_limit_s, monotonic, lists)

    def judge(
        self,
        facts: Facts,
        mailbox: str,
        domain: str,
        occasion: str = "receive",
        folder: str = INBOX,
    ) -> Plan:
        """Decide about one message for one mailbox, in which `folder` is where it is or would go.

        Global rules come first, then those of the domain, then those of the mailbox. A rule that
        fails is passed over, and its step says why. What `facts.standing` says at the beginning
        is what the rules change. The plan's trace is the short form. Raises TimeoutError for facts
        that are hurried, and nothing else.
        """
        began = self._monotonic()
        facts.standing.folder = folder
        standing = facts.standing
        before = Standing(folder, standing.flags, standing.tags)
        draft = _Draft(standing)
        steps: list[RuleStep] = []
        places: list[int] = []
        seen: dict[str, str] = {}
        asked, stop = 0, False
        for scope in self._scopes_for(occasion, domain, mailbox):
            last = len(scope.rules)
            for position in scope.index.ask(facts, seen):
                step, stop = _apply(scope.rules[position], facts, draft)
                steps.append(step)
                places.append(asked + position)
                if stop:
                    last = position + 1
                    break
            asked += last
            if stop:
                break
        skimmed = Skimmed(mailbox, domain, occasion, asked, tuple(places), tuple(seen.items()))
        elapsed_us = round((self._monotonic() - began) * 1e6)
        result = _result(draft, before)
        trace = Trace(self.version, tuple(steps), result, elapsed_us, "", skimmed)
        return _plan(draft, trace, facts.said)

    def checks_for(self, mailbox: str, occasion: str = "receive") -> frozenset[str]:
        """Return the checks that the rules for a mailbox want by name."""
        found: frozenset[str] = frozenset()
        if self._checks:
            for whose in ("", mailbox.rpartition("@")[2], mailbox):
                found |= self._checks.get((occasion, whose), found)
        return found

    def whole(self, trace: Trace) -> Trace:
        """Return a trace of this version with the steps of all rules that were asked."""
        skimmed = trace.skimmed
        if skimmed is None:
            return trace
        scopes = self._scopes_for(skimmed.occasion, skimmed.domain, skimmed.mailbox)
        rules = [rule for scope in scopes for rule in scope.rules][: skimmed.asked]
        taken = dict(zip(skimmed.places, trace.steps, strict=True))
        seen = dict(skimmed.seen)
        steps = (taken.get(n) or rule.skimmed(seen) for n, rule in enumerate(rules))
        return replace(trace, steps=tuple(steps), skimmed=None)

    def _note_needs(self, rule: Rule) -> None:
        self.count += 1
        self.reads_spam |= reads_spam(rule.condition) or any(map(tells_spam, rule.actions))
        self.reads_body = self.reads_body or self.reads_spam or reads_body(rule.condition)
        tests = tuple(tests_of(rule.condition))
        if any(test.op == "regex" for test in tests):
            self.needs_thread = True
        if any(foreign_name(test.field) for test in tests):
            self.asks_extensions = True

    def _scopes_for(self, occasion: str, domain: str, mailbox: str) -> Iterator[_Scope]:
        for whose in ("", domain, mailbox):
            scope = self._scopes.get((occasion, whose))
            if scope is not None:
                yield scope


def rule_faults(rule: Rule, where: str = "", lists: Lists | None = None) -> Iterator[Fault]:
    """Find all that is wrong with what a rule tests and does. `where` names its file, if any.

    With `lists` the values of its list files are looked at too.
    """
    place = place_of(rule.name, where)
    for complaint in complaints(rule.condition, lists=lists):
        yield complaint.fault(place)
    for number, action in enumerate(rule.actions, 1):
        for complaint in action_complaints(action):
            yield complaint.under(f"action {number}: ").fault(place)
    if not rule.actions and not rule.stop:
        yield Complaint("action", "is missing", "say what to do, or stop = true").fault(place)
    if rule.domain and rule.mailbox:
        remedy = "leave one of them out"
        yield Complaint("mailbox", "stands beside a domain", remedy).fault(place)


def _compiled(
    rule: Rule,
    time_limit_s: float,
    monotonic: Callable[[], float],
    lists: Lists,
) -> CompiledRule:
    own = bool(rule.mailbox)
    actions = tuple(
        compile_action(action, rule.name, number, own=own)
        for number, action in enumerate(rule.actions, 1)
    )
    condition = arranged(rule.condition)

    def compiled(part: Condition) -> CompiledCondition:
        return compile_condition(part, time_limit_s, monotonic, lists)

    keys = keys_of(condition, lambda test: isinstance(compiled(test), TextTest))
    return CompiledRule(
        rule.name,
        compiled(condition),
        actions,
        tuple(action.shown for action in actions),
        rule.stop,
        tuple(Key(test, values_of(test, lists)) for test in keys),
        RuleStep(rule.name, matched=False),
        frozenset(name for test in tests_of(condition) if (name := check_name(test.field))),
    )


def _apply(rule: CompiledRule, facts: Facts, draft: _Draft) -> tuple[RuleStep, bool]:
    """Try one rule; return its step, and whether it is the last."""
    results: list[TestResult] = []
    try:
        if not rule.condition.matches(facts, results):
            return rule.passed_by(results), False
        wishes = [action.plan(facts) for action in rule.actions]
    except TimeoutError as error:
        if facts.hurried:
            raise
        fault = f"skipped: {str(error) or 'a regular expression took too long'}"
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


def _plan(draft: _Draft, trace: Trace, said: Sequence[Testimony]) -> Plan:
    standing = draft.standing
    folder = standing.folder
    if draft.ended:
        # What ends a message ends its copies too: none may slip into a folder people read.
        copies: tuple[str, ...] = ()
        if draft.disposition is Disposition.QUARANTINE:
            folder = QUARANTINE
    else:
        copies = tuple(copy for copy in draft.copies if copy != folder)
    return Plan(
        draft.disposition,
        folder,
        copies,
        frozenset(standing.flags),
        frozenset(standing.tags),
        draft.text,
        trace,
        () if draft.disposition in _UNHEARD else tuple(draft.work),
        tuple(said),
    )


def _result(draft: _Draft, before: Standing) -> str:
    """Say in plain English what was decided, and what of it is new."""
    standing = draft.standing
    if draft.disposition is Disposition.DISCARD:
        return ", ".join(["discarded", *(f"to be done: {work.do}" for work in draft.work)])
    if draft.disposition is Disposition.REJECT:
        return f"rejected: {draft.text}" if draft.text else "rejected"
    if draft.disposition is Disposition.QUARANTINE:
        return "put into quarantine"
    if standing.folder == before.folder:
        parts = [f"kept in {before.folder}"]
    elif standing.folder == TRASH:
        parts = ["deleted (moved to Trash)"]
    else:
        parts = [f"moved to {standing.folder}"]
    parts += [f"copied to {copy}" for copy in draft.copies if copy != standing.folder]
    parts += [f"to be done: {work.do}" for work in draft.work]
    if standing.flags is before.flags and standing.tags is before.tags:
        return parts[0] if len(parts) == 1 else ", ".join(parts)
    parts += [_SET.get(flag, f"flagged {flag}") for flag in sorted(standing.flags - before.flags)]
    parts += [
        _CLEARED.get(flag, f"unflagged {flag}") for flag in sorted(before.flags - standing.flags)
    ]
    parts += [f"tagged {tag}" for tag in sorted(standing.tags - before.tags)]
    parts += [f"untagged {tag}" for tag in sorted(before.tags - standing.tags)]
    return ", ".join(parts)
