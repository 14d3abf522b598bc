from __future__ import annotations

import time

from zope.interface.verify import verifyObject

from bitrixmail.interfaces.rules import IAction, ICondition, IFacts, IValues
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.rule import Action, All, AnyOf, Not, Test
from bitrixmail.rules.actions import KINDS, compile_action
from bitrixmail.rules.conditions import compile_condition
from bitrixmail.rules.facts import Facts


def test_the_parts_keep_their_contracts() -> None:
    facts = Facts(HeaderSection.parse(b""), "", 0)
    assert verifyObject(IFacts, facts)
    assert verifyObject(IValues, facts.values("subject"))
    test = Test("subject", "exists")
    for condition in (
        test,
        All(),
        AnyOf(),
        Not(test),
        Test("size", "less", ("1",)),
        Test("date", "less", ("2026-01-31",)),
        Test("time", "equals", ("Mon",)),
    ):
        assert verifyObject(ICondition, compile_condition(condition, 0.1, time.perf_counter))
    arguments = {
        "webhook": "https://a.example/",
        "bitrix24": "crm",
        "command": "invoice",
        "python": "shop.book",
    }
    for do, kind in KINDS.items():
        usual = "a@b.example" if kind.outside else "low"
        argument = arguments.get(do, usual) if kind.required else ""
        assert verifyObject(IAction, compile_action(Action(do, argument)))
