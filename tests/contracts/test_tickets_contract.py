"""What everything does that keeps tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.tickets import ITicketStore
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.errors import NotFoundError
from bitrixmail.model.ticket import (
    Direction,
    NewTicket,
    Ticket,
    TicketMessage,
    TicketSearch,
    TicketState,
)
from bitrixmail.store.opening import Stores
from bitrixmail.tasks import gather
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED, make_draft, make_filing
from tests.fakes.jobs import make_job, make_letter

DESK, SHOP = "desk@example.org", "shop@example.org"
BOB = "bob@example.com"
HOUR = timedelta(hours=1)


@pytest.fixture(params=BOTH)
def opened(request: pytest.FixtureRequest) -> Opened:
    found: Opened = request.param
    return found


async def filled(stores: Stores) -> Any:
    await stores.directory.add_domain(Domain("example.org"))
    for address in (DESK, SHOP):
        await stores.directory.add_mailbox(Mailbox(0, address), None)
    return stores.tickets


def letter(key: str, **more: Any) -> TicketMessage:
    usual = TicketMessage(
        key, RECEIVED, Direction.IN, BOB, queue_id="Q1", message_id=f"<{key}@example.com>"
    )
    return replace(usual, **more)


async def test_tickets_are_numbered_by_each_desk(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        verifyObject(ITicketStore, tickets)
        new = NewTicket(BOB, "Mein Drucker — сломан", "Hardware", "high", linked=7)
        first = await tickets.open(DESK, new, letter("a"))
        others = [
            await tickets.open(desk, NewTicket(BOB, "x"), letter(desk)) for desk in (DESK, SHOP)
        ]
        assert [each.number for each in (first, *others)] == [1, 2, 1]
        assert len({each.id for each in (first, *others)}) == 3
        assert first == Ticket(
            first.id, DESK, 1, BOB, "Mein Drucker — сломан", TicketState.OPEN, RECEIVED, RECEIVED,
            "Hardware", "high", linked=7,
        )  # fmt: skip
        assert await tickets.find(DESK, 1) == first
        assert await tickets.find(SHOP, 2) is None
        assert await tickets.find("nobody@example.org", 1) is None
        with pytest.raises(NotFoundError):
            await tickets.open("nobody@example.org", NewTicket(BOB, "x"), letter("b"))


async def test_a_stored_message_is_found_in_its_ticket(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        await stores.messages.append(make_letter("Q1", make_job()))
        first = await tickets.open(DESK, NewTicket(BOB, "x"), letter("a", row=1))
        await tickets.open(DESK, NewTicket(BOB, "x"), letter("b"))
        assert await tickets.holding(DESK, 1) == first
        assert await tickets.holding(DESK, 2) is None
        assert await tickets.holding(SHOP, 1) is None


async def test_a_message_is_written_once_for_each_key(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        new = NewTicket(BOB, "x")
        both = await gather(
            tickets.open(DESK, new, letter("a")), tickets.open(DESK, new, letter("a"))
        )
        assert both[0] == both[1] == await tickets.open(DESK, new, letter("a"))
        later = letter("b", at=RECEIVED + HOUR, how="joined by its subject", automatic=True)
        await tickets.add(both[0], later)
        changed = await tickets.add(both[0], later)
        assert changed.changed == RECEIVED + HOUR
        found = await tickets.messages(both[0])
        assert found == (letter("a"), later)
        assert await tickets.filed("b") == (changed, later)
        assert await tickets.filed("c") is None
        assert len(await tickets.listing(TicketSearch(), 10)) == 1


async def test_it_tells_what_messages_are_in(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        one = await tickets.open(DESK, NewTicket(BOB, "x"), letter("a"))
        await tickets.open(DESK, NewTicket(BOB, "y"), letter("b", message_id="<a@example.com>"))
        await tickets.open(SHOP, NewTicket(BOB, "z"), letter("c"))
        await tickets.add(one, letter("d", message_id=""))
        asked = ("<a@example.com>", "<c@example.com>", "<A@example.com>", "")
        assert await tickets.named(DESK, asked) == {"<a@example.com>": frozenset({1, 2})}
        assert await tickets.named(SHOP, asked) == {"<c@example.com>": frozenset({1})}
        assert await tickets.named(SHOP, ()) == {}


async def test_it_counts_what_came_of_an_author(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        ticket = await tickets.open(DESK, NewTicket(BOB, "x"), letter("a"))
        await tickets.add(ticket, letter("b", at=RECEIVED + HOUR))
        await tickets.add(ticket, letter("c", at=RECEIVED + HOUR, direction=Direction.OUT))
        await tickets.open(DESK, NewTicket("eve@example.com", "y"), letter("d", author="eve@b.c"))
        await tickets.open(SHOP, NewTicket(BOB, "z"), letter("e"))
        before = RECEIVED - HOUR
        assert await tickets.came(DESK, BOB, before, RECEIVED) == 1
        assert await tickets.came(DESK, BOB, before, RECEIVED + HOUR) == 2
        assert await tickets.came(DESK, BOB, RECEIVED, RECEIVED + HOUR) == 1
        assert await tickets.came(DESK, "ob@example.com", before, RECEIVED + HOUR) == 0
        assert await tickets.greeted(DESK, BOB, before) == 1
        assert await tickets.greeted(DESK, BOB, RECEIVED) == 0


async def test_it_changes_what_is_asked_for(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        ticket = await tickets.open(DESK, NewTicket(BOB, "x"), letter("a"))
        later = RECEIVED + HOUR
        closed = await tickets.change(ticket, later, state=TicketState.CLOSED)
        assert closed == replace(ticket, changed=later, state=TicketState.CLOSED)
        given = await tickets.change(ticket, later, assignee="anna")
        assert given == replace(closed, assignee="anna")
        # An older message that comes late does not make it look older
        assert (await tickets.add(ticket, letter("b"))) == given
        open_again = await tickets.add(ticket, letter("c"), TicketState.OPEN)
        assert open_again == replace(given, state=TicketState.OPEN)


async def test_it_lists_what_is_wanted(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        one = await tickets.open(DESK, NewTicket(BOB, "x", "A"), letter("a"))
        two = await tickets.open(
            SHOP, NewTicket("eve@b.c", "y", "B"), letter("b", at=RECEIVED + HOUR)
        )
        one = await tickets.change(one, RECEIVED, state=TicketState.CLOSED, assignee="anna")
        for search, wanted in (
            (TicketSearch(), (two, one)),
            (TicketSearch(desk=SHOP), (two,)),
            (TicketSearch(number=1), (two, one)),
            (TicketSearch(number=2), ()),
            (TicketSearch(states=(TicketState.CLOSED,)), (one,)),
            (TicketSearch(owner="eve@b.c"), (two,)),
            (TicketSearch(category="A"), (one,)),
            (TicketSearch(assignee="anna"), (one,)),
            (TicketSearch(words="X"), (one,)),
            (TicketSearch(words="@B.c"), (two,)),
            (TicketSearch(words="%"), ()),
            (TicketSearch(behind=(two.changed, two.id)), (one,)),
            (TicketSearch(behind=(one.changed, one.id)), ()),
            (TicketSearch(behind=(one.changed, one.id + 1)), (one,)),
        ):
            assert await tickets.listing(search, 10) == wanted, search
        assert await tickets.listing(TicketSearch(), 1) == (two,)


async def test_an_answer_and_its_jobs_come_in_one_commit(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        ticket = await tickets.open(DESK, NewTicket(BOB, "x"), letter("a"))
        draft = make_letter("Q2", make_job(BOB))
        message = letter("b", direction=Direction.OUT, queue_id="Q2")
        done = await tickets.answer(ticket, message, draft, TicketState.CLOSED)
        assert done.state is TicketState.CLOSED
        assert [each.count for each in await stores.jobs.due(RECEIVED)] == [1]
        (_, answer) = await tickets.messages(ticket)
        assert answer.row is not None
        assert answer == replace(message, row=answer.row)
        # nothing of it if the ticket is gone
        await tickets.delete(ticket)
        with pytest.raises(NotFoundError):
            await tickets.answer(ticket, letter("c"), make_letter("Q3", make_job(BOB)))
        with pytest.raises(NotFoundError):
            await stores.messages.export("Q3")


async def test_a_letter_stays_as_long_as_its_ticket(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        mailbox = await stores.directory.mailbox(DESK)
        assert mailbox is not None
        await stores.messages.append(make_draft("Q1", make_filing(mailbox.id, "INBOX")))
        view = await stores.messages.folder(mailbox.id, "INBOX")
        assert view is not None
        ticket = await tickets.open(DESK, NewTicket(BOB, "x"), letter("a", row=1))
        await stores.messages.expunge(view.id, [1])
        assert b"hello" in await stores.messages.export("Q1")
        assert await tickets.delete(ticket)
        with pytest.raises(NotFoundError):
            await stores.messages.export("Q1")
        assert not await tickets.delete(ticket)
        assert await tickets.find(DESK, 1) is None
        with pytest.raises(NotFoundError):
            await tickets.add(ticket, letter("b"))
        # its number is not given out again
        assert (await tickets.open(DESK, NewTicket(BOB, "x"), letter("b"))).number == 2


async def test_tickets_go_with_their_mailbox(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        tickets = await filled(stores)
        await stores.messages.append(make_letter("Q1", make_job(BOB)))
        await tickets.open(DESK, NewTicket(BOB, "x"), letter("a", row=1))
        kept = await tickets.open(SHOP, NewTicket(BOB, "x"), letter("b"))
        await stores.directory.remove_mailbox(DESK)
        assert await tickets.listing(TicketSearch(), 10) == (kept,)
        assert await tickets.filed("a") is None
        await stores.directory.add_mailbox(Mailbox(0, DESK), None)
        anew = await tickets.open(DESK, NewTicket(BOB, "x"), letter("a"))
        assert anew.number == 1
        assert anew.id > kept.id  # so reply addresses of the former one are none of this
