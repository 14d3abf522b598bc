"""Questions about tickets. Runs in a reader's thread, or within a transaction of the writer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, and_, bindparam, func, or_, select

from bitrixmail.model.ticket import (
    Direction,
    Ticket,
    TicketMessage,
    TicketSearch,
    TicketState,
)
from bitrixmail.store.schema import mailbox
from bitrixmail.store.schema_tickets import ticket, ticket_message
from bitrixmail.store.values import from_us, to_us

TICKETS = select(
    ticket.c.id,
    mailbox.c.address,
    ticket.c.number,
    ticket.c.owner,
    ticket.c.subject,
    ticket.c.state,
    ticket.c.category,
    ticket.c.criticality,
    ticket.c.assignee,
    ticket.c.linked,
    ticket.c.created,
    ticket.c.changed,
).join(mailbox, mailbox.c.id == ticket.c.mailbox_id)
_OF_DESK = mailbox.c.address == bindparam("desk")
_FIND = TICKETS.where(_OF_DESK, ticket.c.number == bindparam("number"))
_NAMED = (
    select(ticket_message.c.field, ticket.c.number)
    .distinct()
    .select_from(ticket_message)
    .join(ticket, ticket.c.id == ticket_message.c.ticket_id)
    .join(mailbox, mailbox.c.id == ticket_message.c.mailbox_id)
    .where(
        _OF_DESK,
        ticket_message.c.field != "",
        ticket_message.c.field.in_(bindparam("fields", expanding=True)),
    )
)
# Nobody reads more of one ticket; a sender may bring some hundred a day
_MOST_MESSAGES = 10_000
_MESSAGES = select(ticket_message).order_by(ticket_message.c.id).limit(_MOST_MESSAGES)
_OF_TICKET = _MESSAGES.where(ticket_message.c.ticket_id == bindparam("of"))
_BY_KEY = _MESSAGES.where(ticket_message.c.key == bindparam("key"))
_BY_ID = TICKETS.where(ticket.c.id == bindparam("of"))
_HOLDING = (
    TICKETS.join(ticket_message, ticket_message.c.ticket_id == ticket.c.id)
    .where(_OF_DESK, ticket_message.c.message_id == bindparam("row"))
    .order_by(ticket.c.id)
    .limit(1)
)
_CAME = (
    select(func.count())
    .select_from(ticket_message)
    .join(mailbox, mailbox.c.id == ticket_message.c.mailbox_id)
    .where(
        _OF_DESK,
        ticket_message.c.author == bindparam("author"),
        ticket_message.c.at > bindparam("after"),
        ticket_message.c.at <= bindparam("before"),
        ticket_message.c.direction == Direction.IN.value,
    )
)
_GREETED = (
    select(func.count())
    .select_from(ticket)
    .join(mailbox, mailbox.c.id == ticket.c.mailbox_id)
    .where(_OF_DESK, ticket.c.owner == bindparam("owner"), ticket.c.created > bindparam("after"))
)


def ticket_of(row: RowMapping) -> Ticket:
    """Return the ticket of a row of TICKETS."""
    return Ticket(
        id=row["id"],
        desk=row["address"],
        number=row["number"],
        owner=row["owner"],
        subject=row["subject"],
        state=TicketState(row["state"]),
        created=from_us(row["created"]),
        changed=from_us(row["changed"]),
        category=row["category"],
        criticality=row["criticality"],
        assignee=row["assignee"],
        linked=row["linked"],
    )


def _message_of(row: RowMapping) -> TicketMessage:
    return TicketMessage(
        key=row["key"],
        at=from_us(row["at"]),
        direction=Direction(row["direction"]),
        author=row["author"],
        queue_id=row["queue_id"],
        row=row["message_id"],
        message_id=row["field"],
        how=row["how"],
        hidden=bool(row["hidden"]),
        automatic=bool(row["automatic"]),
    )


def find(connection: Connection, desk: str, number: int) -> Ticket | None:
    """See ITicketStore."""
    row = connection.execute(_FIND, {"desk": desk, "number": number}).mappings().first()
    return None if row is None else ticket_of(row)


def named(
    connection: Connection, desk: str, message_ids: Sequence[str]
) -> dict[str, frozenset[int]]:
    """See ITicketStore."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for field, number in connection.execute(_NAMED, {"desk": desk, "fields": list(message_ids)}):
        found[field].add(number)
    return {field: frozenset(numbers) for field, numbers in found.items()}


def filed(connection: Connection, key: str) -> tuple[Ticket, TicketMessage] | None:
    """See ITicketStore."""
    row = connection.execute(_BY_KEY, {"key": key}).mappings().first()
    if row is None:
        return None
    of = connection.execute(_BY_ID, {"of": row["ticket_id"]}).mappings().one()
    return ticket_of(of), _message_of(row)


def holding(connection: Connection, desk: str, row: int) -> Ticket | None:
    """See ITicketStore."""
    found = connection.execute(_HOLDING, {"desk": desk, "row": row}).mappings().first()
    return None if found is None else ticket_of(found)


def came(connection: Connection, desk: str, author: str, after: int, before: int) -> int:
    """See ITicketStore; times in microseconds."""
    given = {"desk": desk, "author": author, "after": after, "before": before}
    count: int = connection.execute(_CAME, given).scalar_one()
    return count


def greeted(connection: Connection, desk: str, owner: str, after: int) -> int:
    """See ITicketStore; the time in microseconds."""
    given = {"desk": desk, "owner": owner, "after": after}
    count: int = connection.execute(_GREETED, given).scalar_one()
    return count


def listing(connection: Connection, search: TicketSearch, limit: int) -> tuple[Ticket, ...]:
    """See ITicketStore."""
    query = TICKETS.order_by(ticket.c.changed.desc(), ticket.c.id.desc()).limit(limit)
    for column, wanted in (
        (mailbox.c.address, search.desk),
        (ticket.c.number, search.number),
        (ticket.c.owner, search.owner),
        (ticket.c.category, search.category),
        (ticket.c.assignee, search.assignee),
    ):
        if wanted:
            query = query.where(column == wanted)
    if search.words:
        query = query.where(
            or_(
                ticket.c.subject.icontains(search.words, autoescape=True),
                ticket.c.owner.icontains(search.words, autoescape=True),
            )
        )
    if search.behind is not None:
        changed, row = to_us(search.behind[0]), search.behind[1]
        older, same = ticket.c.changed < changed, ticket.c.changed == changed
        query = query.where(or_(older, and_(same, ticket.c.id < row)))
    if search.states:
        query = query.where(ticket.c.state.in_([state.value for state in search.states]))
    return tuple(map(ticket_of, connection.execute(query).mappings()))


def messages(connection: Connection, ticket_id: int) -> tuple[TicketMessage, ...]:
    """See ITicketStore."""
    return tuple(map(_message_of, connection.execute(_OF_TICKET, {"of": ticket_id}).mappings()))
