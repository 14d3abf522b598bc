"""The operators of the rule language: which there are, and how each compares.

Positive operators want any text of the field to fit any of the values, negative ones that none
of the texts fits any of them; so a field that is absent satisfies every negative operator.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import regex  # type: ignore[import-untyped]  # it ships no types

from bitrixmail.interfaces.rules import IFacts, IValues
from bitrixmail.model.rule import Test
from bitrixmail.rules.sizes import read_size
from bitrixmail.rules.values import compose, fold

NEGATIVE = {"not_contains": "contains", "not_equals": "equals"}
TEXT_OPERATORS = ("contains", "equals", "starts_with", "ends_with", "regex", "exists", *NEGATIVE)
_CONTRARY = NEGATIVE | {positive: negative for negative, positive in NEGATIVE.items()}
_NOT = "not_"
NUMBER_OPERATORS = ("greater", "less", "equals", "not_equals", "exists")
CLOCK_OPERATORS = ("equals", "not_equals", "exists")
OPERATORS = tuple(dict.fromkeys((*TEXT_OPERATORS, *NUMBER_OPERATORS)))

# A unit by its letter alone would be either of two.
_SHORT = {"k": "K", "m": "M", "g": "G", "к": "K", "м": "M", "г": "G"}
_SIZE = re.compile(r"\s*([0-9]{1,15}(?:[.,][0-9]{1,6})?)\s*([^\W\d_]*)\s*")

# Where something was found: the number of the text among those of the field, and the position in
# it. Without a text that fits the number is -1.
Hit = tuple[int, int]
Finder = Callable[[IValues, IFacts], Hit]
_NOTHING = (-1, 0)


def size_octets(text: str) -> int:
    """Read a size such as `10MB` (10,000,000 octets), `1 KiB` (1,024), `2,0 ГиБ` or `512`.

    Raises ValueError with a sentence for people.
    """
    try:
        return read_size(text)
    except ValueError:
        found = _SIZE.fullmatch(text)
        said = "a size is a number and a unit: B, KB, MB, GB, KiB, MiB or GiB"
        short = _SHORT.get(found[2].lower()) if found else None
        if found and short:
            said += f"; {found[1]}{short}B is in thousands, {found[1]}{short}iB in steps of 1024"
        raise ValueError(said) from None


def compile_pattern(pattern: str, exact: bool) -> Any:
    """Compile a regular expression; raises ValueError with a sentence for people."""
    flags = regex.UNICODE | regex.MULTILINE
    if not exact:
        flags |= regex.IGNORECASE
    try:
        return regex.compile(compose(pattern), flags)
    except (regex.error, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(f"not a regular expression: {error}") from None


def text_finder(
    test: Test, values: tuple[str, ...], time_limit_s: float, monotonic: Callable[[], float]
) -> Finder:
    """Make the finder of a test on a field of texts, by all its values.

    A negative operator is found by its positive one.
    """
    op = NEGATIVE.get(test.op, test.op)
    if op == "regex":
        patterns = [compile_pattern(value, test.exact) for value in values]
        return _regex(patterns, time_limit_s, monotonic)
    wanted = tuple(map(compose if test.exact else fold, values))
    return _FINDERS[op](wanted, test.exact)


def _contains(wanted: tuple[str, ...], exact: bool) -> Finder:
    def find(values: IValues, _facts: IFacts) -> Hit:
        for index, text in enumerate(values.forms(exact)):
            for value in wanted:
                if value in text:
                    return index, text.index(value)
        return _NOTHING

    return find


def _equals(wanted: tuple[str, ...], exact: bool) -> Finder:
    any_of = frozenset(value.strip() for value in wanted)

    def find(values: IValues, _facts: IFacts) -> Hit:
        for index, text in enumerate(values.forms(exact)):
            if text in any_of or text.strip() in any_of:
                return index, 0
        return _NOTHING

    return find


def _starts_with(wanted: tuple[str, ...], exact: bool) -> Finder:
    def find(values: IValues, _facts: IFacts) -> Hit:
        for index, text in enumerate(values.forms(exact)):
            if text.startswith(wanted):
                return index, 0
        return _NOTHING

    return find


def _ends_with(wanted: tuple[str, ...], exact: bool) -> Finder:
    def find(values: IValues, _facts: IFacts) -> Hit:
        for index, text in enumerate(values.forms(exact)):
            if text.endswith(wanted):
                return index, len(text)
        return _NOTHING

    return find


def _exists(_wanted: tuple[str, ...], _exact: bool) -> Finder:
    return lambda values, _facts: (0, 0) if values.texts else _NOTHING


_FINDERS: dict[str, Callable[[tuple[str, ...], bool], Finder]] = {
    "contains": _contains,
    "equals": _equals,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "exists": _exists,
}


def _regex(patterns: list[Any], time_limit_s: float, monotonic: Callable[[], float]) -> Finder:
    """Search by patterns, all together no longer than the limit nor the message's patience.

    What was found in texts that all mailboxes of a message share is not searched for again.
    """

    def find(values: IValues, facts: IFacts) -> Hit:
        key = id(patterns), id(values)
        known = facts.answers.get(key)
        if known is not None:
            if known[1] is None:
                raise TimeoutError
            return known[1]
        try:
            hit = search(values, facts)
        except TimeoutError:
            if not facts.hurried:
                facts.answers[key] = values, None
            raise
        facts.answers[key] = values, hit
        return hit

    def search(values: IValues, facts: IFacts) -> Hit:
        allowed = min(time_limit_s, facts.patience_s)
        if allowed <= 0:
            raise TimeoutError("the regular expressions before it took too long")
        began = monotonic()
        try:
            for index, text in enumerate(values.written()):
                for pattern in patterns:
                    left = allowed - (monotonic() - began)
                    if left <= 0:
                        raise TimeoutError  # noqa: TRY301 - one way out for both
                    found = pattern.search(text, timeout=left, concurrent=True)
                    if found:
                        return index, len(" ".join(text[: found.start()].split()))
        except TimeoutError:
            raise TimeoutError from None  # its own words say less than ours
        finally:
            facts.spend(monotonic() - began)
        return _NOTHING

    return find


def contrary_of(op: str) -> str:
    """Return what a trace calls an operator that is asked the other way round: "not_less"."""
    return _CONTRARY.get(op) or (op.removeprefix(_NOT) if op.startswith(_NOT) else _NOT + op)
