"""ticket list, show, reply, note, close, reopen, assign, delete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import parse_body
from bitrixmail.mime.ticket_addresses import token_of
from bitrixmail.model.address import Address
from bitrixmail.model.suppression import Suppressed
from bitrixmail.model.ticket import Direction, NewTicket, Ticket, TicketMessage
from bitrixmail.store.opening import InlineStores, done, inline_stores
from tests.fakes.jobs import make_job, make_letter
from tests.unit.cli.conftest import Shell

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
INFO, SHOP, BOB = "info@example.org", "shop@example.org", "bob@example.com"
LETTER = b"From: bob@example.com\r\nSubject: Printer\r\n\r\nIt is \x1b[31mbroken.\r\n"


@contextmanager
def stores_of(shell: Shell) -> Iterator[InlineStores]:
    url = f"sqlite:///{shell.data_dir}/bitrixmail.sqlite"
    with inline_stores(url, shell.data_dir, cast("IReactorTime", Clock())) as stores:
        yield stores


def opened(stores: InlineStores, desk: str, key: str, owner: str = BOB) -> Ticket:
    done(stores.messages.append(make_letter(key, make_job("x@y.z"), octets=LETTER)))
    (row,) = done(_read(stores, key))
    message = TicketMessage(
        key, AT, Direction.IN, owner, queue_id=key, row=row, message_id=f"<{key}@example.com>",
        how="opened",
    )  # fmt: skip
    ticket = done(stores.tickets.open(desk, NewTicket(owner, "Printer", "Hardware"), message))
    return cast("Ticket", ticket)


async def _read(stores: InlineStores, queue_id: str) -> list[int]:
    return await stores.database.read(_rows, queue_id)


def _rows(connection: Any, queue_id: str) -> list[int]:
    found = connection.exec_driver_sql("SELECT id FROM message WHERE queue_id = ?", (queue_id,))
    return [row for (row,) in found]


@pytest.fixture
def desk(shell: Shell) -> Shell:
    """Two desks: info has the tickets 1 and 2, shop another 1."""
    with stores_of(shell) as stores:
        opened(stores, INFO, "Q1")
        opened(stores, SHOP, "Q2", "eve@example.net")
        opened(stores, INFO, "Q3", "ann@example.net")
    return shell


def test_tickets_are_listed(desk: Shell) -> None:
    lines = desk.out("ticket", "list", "--desk", INFO).splitlines()
    assert lines[0].split() == [
        "Number", "State", "Desk", "Owner", "Subject", "Changed", "Category", "Of",
    ]  # fmt: skip
    assert lines[1].split() == [
        "2", "open", INFO, "ann@example.net", "Printer", "2026-11-28T12:00:00Z", "Hardware",
    ]  # fmt: skip
    found = desk.json("ticket", "list", "--owner", "Bob@example.com")
    assert found == [
        {
            "number": 1,
            "desk": INFO,
            "state": "open",
            "owner": BOB,
            "subject": "Printer",
            "category": "Hardware",
            "criticality": "",
            "assignee": "",
            "might_belong_to": None,
            "created": "2026-11-28T12:00:00.000000Z",
            "changed": "2026-11-28T12:00:00.000000Z",
        }
    ]
    assert len(desk.json("ticket", "list")) == 3
    assert desk.json("ticket", "list", "--category", "x") == []
    assert desk.json("ticket", "list", "--state", "closed") == []
    assert "there may be more" in desk.run("ticket", "list", "--limit", "2").stderr


def test_a_ticket_is_shown_with_what_was_said(desk: Shell) -> None:
    lines = desk.out("ticket", "show", "[#2]").splitlines()
    assert lines[:3] == [
        "[#2] Printer",
        "  open, of ann@example.net, at info@example.org",
        "  category Hardware",
    ]
    assert lines[3].startswith("  answers to info+t2.")
    assert lines[4:] == [
        "",
        "2026-11-28T12:00:00Z  Q3  from ann@example.net",
        "  opened",
        r"  | It is \u{1b}[31mbroken.",
    ]
    shown = desk.json("ticket", "show", "1", "--desk", SHOP)
    assert [each["text"] for each in shown["messages"]] == ["It is \x1b[31mbroken."]
    assert token_of(Address.of(shown["reply_to"]).detail) is not None


def test_a_number_that_several_desks_have_is_asked_about(desk: Shell) -> None:
    said = desk.fails(os.EX_DATAERR, "ticket", "show", "1")
    assert "info@example.org and shop@example.org" in said[0]
    assert "--desk" in said[0]
    assert desk.said("ticket", "close", "1", "--desk", SHOP)
    for words in (("17",), ("2", "--desk", SHOP), ("0",)):
        assert "is not there" in desk.fails(os.EX_NOINPUT, "ticket", "show", *words)[0]
    assert "no number" in desk.fails(os.EX_DATAERR, "ticket", "show", "x1")[0]
    said = desk.fails(os.EX_NOUSER, "ticket", "list", "--desk", "nobody@example.org")
    assert "no such mailbox" in said[0]


def test_an_answer_is_in_the_queue_and_in_the_ticket(desk: Shell) -> None:
    said = desk.said("ticket", "reply", "2", "--close", stdin="Починили.\n")
    assert said.startswith("ticket [#2]: the answer to ann@example.net is in the queue as ")
    assert said.endswith(", the ticket is closed\n")
    shown = desk.json("ticket", "show", "2")
    answer = shown["messages"][-1]
    assert (answer["direction"], answer["author"], answer["text"]) == ("out", INFO, "Починили.")
    assert answer["how"].startswith("answered by ")
    assert shown["state"] == "closed"
    (job,) = desk.json("queue", "list", answer["queue_id"])
    assert (job["sender"], job["recipient"], job["kind"], job["state"]) == (
        INFO,
        "ann@example.net",
        "remote",
        "waiting",
    )
    octets = desk.run("message", "export", answer["queue_id"]).stdout_bytes
    headers = HeaderSection.parse(octets)
    assert headers.text("reply-to") == f"<{shown['reply_to']}>"
    assert headers.text("subject") == "Re: [#2] Printer"
    assert headers.text("references") == "<Q3@example.com>"
    assert headers.text("message-id") == answer["message_id"]
    assert headers.count("auto-submitted") == 0
    assert parse_body(octets, headers).text == "Починили.\n"
    # a second one names the first, and answers what came in
    desk.said("ticket", "reply", "2", "--text", "Really.")
    again = desk.json("ticket", "show", "2")["messages"][-1]
    octets = desk.run("message", "export", again["queue_id"]).stdout_bytes
    references = HeaderSection.parse(octets).text("references")
    assert references == f"{answer['message_id']} <Q3@example.com>"
    assert "[#2]: answered by" in desk.out("trace", INFO)


def test_one_of_ours_gets_his_answer_by_the_gate(desk: Shell) -> None:
    with stores_of(desk) as stores:
        opened(stores, INFO, "Q4", SHOP)
    desk.said("ticket", "reply", "3", "--text", "Yes.")
    (job,) = desk.json("queue", "list", "--recipient", SHOP)
    assert job["kind"] == "local"


def test_nothing_is_sent_to_who_is_suppressed(desk: Shell) -> None:
    now = datetime.now(UTC)
    with stores_of(desk) as stores:
        entry = Suppressed("ann@example.net", "unknown user", now, now + timedelta(days=1))
        done(stores.suppressions.add(entry))
    said = desk.fails(os.EX_DATAERR, "ticket", "reply", "2", "--text", "x")
    assert "unknown user" in said[0]
    assert "bitrixmail suppression remove ann@example.net" in said[0]
    assert "is empty" in desk.fails(os.EX_DATAERR, "ticket", "reply", "2", stdin=" \n")[0]
    assert desk.json("queue", "list", "--sender", INFO) == []


def test_a_note_stays_inside(desk: Shell) -> None:
    assert desk.said("ticket", "note", "2", "--text", "He will call.") == "ticket [#2]: noted\n"
    note = desk.json("ticket", "show", "2")["messages"][-1]
    assert (note["hidden"], note["how"], note["queue_id"]) == (True, "note: He will call.", "")
    assert ", hidden" in desk.out("ticket", "show", "2")
    desk.fails(os.EX_DATAERR, "ticket", "note", "2", "--text", "")


def test_it_is_closed_opened_given_and_deleted(desk: Shell) -> None:
    closed = "ticket [#2] of ann@example.net is closed\n"
    assert desk.said("ticket", "close", "2") == closed
    assert desk.said("ticket", "close", "#2") == closed
    assert [each["number"] for each in desk.json("ticket", "list", "--state", "closed")] == [2]
    assert desk.said("ticket", "reopen", "2") == "ticket [#2] of ann@example.net is open\n"
    assert desk.said("ticket", "assign", "2", "anna") == "ticket [#2] is looked after by anna\n"
    assert desk.json("ticket", "show", "2")["assignee"] == "anna"
    assert "by nobody" in desk.said("ticket", "assign", "2")
    assert "give --yes" in desk.fails(os.EX_USAGE, "ticket", "delete", "2")[0]
    assert desk.said("ticket", "delete", "2", "--yes") == "ticket [#2] deleted\n"
    desk.fails(os.EX_NOINPUT, "ticket", "show", "2")
    told = desk.out("trace", INFO)
    for what in ("closed by", "opened again by", "given to anna by", "deleted by"):
        assert f"[#2]: {what}" in told
