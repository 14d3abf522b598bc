"""Mailboxes with stored messages of several kinds, and what they look like from outside."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.message import Draft, Filing
from bitrixmail.model.plan import Trace
from bitrixmail.store.opening import InlineStores
from tests.fakes.drafts import RECEIVED, make_draft
from tests.fakes.stores import result_of

KINDS = ("Счёт {n}", "News {n}", "Order {n}", "Casino {n}", "Hello {n}")
# What must never be in a folder: a UID taken twice, numbers above its own.
WRONG = (
    """SELECT 1 FROM place p
       JOIN tombstone t ON t.folder_id = p.folder_id AND t.uid = p.uid""",
    """SELECT 1 FROM place p JOIN folder f ON f.id = p.folder_id
       WHERE p.uid >= f.next_uid OR p.modseq > f.modseq""",
    """SELECT 1 FROM tombstone t JOIN folder f ON f.id = t.folder_id
       WHERE t.uid >= f.next_uid OR t.modseq > f.modseq""",
)
# (mailbox, folder) -> (queue id, flags, tags); and a mailbox alone -> its octets.
Snapshot = dict[tuple[str, ...], Any]


def letter(number: int) -> Draft:
    """Return a message of one of five kinds, one an hour, which nobody gets yet."""
    subject = KINDS[number % len(KINDS)].format(n=number)
    octets = f"Subject: {subject}\r\nFrom: Ann <ann@example.net>\r\n\r\nbody {number}\r\n".encode()
    return make_draft(
        f"Q{number:05}",
        octets=octets,
        received=RECEIVED + timedelta(hours=number),
        subject=subject,
    )


def filed(
    mailbox_id: int,
    *folders: str,
    flags: frozenset[str] = frozenset(),
    tags: frozenset[str] = frozenset(),
) -> Filing:
    """Return a filing that says nothing but where and how."""
    prefix = b"Return-Path: <ann@example.net>\r\n"
    return Filing(mailbox_id, "info@example.org", "kept", folders, flags, tags, prefix, Trace())


def fill(stores: InlineStores, count: int) -> tuple[Mailbox, Mailbox]:
    """Put messages into INBOX of info@ and shop@ by turns, some read, some tagged, some twice."""
    directory = stores.directory
    result_of(directory.add_domain(Domain("example.org")))
    info = result_of(directory.add_mailbox(Mailbox(0, "info@example.org"), None))
    shop = result_of(directory.add_mailbox(Mailbox(0, "shop@example.org"), None))
    for number in range(count):
        whose = shop if number % 3 == 2 else info
        flags = frozenset({"\\Seen"}) if number % 2 else frozenset()
        tags = frozenset({"old"}) if number % 7 == 0 else frozenset()
        folders = ("INBOX", "Copies") if number % 11 == 0 else ("INBOX",)
        add(stores, letter(number), filed(whose.id, *folders, flags=flags, tags=tags))
    return info, shop


def add(stores: InlineStores, draft: Draft, *filings: Filing) -> None:
    """Bring a message into these folders, its head cut as it would be."""
    octets = draft.content.inline or b""
    content = replace(draft.content, head=octets[: octets.find(b"\r\n\r\n") + 4])
    result_of(stores.messages.append(replace(draft, content=content, filings=filings)))


def snapshot(stores: InlineStores) -> Snapshot:
    """Return what lies where and how, without UIDs; fail if the numbers of a folder are wrong."""
    return result_of(_snapshot(stores))


async def _snapshot(stores: InlineStores) -> Snapshot:
    return await stores.database.read(_read)


def _read(connection: Connection) -> Snapshot:
    found: defaultdict[tuple[str, ...], Any] = defaultdict(list)
    rows = connection.execute(
        text(
            "SELECT m.queue_id, b.address, f.name, p.flags, p.tags FROM place p"
            " JOIN message m ON m.id = p.message_id JOIN folder f ON f.id = p.folder_id"
            " JOIN mailbox b ON b.id = p.mailbox_id AND b.id = f.mailbox_id ORDER BY m.queue_id"
        )
    )
    for queue_id, address, name, flags, tags in rows:
        found[address, name].append((queue_id, flags, tags))
    used = "SELECT address, used_octets FROM mailbox"
    counted = (
        "SELECT b.address, coalesce(sum(p.size_octets), 0) FROM mailbox b"
        " LEFT JOIN place p ON p.mailbox_id = b.id GROUP BY b.address"
    )
    sizes = dict(map(tuple, connection.execute(text(used))))
    assert sizes == dict(map(tuple, connection.execute(text(counted))))
    for wrong in WRONG:
        assert connection.execute(text(wrong)).first() is None, wrong
    found.update({(address,): octets for address, octets in sizes.items()})
    return dict(found)
