"""What a language must be able to say of a rule, and the values that every language shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bitrixmail.model.rule import Action, Rule, Test
from bitrixmail.model.text import printable
from bitrixmail.rules.times import AGE_UNITS

_MOST_VALUES = 5
_WIDE = 60
_AGE = re.compile(r"\s*([0-9]{1,6})\s*([^\W\d_]{1,10})\.?\s*")


@dataclass(frozen=True, slots=True)
class Speech:
    """One language. Made once, by its own module.

    `test` says a test, or with False its opposite; `joined` takes parts, and whether all or any of
    them are meant. `whole` puts a rule, its condition (empty: always; None: never) and what it does
    together; its last argument tells whether the rule's group is switched off.
    `field` names a field.
    """

    field: Callable[[str], str]
    test: Callable[[Test, bool], str]
    opposite: Callable[[str], str]
    action: Callable[[Action], str]
    stop: str
    joined: Callable[[Sequence[str], bool], str]
    always: str
    never: str
    whole: Callable[[Rule, str | None, Sequence[str], bool], str]


@dataclass(frozen=True, slots=True)
class Words:
    """How a language names values: its quotation marks, and what stands between and behind."""

    quotes: str
    either: str
    listed: Callable[[str], str]
    more: Callable[[int], str]


def shown(text: str, quotes: str) -> str:
    """Return a text in quotation marks, printable and cut."""
    return f"{quotes[0]}{printable(text, _WIDE)}{quotes[1]}"


def values_of(test: Test, words: Words, *, bare: bool = False) -> str:
    """Return the values of a test, any of which is meant; `bare` without quotation marks."""
    most = test.value if len(test.value) <= _MOST_VALUES else test.value[: _MOST_VALUES - 1]
    parts = [printable(each, _WIDE) if bare else shown(each, words.quotes) for each in most]
    if len(most) < len(test.value):
        parts.append(words.more(len(test.value) - len(most)))
    parts += [words.listed(printable(name, _WIDE)) for name in test.lists]
    return words.either.join(parts)


def age_of(text: str) -> tuple[int, str] | None:
    """Split an age into a number and the letter of its unit; None if it is not a whole number."""
    found = _AGE.fullmatch(text)
    unit = AGE_UNITS.get(found[2].lower()) if found else None
    return (int(found[1]), unit) if found and unit else None
