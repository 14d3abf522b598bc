"""Conditions made ready to be asked, and the finding of what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from zope.interface import implementer

from bitrixmail.interfaces.rules import ICondition, IFacts
from bitrixmail.model.plan import TestResult
from bitrixmail.model.rule import All, Condition, Not, Test
from bitrixmail.rules.facts import FIELDS, NUMBER_FIELDS, header_name
from bitrixmail.rules.operators import (
    NEGATIVE,
    NUMBER_OPERATORS,
    OPERATORS,
    TEXT_OPERATORS,
    Finder,
    compile_pattern,
    size_octets,
    text_finder,
)
from bitrixmail.rules.words import Complaint, choice

MAX_DEPTH = 10
MAX_VALUES = 10_000
MAX_VALUE_LENGTH = 1000


@implementer(ICondition)
class TextTest:
    """A test on a field of texts. Made by `compile_condition`, lives as long as its rules."""

    __slots__ = ("_find", "_last", "_negative", "_test")

    def __init__(self, test: Test, find: Finder) -> None:
        self._test = test
        self._find = find
        self._negative = test.op in NEGATIVE
        # Results are values, and most messages look alike to a test: the last is used again.
        self._last = TestResult(test.field, test.op, test.value, "", matched=False)

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition."""
        test = self._test
        values = facts.values(test.field)
        index = self._find(values, facts)
        seen = values.shown if index < 0 else values.show(index)
        matched = (index >= 0) is not self._negative
        last = self._last
        if last.matched is not matched or last.seen != seen:
            last = self._last = TestResult(test.field, test.op, test.value, seen, matched)
        results.append(last)
        return matched


@implementer(ICondition)
class SizeTest:
    """A test on the size. Made by `compile_condition`, lives as long as its rules."""

    def __init__(self, test: Test) -> None:
        self._test = test
        self._limits = [size_octets(value) for value in test.value]

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition."""
        test, size = self._test, facts.size_octets
        if test.op == "greater":
            matched = any(size > limit for limit in self._limits)
        elif test.op == "less":
            matched = any(size < limit for limit in self._limits)
        else:
            matched = (size in self._limits) is (test.op == "equals")
        results.append(TestResult(test.field, test.op, test.value, f"{size}", matched))
        return matched


@implementer(ICondition)
@dataclass(frozen=True, slots=True)
class AllTest:
    """Holds if every part does. Made by `compile_condition`, lives as long as its rules."""

    parts: tuple[CompiledCondition, ...]

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition."""
        return all(part.matches(facts, results) for part in self.parts)


@implementer(ICondition)
@dataclass(frozen=True, slots=True)
class AnyTest:
    """Holds if a part does. Made by `compile_condition`, lives as long as its rules."""

    parts: tuple[CompiledCondition, ...]

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition."""
        return any(part.matches(facts, results) for part in self.parts)


@implementer(ICondition)
@dataclass(frozen=True, slots=True)
class NotTest:
    """Holds if its part does not. Made by `compile_condition`, lives as long as its rules."""

    part: CompiledCondition

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition."""
        return not self.part.matches(facts, results)


CompiledCondition = TextTest | SizeTest | AllTest | AnyTest | NotTest


def compile_condition(
    condition: Condition, time_limit_s: float, monotonic: Callable[[], float]
) -> CompiledCondition:
    """Make a condition ready; one about which `complaints` has nothing to say."""
    if isinstance(condition, Test):
        if condition.field in NUMBER_FIELDS:
            return SizeTest(condition)
        return TextTest(condition, text_finder(condition, time_limit_s, monotonic))
    if isinstance(condition, Not):
        return NotTest(compile_condition(condition.part, time_limit_s, monotonic))
    parts = tuple(compile_condition(part, time_limit_s, monotonic) for part in condition.parts)
    if len(parts) == 1:
        return parts[0]
    return AllTest(parts) if isinstance(condition, All) else AnyTest(parts)


def tests_of(condition: Condition) -> Iterator[Test]:
    """Go through all tests of a condition."""
    if isinstance(condition, Test):
        yield condition
    elif isinstance(condition, Not):
        yield from tests_of(condition.part)
    else:
        for part in condition.parts:
            yield from tests_of(part)


def complaints(condition: Condition, path: str = "", depth: int = 0) -> Iterator[Complaint]:
    """Find all that is wrong with a condition. `path` says where in its rule it stands."""
    if depth > MAX_DEPTH:
        yield Complaint(path, f"nested more than {MAX_DEPTH} deep", "take the inner ones apart")
    elif isinstance(condition, Test):
        for complaint in test_complaints(condition):
            yield complaint.under(path)
    elif isinstance(condition, Not):
        yield from complaints(condition.part, f"{path}not: ", depth + 1)
    else:
        for number, part in enumerate(condition.parts, 1):
            yield from complaints(part, f"{path}condition {number}: ", depth + 1)


def test_complaints(test: Test) -> Iterator[Complaint]:
    """Find all that is wrong with one test."""
    known = test.field in FIELDS or header_name(test.field) is not None
    if not known:
        yield Complaint("field", *choice("field", test.field, (*FIELDS, "header:Name")))
    if test.op not in OPERATORS:
        yield Complaint("op", *choice("operator", test.op, OPERATORS))
        return
    if known:
        suited = NUMBER_OPERATORS if test.field in NUMBER_FIELDS else TEXT_OPERATORS
        if test.op not in suited:
            remedy = f"use one of {', '.join(suited)}"
            yield Complaint("op", f'"{test.op}" does not suit the field "{test.field}"', remedy)
            return
    for what, remedy in _value_complaints(test):
        yield Complaint("value", what, remedy)


def _value_complaints(test: Test) -> Iterator[tuple[str, str]]:
    if test.op == "exists":
        if test.value:
            yield '"exists" compares with nothing', "leave value out"
        return
    if not test.value and not test.lists:
        yield "is missing", 'give a text, or a list of texts: value = ["one", "two"]'
    if len(test.value) > MAX_VALUES:
        yield f"has more than {MAX_VALUES} texts", "split the rule"
    for value in test.value:
        if len(value) > MAX_VALUE_LENGTH:
            yield f"has a text of more than {MAX_VALUE_LENGTH} characters", "shorten it"
        elif test.field in NUMBER_FIELDS:
            yield from _refusal(partial(size_octets, value), 'for example "10MB"')
        elif not value and test.op not in ("equals", "not_equals"):
            yield "is empty, which every text contains", "give a text, or use exists"
        elif test.op == "regex":
            remedy = "see docs/rules.md; plain text is found by contains"
            yield from _refusal(partial(compile_pattern, value, test.exact), remedy)


def _refusal(attempt: Callable[[], object], remedy: str) -> Iterator[tuple[str, str]]:
    try:
        attempt()
    except ValueError as error:
        yield str(error), remedy
