"""Tickets on their way through the writer. Runs in the writer's thread.

A message whose key is known was written before, by an attempt that did not come to its end: then
nothing is, and the ticket is returned as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.model.message import Draft
from bitrixmail.model.ticket import NewTicket, Ticket, TicketMessage, TicketState
from bitrixmail.store.appending import append_some
from bitrixmail.store.removal import remove_orphans
from bitrixmail.store.schema import mailbox, message
from bitrixmail.store.schema_tickets import desk, ticket, ticket_message
from bitrixmail.store.sequences import JOBS, Sequences, bump
from bitrixmail.store.ticket_reading import TICKETS, ticket_of
from bitrixmail.store.values import storable, to_us

_MAILBOX = select(mailbox.c.id).where(mailbox.c.address == bindparam("address"))
_LAST = select(desk.c.last).where(desk.c.mailbox_id == bindparam("of"))
_COUNT_UP = (
    update(desk).where(desk.c.mailbox_id == bindparam("of")).values(last=bindparam("number"))
)
_BY_ID = TICKETS.where(ticket.c.id == bindparam("of"))
_BY_KEY = TICKETS.join(ticket_message, ticket_message.c.ticket_id == ticket.c.id).where(
    ticket_message.c.key == bindparam("key")
)
_ROW = select(message.c.id).where(message.c.queue_id == bindparam("queue_id"))


@dataclass(frozen=True, slots=True)
class Opening:
    """A ticket to be opened with its first message."""

    desk: str
    ticket: NewTicket
    message: TicketMessage


@dataclass(frozen=True, slots=True)
class Adding:
    """A message for a ticket; `draft` is written with it, and has the jobs that send it."""

    ticket: Ticket
    message: TicketMessage
    state: TicketState | None = None
    draft: Draft | None = None


@dataclass(frozen=True, slots=True)
class Changing:
    """What is changed of a ticket at a time in microseconds; None stays."""

    ticket: Ticket
    at: int
    state: TicketState | None = None
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class Deleting:
    """A ticket to be removed, at a time in microseconds."""

    ticket: Ticket
    now: int


def open_tickets(connection: Connection, items: Sequence[Opening]) -> list[Ticket]:
    """Open tickets in their order. Raises NotFoundError for a mailbox that is gone."""
    return [_open(connection, item) for item in items]


def _open(connection: Connection, item: Opening) -> Ticket:
    before = connection.execute(_BY_KEY, {"key": item.message.key}).mappings().first()
    if before is not None:
        return ticket_of(before)
    mailbox_id = connection.execute(_MAILBOX, {"address": item.desk}).scalar()
    if mailbox_id is None:
        raise NotFoundError(Fault(item.desk, "no such mailbox", "see: bitrixmail mailbox list"))
    sequences = Sequences(connection)
    ticket_id, at = sequences.take("ticket"), to_us(item.message.at)
    new = item.ticket
    row = {
        "id": ticket_id,
        "mailbox_id": mailbox_id,
        "number": _next_number(connection, mailbox_id),
        "owner": storable(new.owner),
        "subject": storable(new.subject),
        "state": TicketState.OPEN.value,
        "category": storable(new.category),
        "criticality": storable(new.criticality),
        "assignee": "",
        "linked": new.linked,
        "created": at,
        "changed": at,
    }
    connection.execute(insert(ticket), row)
    sequences.save()
    _write(connection, ticket_id, mailbox_id, item.message, item.message.row)
    return _found(connection, ticket_id, item.desk)


def _next_number(connection: Connection, mailbox_id: int) -> int:
    last = connection.execute(_LAST, {"of": mailbox_id}).scalar()
    if last is None:
        connection.execute(insert(desk), {"mailbox_id": mailbox_id, "last": 1})
        return 1
    number = int(last) + 1
    connection.execute(_COUNT_UP, {"of": mailbox_id, "number": number})
    return number


def add(connection: Connection, items: Sequence[Adding]) -> list[Ticket]:
    """Add messages in their order. Raises NotFoundError for a ticket that is gone."""
    return [_add(connection, item) for item in items]


def add_and_tell(connection: Connection, items: Sequence[Adding]) -> list[Ticket]:
    """Do the same in a process that sends nothing by itself: whoever does hears of the jobs."""
    bump(connection, JOBS)
    return add(connection, items)


def _add(connection: Connection, item: Adding) -> Ticket:
    before = connection.execute(_BY_KEY, {"key": item.message.key}).mappings().first()
    if before is not None:
        return ticket_of(before)
    standing = _found(connection, item.ticket.id, item.ticket.mark)
    written = item.message
    row = written.row
    if item.draft is not None:
        append_some(connection, [item.draft])
        row = connection.execute(_ROW, {"queue_id": item.draft.queue_id}).scalar()
    mailbox_id = connection.execute(_MAILBOX, {"address": standing.desk}).scalar_one()
    _write(connection, standing.id, mailbox_id, written, row)
    changed = max(to_us(written.at), to_us(standing.changed))
    return _change(connection, Changing(standing, changed, item.state))


def _write(
    connection: Connection,
    ticket_id: int,
    mailbox_id: int,
    written: TicketMessage,
    row: int | None,
) -> None:
    sequences = Sequences(connection)
    values: dict[str, Any] = {
        "id": sequences.take("ticket_message"),
        "ticket_id": ticket_id,
        "mailbox_id": mailbox_id,
        "message_id": row,
        "key": written.key,
        "at": to_us(written.at),
        "direction": written.direction.value,
        "author": storable(written.author),
        "queue_id": written.queue_id,
        "field": storable(written.message_id),
        "how": storable(written.how),
        "hidden": written.hidden,
        "automatic": written.automatic,
    }
    connection.execute(insert(ticket_message), values)
    sequences.save()


def change(connection: Connection, items: Sequence[Changing]) -> list[Ticket]:
    """Change tickets. Raises NotFoundError for one that is gone."""
    return [_change(connection, item) for item in items]


def _change(connection: Connection, item: Changing) -> Ticket:
    values: dict[str, Any] = {"changed": item.at}
    if item.state is not None:
        values["state"] = item.state.value
    if item.assignee is not None:
        values["assignee"] = storable(item.assignee)
    connection.execute(update(ticket).where(ticket.c.id == item.ticket.id).values(values))
    return _found(connection, item.ticket.id, item.ticket.mark)


def _found(connection: Connection, ticket_id: int, shown: str) -> Ticket:
    found = connection.execute(_BY_ID, {"of": ticket_id}).mappings().first()
    if found is None:
        raise NotFoundError(Fault(f"ticket {shown}", "is not there any more"))
    return ticket_of(found)


def remove(connection: Connection, items: Sequence[Deleting]) -> list[bool]:
    """Remove tickets with their messages; tell which there were."""
    return [_remove(connection, ticket.c.id == item.ticket.id, item.now) > 0 for item in items]


def drop_desk(connection: Connection, mailbox_id: int, now: int) -> None:
    """Remove all tickets of a mailbox that is about to go."""
    _remove(connection, ticket.c.mailbox_id == mailbox_id, now)
    connection.execute(delete(desk).where(desk.c.mailbox_id == mailbox_id))


def _remove(connection: Connection, meant: Any, now: int) -> int:
    within = ticket_message.c.ticket_id.in_(select(ticket.c.id).where(meant))
    stored = select(ticket_message.c.message_id).where(
        within, ticket_message.c.message_id.is_not(None)
    )
    rows = list(connection.execute(stored).scalars())
    connection.execute(delete(ticket_message).where(within))
    removed = connection.execute(delete(ticket).where(meant)).rowcount
    if rows:
        remove_orphans(connection, rows, now)
    return removed
