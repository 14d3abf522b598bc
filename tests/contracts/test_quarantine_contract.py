"""What every quarantine does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.quarantine import IQuarantine
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.job import Kind, NewJob
from bitrixmail.model.message import INBOX, QUARANTINE
from bitrixmail.model.quarantine import Release
from bitrixmail.model.queue import Search
from bitrixmail.store.opening import Stores
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED, make_draft, make_filing

pytestmark = pytest.mark.parametrize("opened", BOTH)
INFO, SHOP = "info@example.org", "shop@example.org"


async def filled(stores: Stores) -> None:
    await stores.directory.add_domain(Domain("example.org"))
    for number, address in enumerate((INFO, SHOP), 1):
        mailbox = await stores.directory.add_mailbox(Mailbox(0, address), None)
        for letter in range(2):
            filing = make_filing(mailbox.id, QUARANTINE, recipient=address)
            received = RECEIVED + timedelta(minutes=10 * letter + number)
            await stores.messages.append(
                make_draft(f"Q{number}{letter}", filing, received=received)
            )
        await stores.messages.append(make_draft(f"K{number}", make_filing(mailbox.id, INBOX)))


async def ids(stores: Stores, mailbox: str = "", queue_id: str = "") -> list[str]:
    return [held.queue_id for held in await stores.quarantine.listing(mailbox, queue_id, 100)]


async def test_what_is_held_is_listed(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await filled(stores)
        verifyObject(IQuarantine, stores.quarantine)
        assert await ids(stores) == ["Q21", "Q11", "Q20", "Q10"]
        assert await ids(stores, SHOP) == ["Q21", "Q20"]
        assert await ids(stores, queue_id="Q10") == ["Q10"]
        assert await ids(stores, queue_id="K1") == []
        first = await stores.quarantine.listing("", "", 2)
        last = first[-1]
        await stores.quarantine.delete([last.place_id])
        rest = await stores.quarantine.listing("", "", 5, (last.received, last.place_id))
        assert [each.queue_id for each in rest] == ["Q20", "Q10"]
        held = (await stores.quarantine.listing("", "Q10", 100))[0]
        assert (held.mailbox, held.subject, held.recipients) == (INFO, "Invoice", (INFO,))


async def test_what_is_let_go_lies_elsewhere_with_its_jobs(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await filled(stores)
        held = (await stores.quarantine.listing("", "Q10", 100))[0]
        later = RECEIVED + timedelta(days=1)
        job = NewJob("k", Kind.MAIL, "example.net", INFO, RECEIVED, later)
        release = Release(held.place_id, "Invoices", frozenset({"\\Seen"}), jobs=(job,))
        assert await stores.quarantine.release([release]) == 1
        assert await stores.quarantine.release([release]) == 0
        (listed,) = await stores.messages.find("Q10")
        assert (listed.folder, set(listed.flags)) == ("Invoices", {"\\Seen"})
        queued = await stores.queue.find(Search(), 10)
        assert [(each.queue_id, each.recipient) for each in queued] == [("Q10", INFO)]
        moved = [event.text for event in await stores.messages.events("Q10", None, 10)][-1]
        assert moved == "to Invoices, out of quarantine"


async def test_only_what_is_held_is_deleted(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await filled(stores)
        held = await stores.quarantine.listing(INFO, "", 100)
        await stores.quarantine.release([Release(held[0].place_id, INBOX)])
        assert await stores.quarantine.delete([each.place_id for each in held]) == 1
        assert await ids(stores, INFO) == []
        assert [each.folder for each in await stores.messages.find("Q11")] == [INBOX]
        assert await stores.messages.find("Q10") == ()


async def test_it_is_noted_who_was_told(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        assert await stores.quarantine.last_told() == {}
        await stores.quarantine.told({0: RECEIVED, 3: RECEIVED})
        await stores.quarantine.told({0: RECEIVED + timedelta(days=1)})
        assert await stores.quarantine.last_told() == {
            0: RECEIVED + timedelta(days=1), 3: RECEIVED,
        }  # fmt: skip
