"""The action `ticket` as it is written in a file, and in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bitrixmail.model.errors import InputError
from bitrixmail.model.rule import Action, Rule
from bitrixmail.rules.outside_desk import TICKET_SETTINGS
from bitrixmail.rules.sentences import action_clause
from bitrixmail.rules.syntax import parse_rules

PAGE = (Path(__file__).parents[3] / "docs" / "tickets.md").read_text("utf-8")
RULE = '[[rule]]\nname = "Desk"\n[[rule.action]]\ndo = "ticket"\n'


def parsed(*settings: str) -> Rule:
    return parse_rules(RULE + "\n".join(settings), "rules.toml").rules[0]


def test_the_page_tells_every_setting_and_its_rule_is_one() -> None:
    for name in TICKET_SETTINGS:
        assert f"`{name}`" in PAGE
    (rule,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (read,) = parse_rules(rule, "docs/tickets.md").rules
    assert read.actions[0].do == "ticket"


def test_every_example_is_taken() -> None:
    given = [f"{name} = {setting.example}" for name, setting in TICKET_SETTINGS.items()]
    assert {name for name, _ in parsed(*given).actions[0].settings} == set(TICKET_SETTINGS)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('who_may_add = "everybody"', "must be one of owner, domain, anyone"),
        (r"subject_patterns = ['\[#\d+\]']", "must have a group for the number"),
        ("subject_patterns = ['(']", "not a regular expression"),
        (f"subject_patterns = {['(x)'] * 21}", "must be at most 20 texts"),
        (f"subject_patterns = ['({'x' * 500})']", "of 500 characters"),
        (f'category = "{"x" * 101}"', "must have at most 100 characters"),
        ('criticality = "a\\nb"', "must be one line"),
        ('hidden = "yes"', "must be true or false"),
        ("most_per_hour = 0", "must be a whole number from 1 to 1000"),
        ('sender = "to"', "must be one of from, reply_to"),
        ('who = "owner"', 'unknown key "who"'),
    ],
)
def test_what_is_wrong_is_told(setting: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        parsed(setting)
    assert told in str(error.value.faults[0])


@pytest.mark.parametrize(
    ("settings", "english", "russian"),
    [
        (
            (),
            "put it into its ticket or open a new one (only its owner may add to it)",
            "добавить в обращение или завести новое (дополнять может только автор)",
        ),
        (
            (
                ("who_may_add", "domain"),
                ("category", "Счета"),
                ("hidden", True),
                ("acknowledge", "Thanks"),
            ),
            (
                'put it into its ticket or open a new one, of the category "Счета", hidden from its'
                " owner, with an acknowledgement (its owner and others of his domain may add to it)"
            ),
            (
                "добавить в обращение или завести новое, с категорией «Счета», скрыто от автора, с"
                " уведомлением о приёме (дополнять может автор и другие из его домена)"
            ),
        ),
        (
            (("who_may_add", "anyone"), ("criticality", "high"), ("desk", "zammad")),
            (
                'put it into its ticket or open a new one, of the criticality "high", at the help'
                ' desk "zammad" (anybody may add to it)'
            ),
            (
                "добавить в обращение или завести новое, с критичностью «high», в службе поддержки"
                " «zammad» (дополнять может кто угодно)"
            ),
        ),
    ],
)
def test_it_reads_as_a_sentence(
    settings: tuple[tuple[str, str | bool], ...], english: str, russian: str
) -> None:
    action = Action("ticket", "", settings)
    assert (action_clause(action, "en"), action_clause(action, "ru")) == (english, russian)


def test_what_an_acknowledgement_may_name() -> None:
    read = TICKET_SETTINGS["acknowledge"].read
    assert read("{number} {subject} {sender} {{}}") == "{number} {subject} {sender} {{}}"
    with pytest.raises(ValueError, match='unknown name "owner"'):
        read("Dear {owner}")
