"""What every search over all mailboxes does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from zope.interface.verify import verifyObject

from bitrixmail.admin.search_language import read_search
from bitrixmail.interfaces.searching import ISearching
from bitrixmail.model.directory import Credential, Domain, Mailbox
from bitrixmail.model.errors import InputError
from bitrixmail.model.job import Kind, NewJob
from bitrixmail.model.message import Draft
from bitrixmail.model.plan import RuleStep, TestResult, Trace
from bitrixmail.model.queue import Search
from bitrixmail.model.searching import Change, Key, View
from bitrixmail.model.user import Role
from bitrixmail.store.opening import Stores
from bitrixmail.store.schema_search import search_entry
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED, make_draft, make_filing

pytestmark = pytest.mark.parametrize("opened", BOTH)
INFO, SHOP = "info@example.org", "shop@example.org"
PDF = (
    b'Content-Type: multipart/mixed; boundary="b"\r\nTo: Sales <sales@example.org>\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n--b\r\n"
    b'Content-Type: application/pdf; name="a.pdf"\r\n\r\nx\r\n--b--\r\n'
)
SPAM = Trace(
    steps=(
        RuleStep(
            "spam",
            matched=True,
            tests=(TestResult("spam_score", "greater", ("90",), "97.5 (words)", matched=True),),
        ),
    ),
)


def letter(number: int, subject: str, **changes: object) -> Draft:
    received = RECEIVED + timedelta(days=number)
    draft = make_draft(f"Q{number}", subject=subject, received=received)
    return replace(draft, **changes)  # type: ignore[arg-type] # as the test names them


async def filled(stores: Stores) -> None:
    await stores.directory.add_domain(Domain("example.org"))
    info = await stores.directory.add_mailbox(Mailbox(0, INFO), None)
    shop = await stores.directory.add_mailbox(Mailbox(0, SHOP), None)
    plain = replace(make_filing(info.id, "INBOX"), flags=frozenset())
    seen = replace(make_filing(shop.id, "Счета", recipient=SHOP), flags=frozenset({"\\Seen"}))
    held = replace(make_filing(info.id, "Quarantine"), trace=SPAM)
    pdf = make_draft("x", octets=PDF).content
    await stores.messages.append(letter(0, "Заказ ещё один", filings=(plain,)))
    await stores.messages.append(letter(1, "Invoice 100%", filings=(seen,), content=pdf))
    await stores.messages.append(letter(2, "Cheap pills", filings=(held,), header_from="Ёжик"))
    await stores.messages.append(letter(3, "For both", filings=(plain, seen)))
    assert await stores.searching.unread() == 4
    assert await stores.searching.read_in(3) == 3
    assert await stores.searching.read_in(3) == 1
    assert await stores.searching.read_in(3) == await stores.searching.unread() == 0


def _entries(connection: Connection) -> int:
    query = select(func.count()).select_from(search_entry)
    count: int = connection.execute(query).scalar_one()
    return count


async def found(stores: Stores, text: str) -> list[str]:
    window = await stores.searching.search(read_search(text, UTC), None, 100, 1000)
    assert window.reached is None
    return [f"{hit.queue_id} {hit.mailbox.partition('@')[0]}" for hit in window.hits]


ALL = ["Q3 shop", "Q3 info", "Q2 info", "Q1 shop", "Q0 info"]


async def test_what_is_sought_is_found(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(ISearching, stores.searching)
        await filled(stores)
        for text, wanted in {
            "": ALL,
            "заказ ЕЩЕ": ["Q0 info"],
            '"for both"': ["Q3 shop", "Q3 info"],
            '"both for"': [],
            "invoice 100%": ["Q1 shop"],
            "1_0": [],
            "-invoice -pills": ["Q3 shop", "Q3 info", "Q0 info"],
            "from:ежик": ["Q2 info"],
            "subject:ежик": [],
            "from:ann@example.net subject:both": ["Q3 shop", "Q3 info"],
            "to:shop@": ["Q3 shop", "Q3 info", "Q1 shop"],
            "to:sales": ["Q1 shop"],
            "mailbox:info@example.org": ["Q3 info", "Q2 info", "Q0 info"],
            "mailbox:shop": ["Q3 shop", "Q1 shop"],
            "mailbox:example": ALL,
            "mailbox:none": [],
            "-mailbox:shop": ["Q3 info", "Q2 info", "Q0 info"],
            "-mailbox:none": ALL,
            "folder:счета": ["Q3 shop", "Q1 shop"],
            "-folder:счета mailbox:shop": [],
            "id:Q1": ["Q1 shop"],
            "id:Q9": [],
            "-id:Q3": ["Q2 info", "Q1 shop", "Q0 info"],
            "has:attachment": ["Q1 shop"],
            "-has:attachment": ["Q3 shop", "Q3 info", "Q2 info", "Q0 info"],
            "score>97": ["Q2 info"],
            "score>=97.5": ["Q2 info"],
            "score<50": [],
            "-score>50": ["Q3 shop", "Q3 info", "Q1 shop", "Q0 info"],
            "size>100": ["Q1 shop"],
            "before:2026-05-05": ["Q0 info"],
            "after:2026-05-07": ["Q3 shop", "Q3 info"],
            "-after:2026-05-07 after:2026-05-06": ["Q2 info"],
            "mailbox:info before:2026-05-06": ["Q0 info"],
            "is:read": ["Q3 shop", "Q1 shop"],
            "is:unread": ["Q3 info", "Q2 info", "Q0 info"],
            "is:flagged": ["Q2 info"],
            "is:spam": ["Q2 info"],
            "-is:spam is:unread": ["Q3 info", "Q0 info"],
        }.items():
            assert await found(stores, text) == wanted, text


async def test_pages_lead_through_everything_both_ways(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await filled(stores)
        for text, breadth, limit, newer in product(
            ("", "mailbox:info", "-id:none"), (1, 2, 100), (1, 100), (False, True)
        ):
            sought = read_search(text, UTC)
            ways: list[Key] = []
            start = None
            for _ in range(20):
                window = await stores.searching.search(sought, start, limit, breadth, newer=newer)
                ways += [hit.key for hit in window.hits]
                start = window.reached
                if start is None:
                    break
            whole = (await stores.searching.search(sought, None, 100, 1000, newer=newer)).hits
            assert ways == [hit.key for hit in whole]
            assert len(ways) == (3 if "info" in text else 5)
            assert Key.read(str(ways[0])) == ways[0]


async def test_places_are_moved_marked_and_deleted(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await filled(stores)
        window = await stores.searching.search(read_search("id:Q3", UTC), None, 9, 99)
        ids = [hit.key.place_id for hit in window.hits]
        change = Change("Trash", frozenset({"\\Flagged"}), frozenset({"\\Seen"}), "by admin")
        assert await stores.searching.change([*ids, 999], change) == 2
        assert await stores.searching.change(ids, change) == 0
        assert {each.folder for each in await stores.messages.find("Q3")} == {"Trash"}
        hits = await stores.searching.places(ids)
        assert [set(hit.flags) for hit in hits] == [{"\\Flagged"}] * 2
        told = [each.text for each in await stores.messages.events("Q3", SHOP, 9)][-1]
        assert told == "to Trash, set \\Flagged, cleared \\Seen, by admin"
        assert await stores.searching.delete([*ids, 999]) == 2
        assert await stores.searching.places(ids) == ()
        assert await found(stores, "") == ALL[2:]
        # nothing of it is left where it was looked for
        assert await stores.database.read(_entries) == 3


async def test_jobs_are_written_once(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await filled(stores)
        (hit,) = (await stores.searching.search(read_search("id:Q1", UTC), None, 9, 99)).hits
        later = RECEIVED + timedelta(days=1)
        job = NewJob("k", Kind.MAIL, "example.net", INFO, RECEIVED, later)
        assert await stores.searching.order([(hit.key.place_id, job), (999, job)]) == 1
        assert await stores.searching.order([(hit.key.place_id, job)]) == 0
        queued = await stores.queue.find(Search(), 10)
        assert [(each.queue_id, each.recipient) for each in queued] == [("Q1", INFO)]


async def test_searches_are_kept(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        searching = stores.searching
        await searching.keep_view("ann", View("spam", "is:spam"))
        await searching.keep_view("ann", View("new", "is:unread"))
        await searching.keep_view("ann", View("spam", "score>50"))
        assert await searching.views("ann") == (View("new", "is:unread"), View("spam", "score>50"))
        assert await searching.views("bob") == ()
        await searching.drop_view("ann", "spam")
        await searching.drop_view("ann", "none")
        assert await searching.views("ann") == (View("new", "is:unread"),)
        for number in range(49):
            await searching.keep_view("ann", View(f"v{number}", ""))
        with pytest.raises(InputError):
            await searching.keep_view("ann", View("one more", ""))


async def test_who_is_gone_leaves_no_searches(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        for name in ("ann", "bob"):
            await stores.users.add(name, Role.OWNER, Credential("x", "y"), RECEIVED)
            await stores.searching.keep_view(name, View("spam", "is:spam"))
        await stores.users.remove("ann")
        assert await stores.searching.views("ann") == ()
        assert await stores.searching.views("bob") == (View("spam", "is:spam"),)
