"""A rule as a plain sentence: `if … then …`, in the languages this program speaks.

Never raises, whatever the rule: also one of a later or earlier version of the program is told.
"""

from __future__ import annotations

from dataclasses import replace

from bitrixmail.model.rule import Action, All, AnyOf, Condition, Not, Rule, Test
from bitrixmail.rules.english import ENGLISH
from bitrixmail.rules.operators import OPERATORS, contrary_of
from bitrixmail.rules.russian import RUSSIAN
from bitrixmail.rules.speech import Speech

LANGUAGES = ("en", "ru")
_SPEECHES = {"en": ENGLISH, "ru": RUSSIAN}
_DEEP = 12


def sentence(rule: Rule, language: str, *, off: bool = False) -> str:
    """Say what a rule does, and when; `off`: its group is switched off.

    A language that is not one of LANGUAGES is taken for English.
    """
    speech = _speech(language)
    condition = _clause(rule.condition, speech, holds=True, inner=False, depth=0)
    actions = [speech.action(action) for action in rule.actions]
    if rule.stop and all(action.do != "stop" for action in rule.actions):
        actions.append(speech.stop)
    told = {speech.always: "", speech.never: None}.get(condition, condition)
    return speech.whole(rule, told, actions, off)


def test_clause(test: Test, language: str) -> str:
    """Say what one comparison asks, also one of a trace that was asked the other way round."""
    if test.op in OPERATORS or not test.op.startswith("not_"):
        return _speech(language).test(test, True)
    return _speech(language).test(replace(test, op=contrary_of(test.op)), False)


test_clause.__test__ = False  # type: ignore[attr-defined]  # not a test case of pytest's


def field_clause(field: str, language: str) -> str:
    """Name a field."""
    return _speech(language).field(field)


def action_clause(action: Action, language: str) -> str:
    """Say what one action does."""
    return _speech(language).action(action)


def _speech(language: str) -> Speech:
    return _SPEECHES.get(language, ENGLISH)


def _clause(condition: Condition, speech: Speech, *, holds: bool, inner: bool, depth: int) -> str:
    """Say a condition, or that it does not hold; `inner`: it is a part of a larger one."""
    if depth > _DEEP:
        return "…"
    if isinstance(condition, Test):
        return speech.test(condition, holds)
    if isinstance(condition, Not):
        return _clause(condition.part, speech, holds=not holds, inner=inner, depth=depth + 1)
    if len(condition.parts) == 1:
        part = condition.parts[0]
        return _clause(part, speech, holds=holds, inner=inner, depth=depth + 1)
    if not holds and isinstance(condition, AnyOf) and condition.parts:
        # None of them: each by itself does not hold.
        condition, holds = All(tuple(Not(part) for part in condition.parts)), True
    return _joined(condition, speech, holds=holds, inner=inner, depth=depth)


def _joined(condition: All | AnyOf, speech: Speech, *, holds: bool, inner: bool, depth: int) -> str:
    if not condition.parts:
        return speech.always if isinstance(condition, All) is holds else speech.never
    parts = [
        _clause(part, speech, holds=True, inner=True, depth=depth + 1) for part in condition.parts
    ]
    text = speech.joined(parts, isinstance(condition, All))
    if not holds:
        return speech.opposite(text)
    return f"({text})" if inner else text
