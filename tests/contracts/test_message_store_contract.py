"""What every message store does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, gatherResults
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.errors import NotFoundError, PermanentError
from bitrixmail.model.folder import Holding
from bitrixmail.model.message import INBOX, Draft, Event
from bitrixmail.model.reply import NO_SUCH_MAILBOX
from bitrixmail.store.opening import Stores
from bitrixmail.store.trace_json import trace_from_json
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import BODY, RECEIVED, TRACE, make_draft, make_filing

WHOLE = b"Return-Path: <ann@example.net>\r\nReceived: from mx.example.net\r\n" + BODY
pytestmark = pytest.mark.parametrize("opened", BOTH)


async def add_info(stores: Stores, retention_days: int = 0) -> Mailbox:
    await stores.directory.add_domain(Domain("example.org"))
    return await stores.directory.add_mailbox(
        Mailbox(0, "info@example.org", retention_days=retention_days), None
    )


async def uids(stores: Stores, mailbox_id: int, name: str = INBOX) -> list[int]:
    view = await stores.messages.folder(mailbox_id, name)
    return [] if view is None else [place.uid for place in view.places]


async def test_provides_the_interface(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(IMessageStore, stores.messages)


async def test_what_is_appended_is_read_back(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        await stores.messages.append(make_draft("Q1", make_filing(info.id, "Invoices", INBOX)))
        view = await stores.messages.folder(info.id, "Invoices")
        assert view is not None
        assert (view.mailbox_id, view.name) == (info.id, "Invoices")
        (place,) = view.places
        assert (place.uid, place.modseq, place.queue_id) == (1, 1, "Q1")
        assert place.size_octets == len(WHOLE)
        assert place.flags == {"\\Flagged"}
        assert place.tags == {"work", "счёт"}
        assert await stores.messages.read(place.id, 0, 10_000) == WHOLE
        assert await uids(stores, info.id) == [1]
        assert await stores.messages.export("Q1") == WHOLE[32:]
        assert await stores.messages.usage(info.id) == 2 * len(WHOLE)


async def test_reads_any_part_over_the_seams(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        writer = stores.blobs.create()
        writer.write(BODY)
        await writer.finish()
        draft = make_draft("Q2", make_filing(info.id, INBOX), blob_id=writer.blob_id)
        await stores.messages.append(make_draft("Q1", make_filing(info.id, INBOX)))
        await stores.messages.append(draft)
        view = await stores.messages.folder(info.id, INBOX)
        assert view is not None
        for place in view.places:
            for offset in range(0, len(WHOLE) + 5, 7):
                for length in (1, 8, 70):
                    got = await stores.messages.read(place.id, offset, length)
                    assert got == WHOLE[offset : offset + length]
        assert await stores.messages.export("Q2") == WHOLE[32:]


async def test_inbox_always_exists_other_folders_on_demand(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        inbox = await stores.messages.folder(info.id, INBOX)
        assert inbox is not None
        assert inbox.places == ()
        assert inbox.uidvalidity > 0
        assert await stores.messages.folder(info.id, "Invoices") is None


async def test_order_per_folder_is_the_order_of_the_calls(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        await gatherResults(
            [
                Deferred.fromCoroutine(
                    stores.messages.append(make_draft(f"Q{number}", make_filing(info.id, INBOX)))
                )
                for number in range(300)
            ]
        )
        view = await stores.messages.folder(info.id, INBOX)
        assert view is not None
        assert [place.queue_id for place in view.places] == [f"Q{number}" for number in range(300)]
        assert [place.uid for place in view.places] == list(range(1, 301))
        assert [place.modseq for place in view.places] == list(range(1, 301))


async def test_an_index_tells_the_numbers_of_the_same_places(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        # More places than are read at once
        many = make_filing(info.id, *[INBOX] * 300)
        for number in range(7):
            await stores.messages.append(make_draft(f"Q{number}", many))
        await stores.messages.append(make_draft("Q", make_filing(info.id, "Invoices")))
        view = await stores.messages.folder(info.id, INBOX)
        assert view is not None
        await stores.messages.expunge(view.id, [2])
        index = await stores.messages.index(info.id, INBOX)
        assert index is not None
        assert (index.id, index.mailbox_id, index.name) == (view.id, info.id, INBOX)
        assert index.uidvalidity == view.uidvalidity
        left = [place for place in view.places if place.uid != 2]
        assert list(index.place_ids) == [place.id for place in left]
        assert list(index.uids) == [place.uid for place in left]
        assert list(index.sizes) == [place.size_octets for place in left]
        assert await stores.messages.index(info.id, "Later") is None


async def test_one_bad_draft_of_many_fails_alone(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        drafts: list[Draft] = [make_draft(f"Q{n}", make_filing(info.id, INBOX)) for n in range(9)]
        drafts[4] = make_draft("Q4", make_filing(9999, INBOX))
        running = [Deferred.fromCoroutine(stores.messages.append(draft)) for draft in drafts]
        failed = []
        for number, call in enumerate(running):
            try:
                await call
            except PermanentError as error:
                failed.append((number, error.reply))
        assert failed == [(4, NO_SUCH_MAILBOX)]
        view = await stores.messages.folder(info.id, INBOX)
        assert view is not None
        assert [place.queue_id for place in view.places] == [
            f"Q{number}" for number in range(9) if number != 4
        ]


async def test_a_discarded_message_leaves_only_its_trace(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        await stores.messages.append(make_draft("Q1", make_filing(info.id)))
        assert await stores.messages.find("Q1") == ()
        with pytest.raises(NotFoundError):
            await stores.messages.export("Q1")
        assert await stores.messages.usage(info.id) == 0
        kinds = [event.kind for event in await stores.messages.events("Q1", None, 10)]
        assert kinds == ["received", "filed"]


async def test_events_hold_the_trace_and_are_found_by_every_address(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        filing = make_filing(info.id, "Invoices", recipient="Sales@example.org")
        await stores.messages.append(make_draft("Q1", filing))
        refused = Event(RECEIVED, "refused", "", "Nobody@example.org", "550 no such mailbox")
        await stores.messages.record([refused])
        received, filed = await stores.messages.events("Q1", None, 10)
        assert received.at == RECEIVED
        assert "192.0.2.1" in received.text
        assert filed.text == "kept in Invoices, for sales@example.org"
        assert trace_from_json(filed.detail) == TRACE
        assert await stores.messages.events(None, "INFO@example.org", 10) == (filed,)
        assert await stores.messages.events(None, "sales@example.org", 10) == (filed,)
        assert await stores.messages.events(None, "ann@example.net", 10) == (received,)
        (found,) = await stores.messages.events(None, "nobody@example.org", 10)
        assert (found.at, found.kind, found.text) == (RECEIVED, "refused", "550 no such mailbox")
        assert len(await stores.messages.events(None, None, 10)) == 3
        assert [e.kind for e in await stores.messages.events(None, None, 1)] == ["refused"]


async def test_remote_text_that_is_no_text_is_kept(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        draft = make_draft(
            "Q1", make_filing(info.id, INBOX), sender="a\udcff@example.net", subject="x\ud800\0y"
        )
        await stores.messages.append(draft)
        (listed,) = await stores.messages.listing("info@example.org", INBOX, 5)
        assert (listed.sender, listed.subject) == ("a?@example.net", "x??y")


async def test_expunge_leaves_the_others_and_never_reuses_a_number(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        for number in range(4):
            draft = make_draft(f"Q{number}", make_filing(info.id, INBOX, "Copy"))
            await stores.messages.append(draft)
        inbox = await stores.messages.folder(info.id, INBOX)
        assert inbox is not None
        last = inbox.places[3]
        await stores.messages.expunge(inbox.id, [2, 4, 99])
        await stores.messages.expunge(inbox.id, [4])
        assert await uids(stores, info.id) == [1, 3]
        assert await uids(stores, info.id, "Copy") == [1, 2, 3, 4]
        assert await stores.messages.usage(info.id) == 6 * len(WHOLE)
        with pytest.raises(NotFoundError):
            await stores.messages.read(last.id, 0, 10)
        assert len(await stores.messages.find("Q3")) == 1
        await stores.messages.append(make_draft("Q9", make_filing(info.id, INBOX)))
        view = await stores.messages.folder(info.id, INBOX)
        assert view is not None
        assert view.places[-1].uid == 5
        assert view.places[-1].modseq == 6
        assert view.places[-1].id > last.id
        kinds = [event.kind for event in await stores.messages.events("Q3", None, 10)]
        assert kinds == ["received", "filed", "deleted"]


async def test_the_content_goes_with_its_last_place(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        await stores.messages.append(make_draft("Q1", make_filing(info.id, INBOX, "Copy")))
        for name in (INBOX, "Copy"):
            assert len(await stores.messages.export("Q1")) > 0
            view = await stores.messages.folder(info.id, name)
            assert view is not None
            await stores.messages.expunge(view.id, [1])
        with pytest.raises(NotFoundError):
            await stores.messages.export("Q1")
        assert await stores.messages.find("Q1") == ()
        assert await stores.messages.usage(info.id) == 0


async def test_listing_is_newest_first(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        for number in range(5):
            draft = make_draft(
                f"Q{number}",
                make_filing(info.id, INBOX if number % 2 else "Odd"),
                received=RECEIVED + timedelta(minutes=number),
            )
            await stores.messages.append(draft)
        every = await stores.messages.listing("Info@example.org", None, 4)
        assert [entry.queue_id for entry in every] == ["Q4", "Q3", "Q2", "Q1"]
        odd = await stores.messages.listing("info@example.org", "Odd", 2)
        assert [(entry.queue_id, entry.folder, entry.uid) for entry in odd] == [
            ("Q4", "Odd", 3),
            ("Q2", "Odd", 2),
        ]
        entry = odd[0]
        assert entry.received == RECEIVED + timedelta(minutes=4)
        assert (entry.mailbox, entry.subject) == ("info@example.org", "Invoice")
        with pytest.raises(NotFoundError, match="no folder"):
            await stores.messages.listing("info@example.org", "None", 2)
        with pytest.raises(NotFoundError, match="no such mailbox"):
            await stores.messages.listing("nobody@example.org", None, 2)


async def test_find_tells_never_seen_from_not_kept(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        with pytest.raises(NotFoundError):
            await stores.messages.find("NEVER")


async def test_retention_deletes_what_is_too_old(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores, retention_days=30)
        keeper = await stores.directory.add_mailbox(Mailbox(0, "all@example.org"), None)
        for number in range(700):
            filings = [make_filing(info.id, INBOX)]
            if number == 0:
                filings.append(make_filing(keeper.id, INBOX, recipient="all@example.org"))
            await stores.messages.append(make_draft(f"Q{number}", *filings))
        young = make_draft(
            "YOUNG", make_filing(info.id, INBOX), received=RECEIVED + timedelta(days=2)
        )
        await stores.messages.append(young)
        now = RECEIVED + timedelta(days=30, seconds=1)
        assert await stores.messages.expire(now) == 700
        assert await uids(stores, info.id) == [701]
        assert await uids(stores, keeper.id) == [1]
        assert await stores.messages.usage(info.id) == len(WHOLE)
        assert [e.kind for e in await stores.messages.events("Q5", None, 9)][-1] == "expired"
        assert await stores.messages.expire(now) == 0


async def test_a_deleted_messages_file_goes_after_a_grace(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        writer = stores.blobs.create()
        writer.write(BODY)
        await writer.finish()
        blob_id = writer.blob_id
        draft = make_draft("Q1", make_filing(info.id, INBOX), blob_id=blob_id)
        await stores.messages.append(draft)
        clock = stores.messages._clock.seconds()
        deleted = RECEIVED.fromtimestamp(clock, RECEIVED.tzinfo) + timedelta(days=400)
        await stores.messages.expire(deleted)
        assert await stores.blobs.read(blob_id, 0, 5) == BODY[:5]
        inbox = await stores.messages.folder(info.id, INBOX)
        assert inbox is not None
        await stores.messages.expunge(inbox.id, [1])
        now = RECEIVED.fromtimestamp(clock, RECEIVED.tzinfo)
        await stores.messages.expire(now + timedelta(hours=23))
        assert await stores.blobs.read(blob_id, 0, 5) == BODY[:5]
        # The clock of a test may be ahead of the file system's: both must have passed the day.
        await stores.messages.expire(now + timedelta(days=500))
        with pytest.raises(NotFoundError):
            await stores.blobs.read(blob_id, 0, 5)


async def test_the_event_log_forgets(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        old = [Event(RECEIVED, "refused", "", "", str(number)) for number in range(700)]
        await stores.messages.record(old)
        await stores.messages.record([Event(RECEIVED + timedelta(days=1), "refused", "", "", "x")])
        await stores.messages.expire(RECEIVED + timedelta(days=92, seconds=1))
        assert [event.text for event in await stores.messages.events(None, None, 9)] == ["x"]


async def test_removing_a_mailbox_leaves_nothing(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        for number in range(650):
            await stores.messages.append(make_draft(f"Q{number}", make_filing(info.id, INBOX)))
        before = await stores.messages.folder(info.id, INBOX)
        assert before is not None
        await stores.directory.remove_mailbox("info@example.org")
        with pytest.raises(NotFoundError):
            await stores.messages.export("Q1")
        assert await stores.messages.find("Q1") == ()
        assert await stores.messages.usage(info.id) == 0
        again = await stores.directory.add_mailbox(Mailbox(0, "info@example.org"), None)
        after = await stores.messages.folder(again.id, INBOX)
        assert after is not None
        assert after.places == ()
        assert again.id > info.id
        assert after.uidvalidity > before.uidvalidity
        with pytest.raises(PermanentError):
            await stores.messages.append(make_draft("QX", make_filing(info.id, INBOX)))


async def test_strangers_cannot_make_folders_without_end(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        names = [f"F{number}" for number in range(1100)]
        for start in range(0, 1100, 100):
            draft = make_draft(f"Q{start}", make_filing(info.id, *names[start : start + 100]))
            await stores.messages.append(draft)
        assert await stores.messages.folder(info.id, "F998") is not None
        assert await stores.messages.folder(info.id, "F999") is None
        assert len(await uids(stores, info.id)) == 101
        assert await uids(stores, info.id) == list(range(1, 102))


async def test_tells_what_mailboxes_and_folders_hold(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        info = await add_info(stores)
        shop = await stores.directory.add_mailbox(Mailbox(0, "shop@example.org"), None)
        later = RECEIVED + timedelta(hours=1)
        await stores.messages.append(make_draft("Q1", make_filing(info.id, "Invoices", INBOX)))
        await stores.messages.append(make_draft("Q2", make_filing(info.id, INBOX), received=later))
        size = len(WHOLE)
        assert await stores.messages.holdings([info.id, shop.id, 4711]) == {
            info.id: Holding(3, 3 * size, later),
            shop.id: Holding(),
        }
        assert await stores.messages.folder_holdings(info.id) == {
            INBOX: Holding(2, 2 * size, later),
            "Invoices": Holding(1, size, RECEIVED),
        }
        view = await stores.messages.folder(info.id, "Invoices")
        assert view is not None
        await stores.messages.expunge(view.id, [1])
        found = await stores.messages.folder_holdings(info.id)
        assert found["Invoices"] == Holding()
        assert await stores.messages.folder_holdings(shop.id) in ({}, {INBOX: Holding()})
