"""Rules that are well written and yet wrong: they never match, are never asked, or do too much.

Pure. A finding is true as far as it goes; that there is none proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bitrixmail.model.rule import AnyOf, Condition, Not, Rule, RuleSet, Test
from bitrixmail.rules.actions import flag_name
from bitrixmail.rules.conditions import tests_of
from bitrixmail.rules.fields import STANDING_FIELDS
from bitrixmail.rules.implied import ALWAYS, Budget, contradiction, implies, plain
from bitrixmail.rules.times import read_age

WARNING = "warning"
NOTE = "note"
_ENDS = ("discard", "reject", "quarantine")
_HARSH = ("delete", *_ENDS)
_LITERAL = ("equals", "not_equals", "starts_with")
_FORGED = ("discard", "reject")
_FORGEABLE = frozenset({"from", "sender", "reply_to"})
# Ten thousand rules are looked through within seconds.
_COMPARISONS = 1_000_000
_MOST_EARLIER = 2_000
_META = re.compile(r"[\\.^$*+?{}\[\]|()]")
_ESCAPED = re.compile(r"\\([^\w\s])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to think about. `kind` is WARNING or NOTE, `code` a stable word for programs."""

    rule: str
    kind: str
    code: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule as it is asked; `ends` is the word by which it ends the rules, or empty."""

    rule: Rule
    condition: Condition
    ends: str


def lint(rules: RuleSet) -> tuple[Finding, ...]:
    """Look through a rule set that was read without a fault; findings stand in its order."""
    budget = Budget(_COMPARISONS)
    found: list[Finding] = []
    asked = [
        _Asked(rule, plain(rule.condition), _end_of(rule))
        for rule in rules.rules
        if rule.active and rule.group not in rules.groups_off
    ]
    found += _groups_off(rules)
    for each in asked:
        found += _alone(each, budget)
    found += _overshadowed(asked, budget)
    return in_order(rules, found)


def in_order(rules: RuleSet, found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings as their rules stand in the set; those of no rule come first."""
    places = {rule.name: place for place, rule in enumerate(rules.rules)}
    return tuple(sorted(found, key=lambda finding: places.get(finding.rule, -1)))


def _end_of(rule: Rule) -> str:
    for action in rule.actions:
        if action.do in _ENDS:
            return action.do
    return "stop" if rule.stop or any(each.do == "stop" for each in rule.actions) else ""


def _groups_off(rules: RuleSet) -> Iterator[Finding]:
    for rule in rules.rules:
        if rule.active and rule.group in rules.groups_off:
            what = f'is not asked: its group "{rule.group}" is switched off'
            remedy = f'bitrixmail rules group on "{rule.group}"'
            yield Finding(rule.name, NOTE, "group-off", what, remedy)


def _alone(each: _Asked, budget: Budget) -> Iterator[Finding]:
    """Find what is wrong with a rule whatever the others are."""
    rule = each.rule
    reason = contradiction(each.condition, budget)
    if reason is not None:
        remedy = 'correct the conditions, or write match = "any"'
        yield Finding(rule.name, WARNING, "never-matches", f"can never match: {reason}", remedy)
    harsh = [action.do for action in rule.actions if action.do in _HARSH]
    if harsh and each.condition == ALWAYS:
        whose = rule.mailbox or rule.domain or "everybody"
        what = f"does {harsh[0]} with every message of {whose}"
        yield Finding(rule.name, WARNING, "no-condition", what, "add a condition")
    yield from _behind_the_end(rule)
    yield from _easily_forged(rule)
    yield from _plain_patterns(rule)
    yield from unreadable_texts(rule)
    yield from _too_young(each)
    yield from _slips_of_the_pen(rule)


def _behind_the_end(rule: Rule) -> Iterator[Finding]:
    words = [action.do for action in rule.actions]
    for place, word in enumerate(words[:-1]):
        if word in _ENDS:
            what = f"never does {words[place + 1]}: {word} before it ends everything"
            yield Finding(rule.name, WARNING, "after-end", what, f"put {word} last")
            return


def _easily_forged(rule: Rule) -> Iterator[Finding]:
    does = [action.do for action in rule.actions if action.do in _FORGED]
    fields = {test.field.partition(".")[0] for test in tests_of(rule.condition)}
    if does and fields and fields <= _FORGEABLE:
        what = f"does {does[0]} by the sender alone, and anybody can write what he likes into From"
        remedy = "use quarantine or delete, or ask for envelope_sender as well"
        yield Finding(rule.name, NOTE, "forgeable", what, remedy)


def _plain_patterns(rule: Rule) -> Iterator[Finding]:
    for test in tests_of(rule.condition):
        if test.op == "regex" and test.value and all(map(_is_plain, test.value)):
            text = _ESCAPED.sub(r"\1", test.value[0])
            remedy = f'write op = "contains", value = "{text}": it is quicker'
            what = f"has a regular expression for {test.field} that is plain text"
            yield Finding(rule.name, NOTE, "plain-regex", what, remedy)
            return


def _is_plain(pattern: str) -> bool:
    return not _META.search(_ESCAPED.sub("", pattern))


def unreadable_texts(rule: Rule) -> Iterator[Finding]:
    """Find a rejection whose words few will read: replies are ASCII for all but SMTPUTF8."""
    if any(each.do == "reject" and not each.argument.isascii() for each in rule.actions):
        what = 'most senders read "Refused by the recipient": the text is not ASCII'
        remedy = "write it in English, or in Latin letters"
        yield Finding(rule.name, NOTE, "reject-text", what, remedy)


def _too_young(each: _Asked) -> Iterator[Finding]:
    """Find a rule for mail that comes in, which wants it to have lain here for a while."""
    if "receive" in each.rule.on and _wants_age(each.condition):
        what = "can't match as mail comes in: a message that comes in has no age yet"
        remedy = 'write on = ["schedule"] and schedule = "0 3 * * *", or on = ["manual"]'
        yield Finding(each.rule.name, NOTE, "no-age-yet", what, remedy)


def _wants_age(condition: Condition) -> bool:
    """Tell whether a condition, as `plain` returns it, never holds without a test of the age."""
    if isinstance(condition, Test):
        ages = [read_age(value)[0] for value in condition.value] if condition.field == "age" else []
        return bool(ages) and (
            condition.op == "greater" or (condition.op == "equals" and all(ages))
        )
    if isinstance(condition, Not):
        return False
    if isinstance(condition, AnyOf):
        return bool(condition.parts) and all(map(_wants_age, condition.parts))
    return any(map(_wants_age, condition.parts))


def _slips_of_the_pen(rule: Rule) -> Iterator[Finding]:
    """Find a system flag without its backslash, and a folder with one."""
    named = [(each.do, each.argument) for each in rule.actions]
    named += [
        (test.field, value)
        for test in tests_of(rule.condition)
        if test.op in _LITERAL
        for value in test.value
    ]
    for word, text in named:
        flag = _system_flag(text) if word in ("flag", "unflag") else ""
        if flag:
            what = f'means a flag of its own by "{text}", not the one that mail programs show'
            remedy = f"did you mean '{flag}', with a backslash and in single quotes?"
            yield Finding(rule.name, NOTE, "flag-name", what, remedy)
        elif word in ("move", "copy", "folder") and "\\" in text:
            what = f'names the folder "{text}", where the backslash is a letter like others'
            meant = text.replace("\\", "/")
            remedy = f'write "{meant}": / stands between levels'
            yield Finding(rule.name, NOTE, "folder-name", what, remedy)


def _system_flag(text: str) -> str:
    """Return the flag that a word would be with a backslash before it; empty if there is none."""
    try:
        return flag_name(f"\\{text}")
    except ValueError:
        return ""


def _overshadowed(asked: list[_Asked], budget: Budget) -> Iterator[Finding]:
    """Find the rules that are never asked, since one before them ends the rules each time."""
    order = sorted(asked, key=lambda each: (*_width(each.rule), each.rule.order))
    enders: list[_Asked] = []
    for each in order:
        for earlier in enders if budget.left >= 0 else ():
            if not _covers(earlier.rule, each.rule):
                continue
            if implies(each.condition, earlier.condition, budget):
                yield _shadow(earlier, each)
                break
        # What earlier rules change may have changed before the later one looks.
        if each.ends and len(enders) < _MOST_EARLIER and not _looks_at_state(each.rule):
            enders.append(each)
    if budget.left < 0:
        what = "there are too many rules to compare each with each: some were not compared"
        yield Finding("", NOTE, "too-many", what, "look at a part of them at a time")


def _looks_at_state(rule: Rule) -> bool:
    return any(test.field in STANDING_FIELDS for test in tests_of(rule.condition))


def _width(rule: Rule) -> tuple[bool, bool]:
    return bool(rule.mailbox), bool(rule.domain)


def _covers(earlier: Rule, later: Rule) -> bool:
    """Tell whether a rule is asked, before another, whenever the other would be."""
    if not later.on <= earlier.on or "schedule" in later.on:
        return False  # by the clock each has its own hour
    if earlier.mailbox:
        return earlier.mailbox == later.mailbox
    if earlier.domain:
        return earlier.domain in (later.domain, later.mailbox.rpartition("@")[2])
    return True


def _shadow(earlier: _Asked, later: _Asked) -> Finding:
    name = earlier.rule.name
    if earlier.condition == ALWAYS:
        what = f'is never asked: rule "{name}" before it ends the rules for every message'
        remedy = f'put it before "{name}" by a lower order'
        return Finding(later.rule.name, WARNING, "after-stop", what, remedy)
    what = f'never matches: rule "{name}" before it takes all its messages, and ends with'
    remedy = f'put it before "{name}" by a lower order, or take it out'
    return Finding(later.rule.name, WARNING, "shadowed", f"{what} {earlier.ends}", remedy)
