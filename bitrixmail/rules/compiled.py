"""One rule made ready to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import is_

from bitrixmail.model.plan import RuleStep, TestResult
from bitrixmail.rules.actions import ConstantAction
from bitrixmail.rules.conditions import CompiledCondition
from bitrixmail.rules.index import Key


@dataclass(slots=True)
class CompiledRule:
    """One rule made ready. Made by CompiledRules, lives as long as it.

    `keys` are tests of which one must hold, see rules.index. `passed` is its last step without a
    match: a message looks alike to it for most mailboxes, and a step is a value to be shared.
    `checks` are those that it names.
    """

    name: str
    condition: CompiledCondition
    actions: tuple[ConstantAction, ...]
    shown: tuple[str, ...]
    stop: bool
    keys: tuple[Key, ...]
    passed: RuleStep
    checks: frozenset[str] = frozenset()

    def passed_by(self, results: list[TestResult]) -> RuleStep:
        """Return its step without a match: the last one again if nothing differs."""
        passed = self.passed
        tests = passed.tests
        # One test that said the same is by far the most frequent
        if len(results) == len(tests) == 1 and results[0] is tests[0]:
            return passed
        if len(tests) != len(results) or not all(map(is_, tests, results)):
            passed = self.passed = RuleStep(self.name, matched=False, tests=tuple(results))
        return passed

    def skimmed(self, seen: Mapping[str, str]) -> RuleStep:
        """Return its step for a message of which it was known beforehand that no key holds."""
        tests = tuple(
            TestResult(test.field, test.op, test.value, seen.get(test.field, ""), False, test.lists)
            for test in (key.test for key in self.keys)
        )
        return RuleStep(self.name, matched=False, tests=tests)
