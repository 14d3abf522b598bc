"""The list files of a test in its results: asked one by one, and told without being asked."""

from __future__ import annotations

import time
from dataclasses import replace

from bitrixmail.model.plan import TestResult
from bitrixmail.model.rule import Action, Rule, RuleSet, Test
from bitrixmail.rules.conditions import compile_condition
from bitrixmail.rules.engine import CompiledRules
from tests.corpus.fields import facts_of

LETTER = b"From: a@b.example\r\nSubject: x\r\n\r\n"
BY_LIST = Test("from.address", "equals", ("own@x.example",), lists=("partners.txt",))


def lists(name: str) -> tuple[str, ...]:
    return {"partners.txt": ("boss@romashka.example",), "sizes": ("10MB",)}[name]


def test_a_result_names_the_list() -> None:
    for test in (BY_LIST, Test("size", "greater", lists=("sizes",))):
        results: list[TestResult] = []
        compile_condition(test, 1, time.perf_counter, lists).matches(facts_of(LETTER), results)
        assert (results[0].value, results[0].lists) == (test.value, test.lists)


def test_a_step_that_was_never_asked_names_the_list_too() -> None:
    rules = tuple(
        Rule(f"rule {number}", replace(BY_LIST, value=(f"{number}@x.example",)), (Action("flag"),))
        for number in range(50)
    )
    compiled = CompiledRules.compile(RuleSet(rules=rules), lists=lists)
    plan = compiled.judge(facts_of(LETTER), "box@example.org", "example.org")
    assert len(plan.trace.steps) < len(rules), "not skimmed: this test shows nothing"
    whole = compiled.whole(plan.trace)
    assert [(step.tests[0].value, step.tests[0].lists) for step in whole.steps] == [
        ((f"{number}@x.example",), ("partners.txt",)) for number in range(50)
    ]
