"""What every list of senders does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.senders import ISenderLists
from bitrixmail.model.sender_list import SenderEntry
from bitrixmail.store.opening import Stores
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED

DAY = timedelta(days=1)
INFO = "info@example.org"
pytestmark = pytest.mark.parametrize("opened", BOTH)


def entry(whose: str, address: str, *, allowed: bool, days: int | None = None) -> SenderEntry:
    until = None if days is None else RECEIVED + days * DAY
    return SenderEntry(whose, address, allowed, RECEIVED, until, "why")


async def decides(stores: Stores, *senders: str, mailbox: str = INFO) -> SenderEntry | None:
    await stores.changes.poll()
    (found,) = await stores.senders.find([mailbox], senders, RECEIVED)
    return found


async def test_the_nearest_says_it(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(ISenderLists, stores.senders)
        assert await decides(stores, "bob@shop.example") is None
        for_all = entry("", "@shop.example", allowed=False)
        await stores.senders.put(for_all)
        assert await decides(stores, "bob@shop.example") == for_all
        assert await decides(stores, "bob@sub.shop.example") is None
        domain = entry("example.org", "@shop.example", allowed=True)
        await stores.senders.put(domain)
        assert await decides(stores, "bob@shop.example") == domain
        assert await decides(stores, "bob@shop.example", mailbox="a@example.net") == for_all
        own = entry(INFO, "@shop.example", allowed=False)
        await stores.senders.put(own)
        assert await decides(stores, "bob@shop.example") == own
        address = entry(INFO, "bob@shop.example", allowed=True)
        await stores.senders.put(address)
        assert await decides(stores, "bob@shop.example") == address
        assert await decides(stores, "eve@shop.example") == own


async def test_of_two_alike_the_one_that_keeps_out_counts(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.senders.put(entry("", "ann@example.net", allowed=True))
        block = entry("", "eve@example.net", allowed=False)
        await stores.senders.put(block)
        assert await decides(stores, "ann@example.net", "eve@example.net") == block
        assert await decides(stores, "eve@example.net", "ann@example.net") == block


async def test_an_entry_ends_and_is_replaced_and_removed(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await stores.senders.put(entry("", "bob@example.net", allowed=False, days=1))
        assert await decides(stores, "bob@example.net") is not None
        found = await stores.senders.find([INFO], ["bob@example.net"], RECEIVED + DAY)
        assert found == (None,)
        again = entry("", "bob@example.net", allowed=True)
        await stores.senders.put(again)
        assert await stores.senders.listing(None) == (again,)
        assert await stores.senders.listing(INFO) == ()
        assert await stores.senders.remove("", "BOB@example.net")
        assert not await stores.senders.remove("", "bob@example.net")
        await stores.changes.poll()
        assert await decides(stores, "bob@example.net") is None
        await stores.senders.put(entry(INFO, "eve@example.net", allowed=False, days=1))
        assert await stores.senders.forget(RECEIVED) == 0
        assert await stores.senders.forget(RECEIVED + DAY) == 1
