from __future__ import annotations

import pytest

from bitrixmail.model.effects import Effects
from bitrixmail.model.plan import Disposition
from bitrixmail.model.rule import Action
from bitrixmail.model.work import Work
from bitrixmail.rules.actions import KINDS, action_complaints, compile_action
from tests.corpus.fields import facts_of

FACTS = facts_of(b"")
TABLE = [
    ("move", "Счета/2026", Effects(folder="Счета/2026")),
    ("move", "inbox", Effects(folder="INBOX")),
    ("copy", "A", Effects(copy="A")),
    ("mark_read", "", Effects(set_flags=frozenset({"\\Seen"}))),
    ("mark_unread", "", Effects(clear_flags=frozenset({"\\Seen"}))),
    ("flag", "", Effects(set_flags=frozenset({"\\Flagged"}))),
    ("flag", "$Work", Effects(set_flags=frozenset({"$Work"}))),
    ("unflag", "", Effects(clear_flags=frozenset({"\\Flagged"}))),
    ("unflag", "\\answered", Effects(clear_flags=frozenset({"\\Answered"}))),
    ("tag", "счёт", Effects(set_tags=frozenset({"счёт"}))),
    ("untag", "счёт", Effects(clear_tags=frozenset({"счёт"}))),
    (
        "priority",
        "High",
        Effects(
            set_flags=frozenset({"$HighPriority"}),
            clear_flags=frozenset({"$LowPriority"}),
            priority="high",
        ),
    ),
    (
        "priority",
        "low",
        Effects(
            set_flags=frozenset({"$LowPriority"}),
            clear_flags=frozenset({"$HighPriority"}),
            priority="low",
        ),
    ),
    (
        "priority",
        "normal",
        Effects(clear_flags=frozenset({"$HighPriority", "$LowPriority"}), priority="normal"),
    ),
    ("delete", "", Effects(folder="Trash")),
    ("discard", "", Effects(disposition=Disposition.DISCARD)),
    ("reject", "Нет", Effects(disposition=Disposition.REJECT, text="Нет")),
    ("reject", "", Effects(disposition=Disposition.REJECT)),
    ("quarantine", "", Effects(disposition=Disposition.QUARANTINE, folder="Quarantine")),
    ("ticket", "", Effects(work=Work("ticket", "", 1, own=False))),
    ("stop", "", Effects(stop=True)),
    ("forward", "A@x.org", Effects(work=Work("forward", "", 1, False, "A@x.org", (), "x.org"))),
    (
        "redirect",
        "a@x.org,b@y.org, a@x.org",
        Effects(work=Work("redirect", "", 1, False, "a@x.org, b@y.org")),
    ),
    ("notify", "a@x.org", Effects(work=Work("notify", "", 1, False, "a@x.org", (), "x.org"))),
    (
        "webhook",
        "https://A.example/in",
        Effects(work=Work("webhook", "", 1, False, "https://a.example/in", reach="a.example:443")),
    ),
    ("bitrix24", "crm", Effects(work=Work("bitrix24", "", 1, False, "crm", reach="crm"))),
    (
        "command",
        "invoice",
        Effects(work=Work("command", "", 1, own=False, argument="invoice", reach="invoice")),
    ),
    (
        "python",
        "shop.book",
        Effects(work=Work("python", "", 1, own=False, argument="shop.book", reach="shop.book")),
    ),
    ("spam", "", Effects(work=Work("spam", "", 1, own=False))),
    ("not_spam", "", Effects(work=Work("not_spam", "", 1, own=False))),
]
# Needs settings
REPLY = Action("reply", "", (("text", "Hi"),))


@pytest.mark.parametrize(("do", "argument", "effects"), TABLE)
def test_what_an_action_wishes_for(do: str, argument: str, effects: Effects) -> None:
    assert not list(action_complaints(Action(do, argument)))
    assert compile_action(Action(do, argument)).plan(FACTS) == effects


def test_no_action_is_left_out() -> None:
    assert not list(action_complaints(REPLY))
    assert {*(row[0] for row in TABLE), REPLY.do} == set(KINDS)


@pytest.mark.parametrize("do", [do for do, kind in KINDS.items() if kind.required])
def test_what_an_action_needs_is_a_fault_if_missing(do: str) -> None:
    found = list(action_complaints(Action(do)))
    assert [complaint.where for complaint in found] == [KINDS[do].key]
    assert found[0].remedy.startswith(f"add {KINDS[do].key} = ")


@pytest.mark.parametrize(
    ("do", "name", "what"),
    [
        ("command", "/bin/sh", "must be the NAME of a [commands.NAME] in the settings"),
        ("command", "a b", "must be the NAME of a [commands.NAME] in the settings"),
        ("python", "shop", 'must be the names of an extension and of its part: "shop.book"'),
    ],
)
def test_what_names_no_program_and_no_function(do: str, name: str, what: str) -> None:
    assert [complaint.what for complaint in action_complaints(Action(do, name))] == [what]
