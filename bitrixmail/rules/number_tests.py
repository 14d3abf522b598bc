"""Tests on numbers and times: what their values mean, and how they compare."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import Any, NamedTuple

from zope.interface import implementer

from bitrixmail.interfaces.rules import ICondition, IFacts
from bitrixmail.model.plan import TestResult
from bitrixmail.model.rule import Test
from bitrixmail.rules.fields import check_name
from bitrixmail.rules.operators import size_octets
from bitrixmail.rules.times import Moment, WorkingTime, read_age, read_moment, read_working_time
from bitrixmail.rules.values import number_text

_COUNT = re.compile(r"\s*(\d{1,9})\s*", re.ASCII)
_SCORE = re.compile(r"\s*([+-]?\d{1,6}(?:\.\d{1,6})?)\s*", re.ASCII)


class Span(NamedTuple):
    """What a value covers, both ends included; `after` is what something greater lies behind."""

    first: Any
    last: Any
    after: Any


def _size(text: str) -> Span:
    octets = size_octets(text)
    return Span(octets, octets, octets)


def _count(text: str) -> Span:
    found = _COUNT.fullmatch(text)
    if not found:
        raise ValueError("a number of attachments is written in digits")
    count = int(found[1])
    return Span(count, count, count)


def _score(text: str) -> Span:
    found = _SCORE.fullmatch(text)
    if not found:
        raise ValueError("a score is a number such as 5 or -1.5")
    score = float(found[1])
    return Span(score, score, score)


def _age(text: str) -> Span:
    seconds, unit = read_age(text)
    return Span(seconds, seconds + unit - 1, seconds)


# How the values of a field are read, and an example of one.
NUMBER_READERS: dict[str, tuple[Callable[[str], Span], str]] = {
    "size": (_size, "10MB"),
    "attachment_size": (_size, "10MB"),
    "attachment_count": (_count, "3"),
    "spam_score": (_score, "5"),
    "age": (_age, "7d"),
}
READERS: dict[str, tuple[Callable[[str], object], str]] = {
    **NUMBER_READERS,
    "date": (read_moment, "2026-01-31 14:00 Europe/Moscow"),
    "received": (read_moment, "2026-01-31 14:00 Europe/Moscow"),
    "time": (read_working_time, "Mon-Fri 09:00-18:00 Europe/Moscow"),
}

_CHECK_READER: tuple[Callable[[str], Span], str] = _score, "50"


def reader_of(field: str) -> tuple[Callable[[str], object], str] | None:
    """Return what reads values of a field of numbers or times, and an example of one."""
    return _CHECK_READER if check_name(field) is not None else READERS.get(field)


def _fits(op: str, value: Any, span: Span) -> bool:
    """Tell whether a number or moment fits; negative operators are asked as `equals`."""
    if op == "greater":
        return bool(value > span.after)
    if op == "less":
        return bool(value < span.first)
    return bool(span.first <= value <= span.last)


def _result(test: Test, facts: IFacts, found: int, seen: str = "") -> TestResult:
    """Say what was seen, unless given: the value that fits, or all of them."""
    if not seen:
        values = facts.values(test.field)
        seen = values.shown if found < 0 else values.show(found)
    matched = (found >= 0) is not (test.op == "not_equals")
    return TestResult(test.field, test.op, test.value, seen, matched, test.lists)


def _local(moment: datetime, zone: tzinfo) -> str:
    """Say a moment as the rule's own time zone has it, which is named as rules name it."""
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M:%S} {zone}"


def _timed(
    test: Test,
    facts: IFacts,
    named: Sequence[Moment | WorkingTime],
    fits: Callable[[datetime, Any], bool],
) -> TestResult:
    """Try the moments of a field; tell one in the zone of the value it fits, else of the first."""
    moments = facts.moments(test.field)
    for index, moment in enumerate(moments):
        for each in named:
            if fits(moment, each):
                seen = _local(moment, each.zone) if each.zone else ""
                return _result(test, facts, index, seen)
    zone = next((each.zone for each in named), None)
    seen = _local(moments[0], zone) if moments and zone else ""
    return _result(test, facts, -1, seen)


@implementer(ICondition)
class NumberTest:
    """A test on a field of numbers. Made by `compile_condition`, lives as long as its rules."""

    def __init__(self, test: Test, values: tuple[str, ...]) -> None:
        self._test = test
        of_check = check_name(test.field) is not None
        read = (_CHECK_READER if of_check else NUMBER_READERS[test.field])[0]
        self._spans = tuple(map(read, values))
        self._negative = test.op == "not_equals"
        # A lone number is shown as it is, but for an age, which has its unit, and a score, its why
        self._plain = not of_check and test.field not in {"age", "spam_score"}
        self._last = TestResult(test.field, test.op, test.value, "", False, test.lists)

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition."""
        test = self._test
        op = test.op
        numbers = facts.numbers(test.field)
        found = -1
        for index, number in enumerate(numbers):
            for span in self._spans:
                if _fits(op, number, span):
                    found = index
                    break
            if found >= 0:
                break
        if self._plain and len(numbers) == 1:
            matched = (found >= 0) is not self._negative
            seen, last = number_text(numbers[0]), self._last
            if last.matched is not matched or last.seen != seen:
                last = TestResult(test.field, op, test.value, seen, matched, test.lists)
                self._last = last
        else:
            last = _result(test, facts, found)
        results.append(last)
        return last.matched


@implementer(ICondition)
class MomentTest:
    """A test on a field of times. Made by `compile_condition`, lives as long as its rules."""

    def __init__(self, test: Test, values: tuple[str, ...]) -> None:
        self._test = test
        self._moments = tuple(map(read_moment, values))

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition."""
        fits = partial(self._fits, zone=facts.zone)
        results.append(_timed(self._test, facts, self._moments, fits))
        return results[-1].matched

    def _fits(self, moment: datetime, named: Moment, *, zone: tzinfo) -> bool:
        first, last = named.span(zone)
        return _fits(self._test.op, moment, Span(first, last, last if named.is_day else first))


@implementer(ICondition)
class ClockTest:
    """A test on the working time. Made by `compile_condition`, lives as long as its rules."""

    def __init__(self, test: Test, values: tuple[str, ...]) -> None:
        self._test = test
        self._times = tuple(map(read_working_time, values))

    def matches(self, facts: IFacts, results: list[TestResult]) -> bool:
        """See ICondition."""

        def fits(moment: datetime, time: WorkingTime) -> bool:
            return time.holds(moment, facts.zone)

        results.append(_timed(self._test, facts, self._times, fits))
        return results[-1].matched
