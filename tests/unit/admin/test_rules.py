"""Rules as they are imported, compared, and run dry."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.admin.rules import RuleChanges, compared, merged
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.plan import Disposition, Plan
from bitrixmail.model.rule import Action, All, Rule, RuleSet
from tests.fakes.letters import deliver
from tests.fakes.stores import result_of
from tests.unit.admin.conftest import House, faults

MOVING = """\
[[rule]]
name = "{name}"
  [[rule.condition]]
  field = "{field}"
  op = "{op}"
  value = "{value}"
  [[rule.action]]
  do = "move"
  folder = "{name}"
"""


def moving(name: str, field: str = "subject", op: str = "contains", value: str = "x") -> str:
    return MOVING.format(name=name, field=field, op=op, value=value)


def load(house: House, text: str, *, keep: bool = False) -> RuleChanges:
    return result_of(
        house.rules.import_text(text, "r.toml", keep=keep, author="ann", comment="a test")
    )


def rule(name: str, order: int = 500) -> Rule:
    return Rule(name, All(), (Action("flag"),), order)


LONG = b"X: " + b"y" * 995 + b"\r\n"  # a hundred of them are just within the limit
A, B, C = rule("a"), rule("b"), rule("c")


def test_kept_rules_stay_in_their_place() -> None:
    other = rule("b", 7)
    assert merged(RuleSet(rules=(A, B)), RuleSet(rules=(C, other)), keep=True) == (A, other, C)
    assert merged(RuleSet(rules=(A, B)), RuleSet(rules=(C,)), keep=False) == (C,)


@pytest.mark.parametrize(
    ("after", "added", "changed", "removed"),
    [
        ((A, B), (), (), ()),
        ((A, B, C), ("c",), (), ()),
        ((A,), (), (), ("b",)),
        ((A, rule("b", 7)), (), ("b",), ()),
        # Rules of one order run as they stand.
        ((B, A), (), ("b", "a"), ()),
        ((C, A), ("c",), (), ("b",)),
    ],
)
def test_what_differs(
    after: tuple[Rule, ...],
    added: tuple[str, ...],
    changed: tuple[str, ...],
    removed: tuple[str, ...],
) -> None:
    found = compared(RuleSet(4, (A, B)), after)
    assert (found.added, found.changed, found.removed) == (added, changed, removed)
    assert found.any is (after != (A, B))
    assert found.rules.rules == after


def test_only_a_difference_makes_a_version(house: House) -> None:
    assert load(house, moving("one")).rules.version == 1
    again = load(house, moving("one"))
    assert (again.any, again.rules.version) == (False, 1)
    assert load(house, moving("two"), keep=True).rules.version == 2
    assert [each.name for each in result_of(house.rules.current()).rules] == ["one", "two"]
    assert load(house, "").removed == ("one", "two")
    assert result_of(house.rules.export()) == ""


def test_a_whole_set_takes_the_place_of_an_unreadable_one(house: House) -> None:
    load(house, moving("one"))

    def spoil(connection: Connection, _items: Sequence[None]) -> list[None]:
        connection.exec_driver_sql("UPDATE rule_set SET rules = '[{}]'")
        return [None]

    assert house.stores.database.write(spoil, None).called
    with pytest.raises(InputError):
        load(house, moving("two"), keep=True)
    assert load(house, moving("two")).rules.version == 2
    assert [each.name for each in result_of(house.rules.current()).rules] == ["two"]


def test_every_fault_of_a_file_is_told_and_nothing_stored(house: House) -> None:
    wrong = moving("one", op="regex", value="(") + moving("two", field="subjekt")
    with pytest.raises(InputError) as caught:
        load(house, wrong)
    told = faults(caught)
    assert len(told) == 2
    assert told[0].startswith('r.toml: rule "one": condition 1: value: not a regular expression')
    assert told[1].startswith('r.toml: rule "two": condition 1: field: unknown field "subjekt"')
    assert result_of(house.rules.current()).version == 0


def test_rules_for_strangers_are_noted_but_taken(house: House) -> None:
    text = moving("a") + moving("b")
    text = text.replace('name = "a"\n', 'name = "a"\nmailbox = "who@example.org"\n', 1)
    text = text.replace('name = "b"\n', 'name = "b"\ndomain = "example.net"\n', 1)
    changes = load(house, text)
    assert [note.what for note in changes.notes] == [
        "there is no mailbox who@example.org yet, so it never runs",
        "there is no domain example.net yet, so it never runs",
    ]
    assert changes.rules.version == 1


def dry(
    house: House, octets: bytes, *, sender: str | None = None, recipient: str | None = None
) -> Plan:
    return result_of(
        house.rules.test_file(octets, "INFO@example.org", sender=sender, recipient=recipient)
    )


LETTER = b"Return-Path: <boss@example.com>\r\nFrom: Ann <ann@example.net>\r\nSubject: x\r\n\r\n"


@pytest.mark.parametrize(
    ("sender", "wanted"),
    [
        (None, "boss@example.com"),
        ("ann@Example.net", "ann@example.net"),
        ("<ann@пример.рф>", "ann@xn--e1afmkfd.xn--p1ai"),
        ("<>", ""),
    ],
)
def test_the_sender_of_a_dry_run(house: House, sender: str | None, wanted: str) -> None:
    if wanted:
        load(house, moving("Found", "envelope_sender", "equals", wanted))
    else:
        load(house, moving("Found", "envelope_sender", "not_contains", "@"))
    assert dry(house, LETTER, sender=sender).folder == "Found"


@pytest.mark.parametrize("option", ["sender", "recipient"])
def test_what_is_no_path(house: House, option: str) -> None:
    with pytest.raises(InputError, match="is not an address"):
        dry(house, LETTER, **{option: "boss"})
    with pytest.raises(InputError, match="not a domain name"):
        dry(house, LETTER, **{option: "boss@exa mple"})


def test_without_a_recipient_it_is_the_mailbox(house: House) -> None:
    load(house, moving("Found", "envelope_recipient", "equals", "info@example.org"))
    assert dry(house, LETTER).folder == "Found"
    assert dry(house, LETTER, recipient="sales@example.org").folder == "Found"  # the mailbox too
    load(house, moving("Found", "envelope_recipient", "equals", "sales@example.org"))
    assert dry(house, LETTER).folder == "INBOX"
    assert dry(house, LETTER, recipient="sales@example.org").folder == "Found"


def test_a_detail_asks_for_a_folder(house: House) -> None:
    result_of(house.accounts.set_alias("s@example.org", ("info+Sales@example.org",)))
    for recipient in ("info+Bills@example.org", "s@example.org"):
        assert dry(house, LETTER, recipient=recipient).folder == "INBOX"
    change = MailboxOptions(plus_folders=True)
    result_of(house.accounts.change_mailbox("info@example.org", change))
    assert dry(house, LETTER, recipient="info+Bills@example.org").folder == "Bills"


def test_only_so_much_of_a_header_section_counts_as_in_the_live_run(house: House) -> None:
    load(house, moving("Found"))
    assert dry(house, LONG * 100 + b"Subject: x\r\n\r\n").folder == "Found"
    assert dry(house, LONG * 110 + b"Subject: x\r\n\r\n").folder == "INBOX"


def test_a_stored_message_is_judged_again_by_the_rules_of_today(house: House) -> None:
    queue_id = deliver(house.stores, b"Subject: x\r\n\r\n", "info@example.org")
    load(house, moving("Found").replace('do = "move"\n  folder = "Found"', 'do = "reject"'))

    def again(mailbox: str) -> Plan:
        return result_of(house.rules.test_stored(queue_id, mailbox, sender=None, recipient=None))

    plan = again("info@example.org")
    assert (plan.disposition, plan.trace.rule_set_version) == (Disposition.REJECT, 1)
    # For one who did not get it, too.
    assert again("shop@example.org").disposition is Disposition.REJECT
    assert len(result_of(house.messages.listing("info@example.org", None, 10))) == 1


def test_whom_nobody_knows(house: House) -> None:
    with pytest.raises(NotFoundError, match=r"mailbox who@example\.org: there is none"):
        result_of(house.rules.test_file(b"", "who@example.org", sender=None, recipient=None))
    with pytest.raises(NotFoundError, match="no such message was seen"):
        result_of(house.rules.test_stored("X", "info@example.org", sender=None, recipient=None))
