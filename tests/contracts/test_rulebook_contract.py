"""What every rulebook does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.model.rule import Action, All, AnyOf, Not, Rule, RuleSet, Test
from tests.fakes.both_stores import BOTH, Opened

RULES = RuleSet(
    rules=(
        Rule(
            "Счета",
            All(
                (
                    Test("subject", "contains", ("invoice", "счёт")),
                    Not(Test("size", "greater", ("9",))),
                )
            ),
            (Action("move", "Invoices"), Action("stop")),
            order=7,
            mailbox="info@example.org",
        ),
        Rule("Any", AnyOf((Test("header:X-Spam", "exists"),)), (Action("delete"),), active=False),
    )
)
pytestmark = pytest.mark.parametrize("opened", BOTH)


async def test_versions_follow_one_another(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(IRulebook, stores.rulebook)
        assert await stores.rulebook.current() == RuleSet()
        first = await stores.rulebook.replace(RULES, "ann", "the first")
        assert first == replace(RULES, version=1)
        assert await stores.rulebook.current() == first
        second = await stores.rulebook.replace(RuleSet(version=77), "ann", "none")
        assert second == RuleSet(version=2)
        assert await stores.rulebook.current() == second
    async with opened(tmp_path) as stores:
        assert await stores.rulebook.current() == second
