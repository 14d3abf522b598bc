"""The examples of docs/rules.md, run: whole rules, and each row of its tables."""

from __future__ import annotations

from typing import Any

import pytest

from bitrixmail.model.errors import InputError
from bitrixmail.rules.actions import KINDS
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import FIELDS, Facts
from bitrixmail.rules.fields import ADDRESS_PARTS
from bitrixmail.rules.operators import OPERATORS
from bitrixmail.rules.syntax import parse_rules, rules_from_data
from tests.fakes.rules_page import (
    MAILBOX,
    PAGE,
    Example,
    actions,
    conditions,
    examples,
    facts_of,
    specimen,
)

EXAMPLES = examples()


def result_of(compiled: CompiledRules, facts: Facts) -> str:
    folder = facts.standing.folder
    return compiled.judge(facts, MAILBOX, "example.org", folder=folder).trace.result


def test_every_rule_of_the_page_is_in_an_example() -> None:
    assert len({example.rules for example in EXAMPLES}) == PAGE.count("```toml") >= 5
    assert len(EXAMPLES) == PAGE.count("\nResult")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.result)
def test_an_example_does_what_the_page_says(example: Example) -> None:
    rules = parse_rules(example.rules, "docs/rules.md")
    compiled = CompiledRules.compile(rules, lists=example.lists.__getitem__)
    assert result_of(compiled, example.facts) == example.result


@pytest.mark.parametrize("condition", conditions(), ids=str)
def test_a_condition_of_the_tables_holds(condition: dict[str, Any]) -> None:
    rule = {"name": "A", "condition": [condition], "action": [{"do": "discard"}]}
    compiled = CompiledRules.compile(rules_from_data({"rule": [rule]}, "docs/rules.md"))
    assert result_of(compiled, specimen()) == "discarded"
    opposite = {**rule, "condition": [{"not": condition}]}
    compiled = CompiledRules.compile(rules_from_data({"rule": [opposite]}, "docs/rules.md"))
    assert result_of(compiled, specimen()) != "discarded"


@pytest.mark.parametrize(("action", "result"), actions(), ids=str)
def test_an_action_of_the_tables_does_what_they_say(action: dict[str, Any], result: str) -> None:
    rule = {"name": "A", "action": [action]}
    compiled = CompiledRules.compile(rules_from_data({"rule": [rule]}, "docs/rules.md"))
    assert result_of(compiled, facts_of("Subject: x\n\n", "")) == result


def test_every_field_operator_and_action_has_an_example() -> None:
    fields = {condition["field"] for condition in conditions()}
    assert {field.partition(":")[0] for field in fields} >= {*FIELDS, "header"}
    assert {field.partition(".")[2] for field in fields} >= set(ADDRESS_PARTS)
    assert {condition["op"] for condition in conditions()} == set(OPERATORS)
    assert {action["do"] for action, _ in actions()} == set(KINDS)


@pytest.mark.parametrize("word", [*FIELDS, *OPERATORS, *KINDS])
def test_every_word_of_the_language_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_faults_read_as_on_the_page() -> None:
    first = EXAMPLES[0].rules
    wrong = first.replace('"contains"', '"contain"').replace('folder = "Invoices"', "")
    with pytest.raises(InputError) as error:
        parse_rules(wrong, "rules.toml")
    assert "\n".join(map(str, error.value.faults)) in PAGE


def test_what_is_no_toml_is_told_as_on_the_page() -> None:
    with pytest.raises(InputError) as error:
        parse_rules("[[rule]]\nname = Invoices\n", "rules.toml")
    assert str(error.value) in PAGE
