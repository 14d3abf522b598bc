"""The examples of docs/rules.md, run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.errors import InputError
from bitrixmail.rules.actions import KINDS
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import FIELDS, Facts
from bitrixmail.rules.operators import OPERATORS
from bitrixmail.rules.syntax import parse_rules

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"```toml\n(.*?)```\s+```mail\n(.*?)```\s+Result: `(.*?)`", re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE)


def test_every_rule_of_the_page_is_in_an_example() -> None:
    assert len(EXAMPLES) == PAGE.count("```toml") >= 5


@pytest.mark.parametrize(("rules", "mail", "result"), EXAMPLES)
def test_an_example_does_what_the_page_says(rules: str, mail: str, result: str) -> None:
    compiled = CompiledRules.compile(parse_rules(rules, "docs/rules.md"))
    headers = HeaderSection.parse(mail.encode())
    facts = Facts(headers, "someone@example.net", 1000).for_mailbox("info@example.org", "a@b.c")
    plan = compiled.judge(facts, "info@example.org", "example.org")
    assert plan.trace.result == result


@pytest.mark.parametrize("word", [*FIELDS, *OPERATORS, *KINDS])
def test_every_word_of_the_language_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_faults_read_as_on_the_page() -> None:
    wrong = EXAMPLES[0][0].replace('"contains"', '"contain"').replace('folder = "Invoices"', "")
    with pytest.raises(InputError) as error:
        parse_rules(wrong, "rules.toml")
    assert "\n".join(map(str, error.value.faults)) in PAGE
