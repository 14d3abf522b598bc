"""How much mailboxes and folders hold. Runs in a reader's thread."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from bitrixmail.model.folder import Holding
from bitrixmail.store.schema import folder, mailbox, place
from bitrixmail.store.values import from_us


def of_mailboxes(connection: Connection, mailbox_ids: tuple[int, ...]) -> dict[int, Holding]:
    """Count what each mailbox holds; the octets are those its quota is compared with."""
    query = (
        select(
            mailbox.c.id,
            func.count(place.c.received),
            mailbox.c.used_octets,
            func.max(place.c.received),
        )
        .select_from(mailbox)
        .outerjoin(place, place.c.mailbox_id == mailbox.c.id)
        .where(mailbox.c.id.in_(mailbox_ids))
        .group_by(mailbox.c.id, mailbox.c.used_octets)
    )
    return {found: _holding(row) for found, *row in connection.execute(query)}


def of_folders(connection: Connection, mailbox_id: int) -> dict[str, Holding]:
    """Count what each folder of a mailbox holds."""
    octets = func.coalesce(func.sum(place.c.size_octets), 0)
    query = (
        select(folder.c.name, func.count(place.c.id), octets, func.max(place.c.received))
        .select_from(folder)
        .outerjoin(place, place.c.folder_id == folder.c.id)
        .where(folder.c.mailbox_id == mailbox_id)
        .group_by(folder.c.name)
        .order_by(folder.c.name)
    )
    return {name: _holding(row) for name, *row in connection.execute(query)}


def _holding(row: list[Any]) -> Holding:
    messages, octets, last = row
    return Holding(messages, int(octets), None if last is None else from_us(last))
