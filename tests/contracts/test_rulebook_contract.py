"""What every rulebook does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.model.directory import Domain
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.plan import RuleStep, Trace
from bitrixmail.model.rule import Action, All, AnyOf, Not, Rule, RuleSet, Test
from bitrixmail.model.rulebook import RuleCount
from bitrixmail.store.opening import Stores
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED, make_draft, make_filing

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


async def test_every_version_stays(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        book = stores.rulebook
        assert await book.versions(5) == ()
        assert await book.version(0) == RuleSet()
        first = await book.replace(RULES, "ann", "the first")
        await book.replace(RuleSet(rules=RULES.rules[:1]), "боб", "fewer")
        third = await book.replace(RuleSet(), "", "")
        assert [await book.version(number) for number in (1, 3)] == [first, third]
        listed = await book.versions(2)
        assert [(each.version, each.author, each.comment, each.count) for each in listed] == [
            (3, "", "", 0),
            (2, "боб", "fewer", 1),
        ]
        assert listed[0].stored >= listed[1].stored > datetime(2026, 1, 1, tzinfo=UTC)
        assert [each.version for each in await book.versions(10)] == [3, 2, 1]


@pytest.mark.parametrize("number", [2, -1, 2**31, 2**80])
async def test_a_version_that_never_was(opened: Opened, tmp_path: Path, number: int) -> None:
    async with opened(tmp_path) as stores:
        await stores.rulebook.replace(RULES, "ann", "the first")
        with pytest.raises(NotFoundError, match=f"version {number}: there is none"):
            await stores.rulebook.version(number)


async def _spoil(stores: Stores, text: str, number: int) -> None:
    def write(connection: Connection, _items: Sequence[None]) -> list[None]:
        query = "UPDATE rule_set SET rules = ? WHERE version = ?"
        connection.exec_driver_sql(query, (text, number))
        return [None]

    await stores.database.write(write, None)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('[{"name": "a", "later": 1}]', 1),
        ('{"rule": [{}, {}], "much": 1}', 2),
        ('{"rule": 7}', 0),
        ("7", 0),
        ("not JSON", 0),
        ("[" * 100_000, 0),
    ],
)
async def test_an_old_version_that_can_not_be_read_harms_no_other(
    opened: Opened, tmp_path: Path, text: str, count: int
) -> None:
    async with opened(tmp_path) as stores:
        book = stores.rulebook
        await book.replace(RULES, "ann", "of a later program")
        second = await book.replace(RULES, "ann", "again")
        await _spoil(stores, text, 1)
        with pytest.raises(InputError, match="rules, version 1"):
            await book.version(1)
        assert await book.current() == await book.version(2) == second
        assert [each.count for each in await book.versions(9)] == [2, count]


def _trace(*names: str) -> Trace:
    passed = RuleStep("passed", matched=False)
    return Trace(1, (passed, *(RuleStep(name, matched=True) for name in names)))


async def test_the_matches_of_rules_are_counted_with_the_message(
    opened: Opened, tmp_path: Path
) -> None:
    later = RECEIVED + timedelta(hours=1)
    async with opened(tmp_path) as stores:
        assert await stores.rulebook.counts() == {}
        await stores.directory.add_domain(Domain("example.org"))
        found = await stores.directory.mailbox("postmaster@example.org")
        assert found is not None
        filing = make_filing(found.id, "INBOX")
        both = (replace(filing, trace=_trace("a", "б")), replace(filing, trace=_trace("a")))
        await stores.messages.append(make_draft("Q1", *both, received=later))
        await stores.messages.append(make_draft("Q2", replace(filing, trace=_trace("a"))))
        await stores.messages.append(make_draft("Q3", replace(filing, trace=_trace())))
        many = [f"rule {number}" for number in range(45)]
        await stores.messages.append(make_draft("Q4", replace(filing, trace=_trace(*many))))
        # Neither another version nor the end of the rule ends the count.
        await stores.rulebook.replace(RULES, "ann", "")
    async with opened(tmp_path) as stores:
        assert await stores.rulebook.counts() == {
            "a": RuleCount(3, later),
            "б": RuleCount(1, later),
            **{name: RuleCount(1, RECEIVED) for name in many},
        }
