"""Rules held against the addresses and list files that are there, at an import and by lint."""

from __future__ import annotations

import pytest

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.admin.rule_notes import RuleNotes
from bitrixmail.model.errors import InputError
from bitrixmail.pipeline.routing import Router
from bitrixmail.rules.judging import Allowed, Judging
from bitrixmail.rules.lint import Finding
from bitrixmail.rules.syntax import parse_rules
from tests.fakes.stores import result_of
from tests.unit.admin.conftest import House
from tests.unit.admin.test_rule_book import made
from tests.unit.admin.test_rules import load, moving

REFUSED = "nobody has the address ivan@example.org, so its mail is refused before any rule"
LISTED = moving("a").replace('value = "x"', 'lists = ["l.txt"]')


def for_ivan(field: str = "envelope_recipient", op: str = "equals", more: str = "") -> str:
    text = moving("a", field, op, "ivan@example.org")
    return text.replace('name = "a"\n', f'name = "a"\n{more}\n', 1)


def told(house: House, text: str) -> tuple[Finding, ...]:
    """Return what lint says of a file; an import says the same, and lint of what is in force."""
    found = result_of(made(house).lint_text(text, "r.toml"))
    notes = load(house, text).notes
    assert [(each.what, each.remedy) for each in notes] == [
        (each.what, each.remedy) for each in found
    ]
    assert result_of(made(house).lint()) == found
    return found


@pytest.mark.parametrize(
    "field", ["envelope_recipient", "recipient", "envelope_recipient.address", "recipient.address"]
)
def test_mail_to_an_address_that_nobody_has(house: House, field: str) -> None:
    (found,) = told(house, for_ivan(field))
    assert (found.rule, found.kind, found.code) == ("a", "note", "nobody")
    assert found.what == REFUSED
    assert found.remedy == "bitrixmail alias add ivan@example.org TARGET"
    (found,) = told(house, for_ivan(field, more='mailbox = "info@example.org"'))
    assert found.remedy == "bitrixmail alias add ivan@example.org info@example.org"


def test_it_is_told_once_of_each_rule(house: House) -> None:
    condition = '{ field = "recipient", op = "equals", value = "ivan@example.org" }'
    text = f'match = "any"\ncondition = [{condition}, {condition}]\n[[rule.action]]\ndo = "flag"\n'
    both = "".join(f'[[rule]]\nname = "{name}"\n{text}' for name in ("a", "b"))
    assert [each.rule for each in told(house, both)] == ["a", "b"]


@pytest.mark.parametrize(
    ("field", "op"),
    [
        ("envelope_recipient", "not_equals"),
        ("envelope_recipient", "contains"),
        ("recipient.name", "equals"),
        ("to", "equals"),
    ],
)
def test_other_conditions_wait_for_nobody(house: House, field: str, op: str) -> None:
    assert told(house, for_ivan(field, op)) == ()


def test_an_address_of_somebody(house: House) -> None:
    accounts = house.accounts
    assert len(told(house, for_ivan())) == 1
    result_of(accounts.set_alias("ivan@example.org", ("info@example.org",)))
    assert told(house, for_ivan()) == ()
    result_of(accounts.remove_alias("ivan@example.org"))
    assert len(told(house, for_ivan())) == 1
    result_of(accounts.add_mailbox("ivan@example.org", None, MailboxOptions(active=False)))
    assert told(house, for_ivan()) == ()


@pytest.mark.parametrize(
    "value",
    ["INFO@Example.org", "info+x@example.org", "who@example.net", "abuse@example.org", "nobody"],
)
def test_addresses_that_lead_somewhere_or_to_others(house: House, value: str) -> None:
    assert told(house, moving("a", "recipient", "equals", value)) == ()


def test_a_catch_all_gets_what_nobody_has(house: House) -> None:
    result_of(house.accounts.set_catch_all("example.org", "info@example.org"))
    assert told(house, for_ivan()) == ()


def test_a_rule_for_an_alias_as_if_it_were_a_mailbox(house: House) -> None:
    result_of(house.accounts.set_alias("ivan@example.org", ("shop@example.org",)))
    (found,) = told(house, moving("a").replace("\n", '\nmailbox = "ivan@example.org"\n', 1))
    assert (found.kind, found.code) == ("note", "no-mailbox")
    assert found.what == "ivan@example.org is an alias of shop@example.org, so it never runs"
    assert found.remedy == (
        'write mailbox = "shop@example.org" and a condition field = "envelope_recipient",'
        ' op = "equals", value = "ivan@example.org"'
    )


def test_rules_for_strangers_and_a_text_that_few_can_read(house: House) -> None:
    scoped = moving("a").replace("\n", '\nmailbox = "who@example.org"\n', 1)
    scoped += moving("b").replace("\n", '\ndomain = "example.net"\n', 1)
    assert [each.code for each in told(house, scoped)] == ["no-mailbox", "no-domain"]
    reply = moving("a").replace('do = "move"\n  folder = "a"', 'do = "reject"\n  text = "Нет"')
    assert [each.code for each in told(house, reply)] == ["reject-text"]


def test_a_file_without_rules(house: House) -> None:
    (found,) = result_of(made(house).lint_text("# none\n", "r.toml"))
    assert (found.rule, found.kind, found.code) == ("", "warning", "no-rules")
    assert result_of(made(house).lint()) == ()


def lists(name: str) -> tuple[str, ...]:
    assert name == "l.txt"
    return ("x",)


def test_a_list_file_that_is_not_there(house: House) -> None:
    with pytest.raises(InputError, match=r'"a": condition 1: lists'):
        result_of(made(house).lint_text(LISTED, "r.toml"))
    there = made(house, Judging(0.1, lists=lists))
    assert result_of(there.lint_text(LISTED, "r.toml")) == ()


def test_a_list_file_that_went(house: House) -> None:
    rules = parse_rules(LISTED + moving("b"), "r.toml")
    result_of(house.stores.rulebook.replace(rules, "ann", ""))
    assert result_of(made(house, Judging(0.1, lists=lists)).lint()) == ()
    (found,) = result_of(made(house).lint())
    assert (found.rule, found.kind, found.code) == ("a", "warning", "list-file")
    assert found.what.startswith("is passed over: condition 1: lists: ")
    off = parse_rules(LISTED.replace("\n", "\nactive = false\n", 1), "r.toml")
    result_of(house.stores.rulebook.replace(off, "ann", ""))
    assert result_of(made(house).lint()) == ()


def test_programs_and_extensions_that_the_settings_do_not_name(house: House) -> None:
    text = """[[rule]]
name = "a"
condition = [
  { field = "python:shop.customer", op = "exists" },
  { field = "check:watch.links", op = "greater", value = 50 },
  { field = "check:bayes", op = "exists" },
]
action = [{ do = "command", name = "order" }, { do = "python", name = "crm.lead" }]
"""
    rules = parse_rules(text, "r.toml")
    directory, router = house.stores.directory, Router(house.stores.directory, "mx.example.org")
    allowed = Allowed(frozenset({"other"}), frozenset({"crm"}))
    found = result_of(RuleNotes(directory, router, allowed).strangers(rules))
    assert [(each.code, each.what) for each in found] == [
        ("no-command", "the settings have no command order, so it waits in the queue"),
        ("no-extension", "the extension shop is not enabled, so it has no answer, or waits"),
        ("no-extension", "the extension watch is not enabled, so it has no answer, or waits"),
    ]
    all_there = Allowed(frozenset({"order"}), frozenset({"crm", "shop", "watch"}))
    assert not result_of(RuleNotes(directory, router, all_there).strangers(rules))
    assert not result_of(RuleNotes(directory, router).strangers(rules))


def test_desks_and_secrets_that_are_not_there(house: House) -> None:
    text = """[[rule]]
name = "a"
[[rule.action]]
do = "ticket"
desk = "zammad"
[[rule.action]]
do = "bitrix24"
portal = "gone"
[[rule.action]]
do = "webhook"
url = "https://shop.example/"
secret = "sign"
headers = { A = "{secret:told} {secret:crm}", B = "{secret:told}" }
"""
    rules = parse_rules(text, "r.toml")
    directory, router = house.stores.directory, Router(house.stores.directory, "mx.example.org")
    allowed = Allowed(secrets=frozenset({"crm"}), portals=frozenset({"crm"}))
    found = result_of(RuleNotes(directory, router, allowed).strangers(rules))
    assert [(each.kind, each.code, each.what) for each in found] == [
        ("note", "no-desk", "there is no help desk zammad, so no ticket comes of it"),
        *(
            ("note", "no-secret", f"the settings have no secret {name}, so it waits in the queue")
            for name in ("gone", "sign", "told")
        ),
        ("note", "told-portal", "the secret crm is an address, which no header field tells"),
    ]
    names = frozenset({"gone", "sign", "told", "crm"})
    there = Allowed(secrets=names, desks=frozenset({"zammad"}))
    assert not result_of(RuleNotes(directory, router, there).strangers(rules))


def test_an_answer_from_an_address_of_nobody(house: House) -> None:
    def text(author: str, mailbox: str = "") -> str:
        scope = f'mailbox = "{mailbox}"\n' if mailbox else ""
        action = f'do = "reply"\ntext = "Hello"\nfrom = "{author}"\n'
        return f'[[rule]]\nname = "a"\n{scope}[[rule.action]]\n{action}'

    (found,) = told(house, text("X <nobody@nowhere.example>"))
    assert found.code == "no-author"
    assert found.what == (
        "answers from nobody@nowhere.example, which is no address of any mailbox here, so the"
        " answer fails"
    )
    assert not told(house, text("X <info@example.org>"))
    assert not told(house, text("INFO@example.org", "info@example.org"))
    (found,) = told(house, text("shop@example.org", "info@example.org"))
    assert "no address of info@example.org" in found.what
