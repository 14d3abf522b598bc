"""What every message store does with messages that are imported."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.message import INBOX, Draft, Origin
from bitrixmail.store.opening import Stores
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED, make_draft, make_filing

NOW = RECEIVED + timedelta(days=1000)
pytestmark = pytest.mark.parametrize("opened", BOTH)


async def add_mailbox(stores: Stores, address: str) -> int:
    found = await stores.directory.add_mailbox(Mailbox(0, address), None)
    return found.id


async def add_info(stores: Stores) -> int:
    await stores.directory.add_domain(Domain("example.org"))
    return await add_mailbox(stores, "info@example.org")


def make_import(queue_id: str, mailbox_id: int, key: bytes, *folders: str) -> Draft:
    draft = make_draft(queue_id, make_filing(mailbox_id, *folders))
    return replace(draft, origin=Origin("mbox old.mbox, octet 17", key, NOW))


async def queue_ids(stores: Stores, mailbox_id: int, name: str = INBOX) -> list[str]:
    view = await stores.messages.folder(mailbox_id, name)
    return [] if view is None else [place.queue_id for place in view.places]


async def test_each_key_comes_in_once(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        first = [make_import("Q1", info, b"1", INBOX), make_import("Q2", info, b"2", "Old")]
        assert await stores.messages.take_in(info, first) == {b"1", b"2"}
        again = [make_import("Q3", info, b"2", INBOX), make_import("Q4", info, b"3", INBOX)]
        assert await stores.messages.take_in(info, again) == {b"3"}
        assert await stores.messages.take_in(info, again) == frozenset()
        assert await queue_ids(stores, info) == ["Q1", "Q4"]
        assert await queue_ids(stores, info, "Old") == ["Q2"]
        assert await stores.messages.taken_in(info, [b"1", b"3", b"4"]) == {b"1", b"3"}
        assert await stores.messages.folders(info) == (INBOX, "Old")


async def test_a_key_holds_for_its_mailbox_and_goes_with_it(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        shop = await add_mailbox(stores, "shop@example.org")
        await stores.messages.take_in(info, [make_import("Q1", info, b"1", INBOX)])
        assert await stores.messages.taken_in(shop, [b"1"]) == frozenset()
        taken = await stores.messages.take_in(shop, [make_import("Q2", shop, b"1", INBOX)])
        assert taken == {b"1"}
        await stores.directory.remove_mailbox("info@example.org")
        assert await stores.messages.taken_in(info, [b"1"]) == frozenset()
        info = await add_mailbox(stores, "info@example.org")
        assert await stores.messages.taken_in(info, [b"1"]) == frozenset()


async def test_what_was_not_kept_does_not_come_again(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        assert await stores.messages.take_in(info, [make_import("Q1", info, b"1")]) == {b"1"}
        assert await queue_ids(stores, info) == []
        assert await stores.messages.taken_in(info, [b"1"]) == {b"1"}


async def test_the_group_is_one_transaction(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        bad = [make_import("Q1", info, b"1", INBOX), make_import("Q2", 999, b"2", INBOX)]
        with pytest.raises(PermanentError):
            await stores.messages.take_in(info, bad)
        assert await stores.messages.taken_in(info, [b"1", b"2"]) == frozenset()
        assert await queue_ids(stores, info) == []


async def test_it_is_told_where_and_when_it_came_from(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        await stores.messages.take_in(info, [make_import("Q1", info, b"1", INBOX)])
        came, filed = await stores.messages.events("Q1", None, 10)
        assert (came.at, came.kind, came.address) == (NOW, "imported", "ann@example.net")
        assert came.text == "from mbox old.mbox, octet 17, received 2026-05-04T03:02:01Z, 56 octets"
        assert (filed.at, filed.kind, filed.text) == (NOW, "filed", "kept in INBOX")
        (listed,) = await stores.messages.find("Q1")
        assert listed.received == RECEIVED


async def test_a_folder_of_old_mail_is_a_new_folder(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        await stores.messages.take_in(info, [make_import("Q1", info, b"1", "Old")])
        view = await stores.messages.folder(info, "Old")
        assert view is not None
        assert view.uidvalidity >= NOW.timestamp() // 1
