"""Conditions made ready to be asked, and the finding of what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from zope.interface import implementer

from bitrixmail.interfaces.rules import ICondition, IFacts, IValues
from bitrixmail.model.errors import InputError
from bitrixmail.model.plan import TestResult
from bitrixmail.model.rule import All, Condition, Not, Test
from bitrixmail.model.text import printable
from bitrixmail.rules.actions import PRIORITIES
from bitrixmail.rules.fields import (
    ADDRESS_FIELDS,
    ADDRESS_PARTS,
    CHECKS,
    FIELDS,
    TIME_FIELDS,
    check_name,
    foreign_name,
    header_name,
    is_number,
)
from bitrixmail.rules.lists import Lists, list_name, no_lists, values_of
from bitrixmail.rules.number_tests import ClockTest, MomentTest, NumberTest, reader_of
from bitrixmail.rules.operators import (
    CLOCK_OPERATORS,
    NEGATIVE,
    NUMBER_OPERATORS,
    OPERATORS,
    TEXT_OPERATORS,
    Finder,
    compile_pattern,
    contrary_of,
    text_finder,
)
from bitrixmail.rules.values import fold
from bitrixmail.rules.words import Complaint, choice

MAX_DEPTH = 10
MAX_VALUES = 10_000
MAX_VALUE_LENGTH = 1000
_NAMED = (header_name, foreign_name, check_name)
# What fields of a few words can say at all: anything else is a slip.
_WORDS = {"read": ("yes", "no"), "spam": ("yes", "no"), "priority": PRIORITIES}


@implementer(ICondition)
class TextTest:
    """A test on a field of texts. Made by `compile_condition`, lives as long as its rules."""

    __slots__ = ("_field", "_find", "_known", "_last", "_negative", "_test")

    def __init__(self, test: Test, find: Finder) -> None:
        self._test = test
        self._field = test.field
        self._find = find
        self._negative = test.op in NEGATIVE
        # Results are values, and most messages look alike to a test: the last is used again.
        self._last = TestResult(test.field, test.op, test.value, "", False, test.lists)
        # What was looked at last, if other messages will have it too, and the result. One object,
        # since another thread may judge another message meanwhile.
        self._known: tuple[IValues | None, TestResult] = None, self._last

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition."""
        values = facts.values(self._field)
        looked_at, last = self._known
        if values is looked_at:
            results.append(last)
            return last.matched
        index, position = self._find(values, facts)
        seen = values.shown if index < 0 else values.show(index, position)
        matched = (index >= 0) is not self._negative
        last = self._last
        if last.matched is not matched or last.seen != seen:
            test = self._test
            last = TestResult(test.field, test.op, test.value, seen, matched, test.lists)
            self._last = last
        if values.lasting:
            self._known = values, last
        results.append(last)
        return matched


@implementer(ICondition)
@dataclass(frozen=True, slots=True)
class LostTest:
    """A test whose list could not be read. Made by `compile_condition`, lives as long as its rules.

    Neither it nor its contrary holds, so it has no answer.
    """

    reason: str

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:  # noqa: ARG002
        """See ICondition. Raises LookupError always: its rule is passed over."""
        raise LookupError(self.reason)


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
class NotTest:
    """Holds if its part does not. Made by `compile_condition`, lives as long as its rules.

    Its results tell the contrary of those of its part: of two that must not both hold, one does
    not.
    """

    __slots__ = ("_known", "part")

    def __init__(self, part: CompiledCondition) -> None:
        self.part = part
        # Most messages look alike to a test: the last is used again
        self._known: tuple[TestResult | None, TestResult | None] = None, None

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition. What its part has found is told also if that raises."""
        place = len(results)
        try:
            return not self.part.matches(facts, results)
        finally:
            while place < len(results):
                result = results[place]
                known, contrary = self._known
                if known is not result or contrary is None:
                    contrary = _contrary(result)
                    self._known = result, contrary
                results[place] = contrary
                place += 1


def _contrary(result: TestResult) -> TestResult:
    """Return the same test asked the other way round."""
    return replace(result, op=contrary_of(result.op), matched=not result.matched)


CompiledCondition = (
    TextTest | NumberTest | MomentTest | ClockTest | LostTest | AllTest | AnyTest | NotTest
)


def compile_condition(
    condition: Condition,
    time_limit_s: float,
    monotonic: Callable[[], float],
    lists: Lists = no_lists,
) -> CompiledCondition:
    """Make a condition ready; one about which `complaints` has nothing to say.

    `lists` reads list files; raises InputError as it does. Of its LookupError comes a test that
    has no answer.
    """
    if isinstance(condition, Test):
        return _compile_test(condition, time_limit_s, monotonic, lists)
    if isinstance(condition, Not):
        return NotTest(compile_condition(condition.part, time_limit_s, monotonic, lists))
    parts = tuple(
        compile_condition(part, time_limit_s, monotonic, lists) for part in condition.parts
    )
    if len(parts) == 1:
        return parts[0]
    return AllTest(parts) if isinstance(condition, All) else AnyTest(parts)


def _compile_test(
    test: Test, time_limit_s: float, monotonic: Callable[[], float], lists: Lists
) -> CompiledCondition:
    try:
        values = values_of(test, lists)
        return _with_values(test, values, time_limit_s, monotonic)
    except LookupError as error:
        return LostTest(str(error))
    except ValueError as error:
        if not test.lists:
            raise
        return LostTest(f"a value of {' or '.join(test.lists)}: {error}")


def _with_values(
    test: Test, values: tuple[str, ...], time_limit_s: float, monotonic: Callable[[], float]
) -> CompiledCondition:
    if test.op != "exists":
        if is_number(test.field):
            return NumberTest(test, values)
        if test.field == "time":
            return ClockTest(test, values)
        if test.field in TIME_FIELDS:
            return MomentTest(test, values)
    return TextTest(test, text_finder(test, values, time_limit_s, monotonic))


def tests_of(condition: Condition) -> Iterator[Test]:
    """Go through all tests of a condition."""
    if isinstance(condition, Test):
        yield condition
    elif isinstance(condition, Not):
        yield from tests_of(condition.part)
    else:
        for part in condition.parts:
            yield from tests_of(part)


def complaints(
    condition: Condition, path: str = "", depth: int = 0, lists: Lists | None = None
) -> Iterator[Complaint]:
    """Find all that is wrong with a condition. `path` says where in its rule it stands.

    With `lists`, what stands in list files is looked at too, and whether they can be read.
    """
    if depth > MAX_DEPTH:
        yield Complaint(path, f"nested more than {MAX_DEPTH} deep", "take the inner ones apart")
    elif isinstance(condition, Test):
        for complaint in test_complaints(condition, lists):
            yield complaint.under(path)
    elif isinstance(condition, Not):
        yield from complaints(condition.part, f"{path}not: ", depth + 1, lists)
    else:
        for number, part in enumerate(condition.parts, 1):
            yield from complaints(part, f"{path}condition {number}: ", depth + 1, lists)


def test_complaints(
    test: Test,
    lists: Lists | None = None,  # noqa: PT028 - no test function
) -> Iterator[Complaint]:
    """Find all that is wrong with one test; with `lists`, with what those hold too."""
    wrong = list(_field_complaints(test.field))
    yield from wrong
    if test.op not in OPERATORS:
        yield Complaint("op", *choice("operator", test.op, OPERATORS))
        return
    if not wrong:
        suited = _suited(test.field)
        if test.op not in suited:
            remedy = f"use one of {', '.join(suited)}"
            yield Complaint("op", f'"{test.op}" does not suit the field "{test.field}"', remedy)
            return
    for what, remedy in _value_complaints(test):
        yield Complaint("value", what, remedy)
    if test.op != "exists":
        for name in test.lists:
            yield from _list_complaints(test, name, lists)


def _field_complaints(field: str) -> Iterator[Complaint]:
    check = check_name(field)
    if check is not None and "." not in check and check not in CHECKS:
        yield Complaint("field", *choice("check", check, (*CHECKS, "EXTENSION.NAME")))
    if field in FIELDS or any(name(field) is not None for name in _NAMED):
        return
    if field.startswith("python:"):
        remedy = 'name an extension and its condition: "python:shop.customer"'
        yield Complaint("field", "names no part of an extension", remedy)
        return
    if field.startswith("check:"):
        remedy = 'name a check: "check:bayes", or one of an extension: "check:shop.links"'
        yield Complaint("field", "names no check", remedy)
        return
    base, dot, part = field.partition(".")
    if not dot or base not in ADDRESS_FIELDS:
        yield Complaint("field", *choice("field", field, (*FIELDS, "header:Name")))
    elif part not in ADDRESS_PARTS:
        yield Complaint("field", *choice("part of an address", part, ADDRESS_PARTS))
    elif part == "name" and base.startswith("envelope_"):
        yield Complaint("field", "an envelope holds no names", 'use "from.name" or "to.name"')


def _suited(field: str) -> tuple[str, ...]:
    if field == "time":
        return CLOCK_OPERATORS
    if is_number(field) or field in TIME_FIELDS:
        return NUMBER_OPERATORS
    return TEXT_OPERATORS


def _value_complaints(test: Test) -> Iterator[tuple[str, str]]:
    if test.op == "exists":
        if test.value or test.lists:
            yield '"exists" compares with nothing', "leave value and lists out"
        return
    if not test.value and not test.lists:
        yield "is missing", 'give a text, or a list of texts: value = ["one", "two"]'
    if len(test.value) > MAX_VALUES:
        yield f"has more than {MAX_VALUES} texts", "split the rule"
    for value in test.value:
        yield from _one_value_complaints(test, value)


def _one_value_complaints(test: Test, value: str) -> Iterator[tuple[str, str]]:
    if len(value) > MAX_VALUE_LENGTH:
        yield f"has a text of more than {MAX_VALUE_LENGTH} characters", "shorten it"
    elif (reader := reader_of(test.field)) is not None:
        read, example = reader
        yield from _refusal(partial(read, value), f'for example "{example}"')
    elif not value and test.op not in ("equals", "not_equals"):
        yield "is empty, which every text contains", "give a text, or use exists"
    elif test.op == "regex":
        remedy = "see docs/rules.md; plain text is found by contains"
        yield from _refusal(partial(compile_pattern, value, test.exact), remedy)
    elif test.field in _WORDS and test.op in ("equals", "not_equals"):
        known = _WORDS[test.field]
        if fold(value.strip()) not in known:
            yield choice("word", value, known)


def _list_complaints(test: Test, name: str, lists: Lists | None) -> Iterator[Complaint]:
    """Find what is wrong with a list file; of its values, the first wrong one is told."""
    try:
        list_name(name)
        values = () if lists is None else lists(name)
    except ValueError as error:
        yield Complaint("lists", f'"{printable(name, 60)}": {error}', "put it into data_dir/lists")
        return
    except InputError as error:
        for fault in error.faults:
            yield Complaint("lists", f"{fault.where}: {fault.what}", fault.remedy)
        return
    except LookupError as error:
        yield Complaint("lists", str(error), "make it: a value a line")
        return
    for value in values:
        for what, remedy in _one_value_complaints(test, value):
            yield Complaint("lists", f'{name}: "{printable(value, 60)}": {what}', remedy)
            return


def _refusal(attempt: Callable[[], object], remedy: str) -> Iterator[tuple[str, str]]:
    try:
        attempt()
    except ValueError as error:
        yield str(error), remedy
