from __future__ import annotations

import json

import pytest

from bitrixmail.model.errors import InputError
from bitrixmail.model.rule import Action, All, AnyOf, Not, Rule, RuleSet, Test
from bitrixmail.rules.syntax import (
    MAX_RULES,
    MAX_TEXT,
    dump_rules,
    parse_rules,
    rules_from_data,
    rules_to_data,
)

FULL = RuleSet(
    rules=(
        Rule(
            "Счета",
            AnyOf(
                (
                    Test("subject", "contains", ("invoice", "счёт \\d \"' \t")),
                    Not(All((Test("size", "greater", ("1 KiB",)), Not(Test("cc", "exists"))))),
                    All((AnyOf(()), Test("header:X-A", "regex", (r"\d+",), exact=True))),
                )
            ),
            (Action("move", "Счета/2027"), Action("flag"), Action("reject", "No"), Action("stop")),
            order=-3,
            on=frozenset({"manual"}),
            stop=True,
            active=False,
            mailbox="info@xn--e1afmkfd.xn--p1ai",
            description="two\nlines",
        ),
        Rule("All", All(), (Action("tag", "x"),), domain="example.org"),
    )
)


def test_what_is_written_is_read_back() -> None:
    assert parse_rules(dump_rules(FULL), "x") == FULL
    assert rules_from_data(json.loads(json.dumps(rules_to_data(FULL))), "x") == FULL
    assert dump_rules(parse_rules(dump_rules(FULL), "x")) == dump_rules(FULL)
    assert parse_rules(dump_rules(RuleSet()), "x") == RuleSet()
    assert parse_rules("", "x") == RuleSet()


def test_defaults_are_left_out() -> None:
    assert rules_to_data(RuleSet(rules=(Rule("a", All(), (Action("flag"),)),))) == {
        "rule": [{"name": "a", "action": [{"do": "flag"}]}]
    }


def test_a_lone_condition_is_written_as_a_list_of_one() -> None:
    test = Test("subject", "exists")
    lone = RuleSet(rules=(Rule("a", test, (Action("flag"),)),))
    assert parse_rules(dump_rules(lone), "x").rules[0].condition == All((test,))


def rules_of(data: list[dict[str, object]]) -> tuple[Rule, ...]:
    return rules_from_data({"rule": data}, "x").rules


def test_names_get_their_one_form() -> None:
    rules = rules_of(
        [
            {
                "name": "a",
                "mailbox": "Info@Пример.РФ",
                "action": [{"do": "move", "folder": "inbox"}],
            },
            {"name": "b", "domain": "EXAMPLE.org.", "action": [{"do": "flag", "flag": "\\seen"}]},
            {"name": "c", "stop": True, "condition": [{"field": "size", "op": "less", "value": 9}]},
        ]
    )
    assert rules[0].mailbox == "info@xn--e1afmkfd.xn--p1ai"
    assert rules[0].actions[0].argument == "INBOX"
    assert rules[1].domain == "example.org"
    assert rules[1].actions[0].argument == "\\Seen"
    assert rules[2].condition == All((Test("size", "less", ("9",)),))


def test_numbers_and_times_need_no_quotes() -> None:
    rules = parse_rules(
        """
[[rule]]
name = "a"
stop = true
condition = [
  { field = "date", op = "less", value = 2026-01-31 },
  { field = "received", op = "greater", value = [2026-01-31 14:00:00, 2026-01-31T14:00:00+03:00] },
  { field = "attachment_count", op = "greater", value = 3 },
  { field = "spam_score", op = "less", value = [1.5, -2] },
]
""",
        "x",
    )
    assert rules.rules[0].condition == All(
        (
            Test("date", "less", ("2026-01-31",)),
            Test("received", "greater", ("2026-01-31 14:00:00", "2026-01-31 14:00:00+03:00")),
            Test("attachment_count", "greater", ("3",)),
            Test("spam_score", "less", ("1.5", "-2")),
        )
    )
    assert parse_rules(dump_rules(rules), "x") == rules


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as error:
        parse_rules(text, "rules.toml")
    assert all(fault.remedy for fault in error.value.faults)
    return [f"{fault.where}: {fault.what}" for fault in error.value.faults]


def faults_of(**changed: object) -> list[str]:
    data = {"name": "A", "action": [{"do": "flag"}], **changed}
    with pytest.raises(InputError) as error:
        rules_from_data({"rule": [data]}, "f")
    assert all(fault.remedy for fault in error.value.faults)
    return [f"{fault.where}: {fault.what}" for fault in error.value.faults]


def test_every_fault_is_found_at_one_reading() -> None:
    assert faults(
        'x = 1\n[[rule]]\nnam = "a"\norder = "1"\n'
        '[[rule]]\nname = "b"\nstop = 1\nmatch = "some"\n'
        '[[rule.condition]]\nfield = "subjet"\nop = "contain"\nvalue = 5\n'
        '[[rule.action]]\ndo = "discrad"\n[[rule]]\nname = "b"\nstop = true\n'
    ) == [
        "rules.toml: x: does not belong here",
        'rules.toml: rule 1: nam: unknown key "nam"',
        "rules.toml: rule 1: name: is missing",
        "rules.toml: rule 1: action: is missing",
        "rules.toml: rule 1: order: must be a number",
        'rules.toml: rule "b": match: unknown word "some"',
        'rules.toml: rule "b": condition 1: value: must be a text or a list of texts',
        'rules.toml: rule "b": condition 1: field: unknown field "subjet"',
        'rules.toml: rule "b": condition 1: op: unknown operator "contain"',
        'rules.toml: rule "b": action 1: do: unknown action "discrad"',
        'rules.toml: rule "b": stop: must be true or false',
        'rules.toml: rule "b": stands there twice',
    ]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"name": 5}, "f: rule 1: name: must be a text"),
        ({"name": "a\nb"}, 'f: rule "a\\u{a}b": name: must be one line of at most 200 characters'),
        ({"on": ["recieve"]}, 'f: rule "A": on: unknown occasion "recieve"'),
        ({"on": []}, 'f: rule "A": on: names no occasion'),
        ({"on": "receive"}, 'f: rule "A": on: must be a list'),
        ({"order": True}, 'f: rule "A": order: must be a number'),
        ({"order": 10**9}, 'f: rule "A": order: must lie within ±1000000'),
        ({"mailbox": "info"}, 'f: rule "A": mailbox: is no address'),
        ({"mailbox": "@a.ru"}, 'f: rule "A": mailbox: is no address'),
        ({"domain": "a b"}, 'f: rule "A": domain: not a domain name'),
        ({"domain": "a.ru", "mailbox": "b@a.ru"}, 'f: rule "A": domain: stands beside a mailbox'),
        ({"condition": {}}, 'f: rule "A": condition: must be a list'),
        ({"condition": ["x"]}, 'f: rule "A": condition 1: must be a table'),
        ({"condition": [{"not": 5}]}, 'f: rule "A": condition 1: not: must be a table'),
        ({"condition": [{"not": {"match": "al"}}]},
         'f: rule "A": condition 1: not: match: unknown word "al"'),
        ({"condition": [{"match": "any", "fild": 1}]},
         'f: rule "A": condition 1: fild: unknown key "fild"'),
        ({"action": [{"do": "move"}]}, 'f: rule "A": action 1: folder: "move" needs it'),
        ({"action": [{"do": "move", "folder": 5}]},
         'f: rule "A": action 1: folder: must be a text'),
        ({"action": [{"do": "move", "folder": "a/../b"}]},
         'f: rule "A": action 1: folder: between the slashes of a folder\'s name stand words'),
        ({"action": [{"do": "stop", "folder": "a"}]},
         'f: rule "A": action 1: folder: unknown key "folder"'),
        ({"action": [{"do": "tag", "tag": " a"}]},
         'f: rule "A": action 1: tag: a tag is a word or a few, at most 64 characters on one line'),
        ({"action": [{"do": "reject", "text": "a\nb"}]},
         'f: rule "A": action 1: text: the text has at most 300 characters on one line'),
        ({"action": [{"do": "priority"}]}, 'f: rule "A": action 1: level: "priority" needs it'),
        ({"action": [{"do": "priority", "level": "urgent"}]},
         'f: rule "A": action 1: level: unknown priority "urgent"'),
        ({"condition": [{"field": "from.domian", "op": "exists"}]},
         'f: rule "A": condition 1: field: unknown part of an address "domian"'),
        ({"condition": [{"field": "time", "op": "equals", "value": "Mo 9:00-18:00"}]},
         'f: rule "A": condition 1: value: "Mo" is no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun'),
        ({"condition": [{"field": "date", "op": "less", "value": "2026-01-31 Moscow"}]},
         'f: rule "A": condition 1: value: unknown time zone "Moscow"; did you mean "Europe/Moscow"?'),
        ({"condition": [{"field": "from", "op": "equals", "lists": ["a/b.txt"]}]},
         'f: rule "A": condition 1: lists: "a/b.txt": a list is named by letters, digits, dots and dashes, without a folder'),
        ({"condition": [{"field": "subject", "op": "equals", "value": 5}]},
         'f: rule "A": condition 1: value: must be a text or a list of texts'),
        ({"action": [{}]}, 'f: rule "A": action 1: do: is missing'),
        ({"action": [{"do": 5}]}, 'f: rule "A": action 1: do: must be a text'),
        ({"description": "x" * 3000}, 'f: rule "A": description: has more than 2000 characters'),
    ],
)  # fmt: skip
def test_faults(changed: dict[str, object], fault: str) -> None:
    assert fault in faults_of(**changed)


@pytest.mark.parametrize(
    ("changed", "remedy"),
    [
        ({"on": "schedule"}, 'write on = ["schedule"]'),
        ({"on": ["Schedule"]}, 'did you mean "schedule"?'),
        ({"stop": "yes"}, "write stop = true or stop = false, without quotes"),
        ({"active": 1}, "write active = true or active = false, without quotes"),
        ({"order": "20"}, "write a whole number, without quotes: order = 20"),
        ({"order": 1.5}, "write a whole number, without quotes: order = 10"),
        ({"name": 2027}, 'put it between quotes: name = "2027"'),
        ({"group": True}, 'put it between quotes: group = "true"'),
        ({"group": ["a"]}, 'write a single text, between quotes: group = "…"'),
        (
            {"action": [{"do": "forward", "to": ["a@b.example", 5]}]},
            'write a text, or a list of them: to = ["boss@example.org"]',
        ),
        ({"action": {"do": "flag"}}, "write [[rule.action]] above it"),
        ({"condition": {"field": "to"}}, "write [[rule.condition]] above it"),
        ({"action": [{"do": "priority", "level": "hihg"}]}, 'did you mean "high"?'),
        ({"action": [{"do": "priority", "level": "urgent"}]}, "use one of high, normal, low"),
        (
            {"condition": [{"field": "to", "op": "equals", "lists": 5}]},
            'for example lists = ["partners.txt"]',
        ),
    ],
)
def test_a_remedy_says_what_to_write(changed: dict[str, object], remedy: str) -> None:
    data = {"name": "A", "action": [{"do": "flag"}], **changed}
    with pytest.raises(InputError) as error:
        rules_from_data({"rule": [data]}, "f")
    assert error.value.faults[0].remedy == remedy


def test_addresses_in_a_list_that_are_none() -> None:
    action = {"do": "forward", "to": ["a@b.example", 5]}
    assert faults_of(action=[action]) == [
        'f: rule "A": action 1: to: entry 2 of it, 5, is not one address'
    ]
    action["to"] = ["a@b.example, c@b.example"]
    assert len(faults_of(action=[action])) == 1
    action["to"] = ["nobody"]
    assert faults_of(action=[action]) == [
        'f: rule "A": action 1: to: must be one address, for example boss@example.org'
    ]


def test_values_that_are_the_same_variable() -> None:
    action = {"do": "command", "name": "x", "values": {"a": "x", "b": "y", "A": "z"}}
    (fault,) = faults_of(action=[action])
    assert fault.endswith(
        'action 1: values: has "a" and "A", which are the same variable to a program:'
        " BITRIXMAIL_VALUE_A"
    )
    action |= {"do": "python", "name": "x.y"}
    rules_from_data({"rule": [{"name": "A", "action": [action]}]}, "f")


def test_missing_parts_of_a_test() -> None:
    assert faults_of(condition=[{"value": "a"}]) == [
        'f: rule "A": condition 1: field: is missing',
        'f: rule "A": condition 1: op: is missing',
    ]


def test_what_is_no_list_of_rules() -> None:
    assert faults("rule = 5") == ["rules.toml: rule: is no list"]
    assert faults("[rule]\nname = 1") == ["rules.toml: rule: is no list"]
    assert faults("rule = [5]")[0] == "rules.toml: rule 1: must be a table"
    assert faults("[[rule")[0].startswith("rules.toml: is not TOML: ")
    assert faults("a = " + "[" * 100_000)[0].startswith("rules.toml: ")
    assert faults("#" * (MAX_TEXT + 1)) == [f"rules.toml: has more than {MAX_TEXT} characters"]
    assert faults("a = " + "9" * 5000)[0].startswith("rules.toml: is not TOML: ")
    with pytest.raises(InputError):
        rules_from_data({"rule": [{}] * (MAX_RULES + 1)}, "f")


def test_nesting_is_bounded() -> None:
    inner: dict[str, object] = {"field": "subject", "op": "exists"}
    for _ in range(500):
        inner = {"not": inner}
    assert "nested more than" in faults_of(condition=[inner])[0]
