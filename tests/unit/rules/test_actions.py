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
    ("stop", "", Effects(stop=True)),
    ("spam", "", Effects(work=Work("spam", "", 1, own=False))),
    ("not_spam", "", Effects(work=Work("not_spam", "", 1, own=False))),
]


@pytest.mark.parametrize(("do", "argument", "effects"), TABLE)
def test_what_an_action_wishes_for(do: str, argument: str, effects: Effects) -> None:
    assert not list(action_complaints(Action(do, argument)))
    assert compile_action(Action(do, argument)).plan(FACTS) == effects


def test_no_action_is_left_out() -> None:
    assert {row[0] for row in TABLE} == set(KINDS)


@pytest.mark.parametrize("do", [do for do, kind in KINDS.items() if kind.required])
def test_what_an_action_needs_is_a_fault_if_missing(do: str) -> None:
    found = list(action_complaints(Action(do)))
    assert [complaint.where for complaint in found] == [KINDS[do].key]
    assert found[0].remedy.startswith(f"add {KINDS[do].key} = ")
