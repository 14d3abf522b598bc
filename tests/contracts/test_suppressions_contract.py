"""What every suppression list does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.model.suppression import Suppressed
from bitrixmail.tasks import gather
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED
from tests.fakes.stores import make_stores, result_of

DAY = timedelta(days=1)
BOB = Suppressed(
    "bob@example.com", "unknown user", RECEIVED, RECEIVED + DAY, "550 5.1.1 No such user", "Q1"
)
EVE = Suppressed("eve@example.com", "by hand", RECEIVED)
pytestmark = pytest.mark.parametrize("opened", BOTH)


async def test_an_entry_holds_until_its_end(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(ISuppressions, stores.suppressions)
        await stores.suppressions.add(BOB)
        await stores.suppressions.add(EVE)
        assert await stores.suppressions.find("Bob@Example.com", RECEIVED) == BOB
        assert await stores.suppressions.find("bob@example.com", RECEIVED + DAY) is None
        assert await stores.suppressions.find("eve@example.com", RECEIVED + 1000 * DAY) == EVE
        assert await stores.suppressions.find("ann@example.com", RECEIVED) is None


async def test_the_newest_of_an_address_counts(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.suppressions.add(BOB)
        again = Suppressed("bob@example.com", "by hand", RECEIVED + DAY)
        await stores.suppressions.add(again)
        assert await stores.suppressions.find("bob@example.com", RECEIVED + DAY) == again


async def test_entries_are_listed_removed_and_forgotten(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        for entry in (EVE, BOB):
            await stores.suppressions.add(entry)
        assert await stores.suppressions.listing(10, "") == (BOB, EVE)
        assert await stores.suppressions.listing(10, BOB.address) == (EVE,)
        assert await stores.suppressions.listing(1, "") == (BOB,)
        assert await stores.suppressions.remove("EVE@example.com")
        assert not await stores.suppressions.remove("eve@example.com")
        assert await stores.suppressions.forget(RECEIVED) == 0
        assert await stores.suppressions.forget(RECEIVED + DAY) == 1
        assert await stores.suppressions.listing(10, "") == ()


async def test_what_is_added_counts_at_once_whatever_was_known_before(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        list_ = stores.suppressions
        assert await list_.find("bob@example.com", RECEIVED) is None
        await list_.add(BOB)
        assert await list_.find("bob@example.com", RECEIVED) == BOB
        assert await list_.remove("bob@example.com")
        assert await list_.find("bob@example.com", RECEIVED) is None
        # while they are read anew
        found = await gather(list_.add(EVE), list_.find("ann@example.com", RECEIVED))
        assert found == [None, None]
        assert await list_.find("eve@example.com", RECEIVED) == EVE


async def test_what_another_process_adds_is_noticed(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        assert await stores.suppressions.find("bob@example.com", RECEIVED) is None
        with make_stores(tmp_path) as other:
            result_of(other.suppressions.add(BOB))
        await stores.changes.poll()
        assert await stores.suppressions.find("bob@example.com", RECEIVED) == BOB
