"""Messages that only a job had: once that is given up, they are filed where their owner looks.

What a rule discards has no place; it is kept as long as there are jobs to do something with it.
When the last of them has ended, and one was given up, it comes into the quarantine of the mailbox
for which that was to be done. Runs in the writer's thread, in the transaction that settles the job.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, select

from bitrixmail.mime.trace_fields import delivered_to_field, return_path_field
from bitrixmail.model.job import Attempt, Job, JobState, Kind, Settlement
from bitrixmail.model.message import QUARANTINE
from bitrixmail.model.text import printable
from bitrixmail.model.work import KINDS, Order
from bitrixmail.store.prepared import Prepared
from bitrixmail.store.schema import job, mailbox, message, place
from bitrixmail.store.schema_tickets import ticket_message
from bitrixmail.store.shifting import NewPlace, Shift
from bitrixmail.store.values import to_key

_SAID = 200
_ENDED = frozenset({JobState.DONE.value, JobState.DEAD.value})
_JOBS = Prepared(
    select(job.c.kind, job.c.state, job.c.payload)
    .where(job.c.message_id == bindparam("of"))
    .order_by(job.c.id),
    ["of"],
)
_ON_A_DESK = Prepared(
    select(ticket_message.c.id).where(ticket_message.c.message_id == bindparam("of")), ["of"]
)
_RECEIVED = Prepared(select(message.c.received).where(message.c.id == bindparam("of")), ["of"])
_MAILBOX = Prepared(
    select(mailbox.c.id, mailbox.c.address).where(mailbox.c.address == bindparam("of")), ["of"]
)
_HAS = Prepared(
    select(place.c.id).where(
        place.c.message_id == bindparam("of"), place.c.mailbox_id == bindparam("whose")
    ),
    ["of", "whose"],
)


def file_given_up(connection: Connection, settlements: Iterable[Settlement], now: int) -> None:
    """File the messages of jobs that were just settled, as far as nothing else keeps them."""
    ended = {one.job.message_id: one for one in settlements if _was_all_there_is(one)}
    if not ended:
        return
    shift = Shift(connection, now)
    for message_id, last in ended.items():
        orders = _given_up(connection, message_id)
        for address in dict.fromkeys(order.mailbox for order in orders):
            mine = next(order for order in orders if order.mailbox == address)
            _file(connection, shift, last, mine)
    shift.write()


def _was_all_there_is(one: Settlement) -> bool:
    if one.state.value not in _ENDED or one.job.kind not in KINDS:
        return False
    return Order.from_json(one.job.payload).discarded


def _given_up(connection: Connection, message_id: int) -> Sequence[Order]:
    """Return what was given up of a message that nothing else keeps; none while there is more."""
    found = [row for row in _JOBS.all(connection, message_id) if Kind(row[0]) in KINDS]
    if any(state not in _ENDED for _, state, _ in found) or _ON_A_DESK.all(connection, message_id):
        return ()
    dead = [Order.from_json(told) for _, state, told in found if state == JobState.DEAD.value]
    return [order for order in dead if order.discarded]


def _file(connection: Connection, shift: Shift, last: Settlement, order: Order) -> None:
    of = last.job
    received = _RECEIVED.all(connection, of.message_id)
    for mailbox_id, address in _MAILBOX.all(connection, to_key(order.mailbox)):
        if not received or _HAS.all(connection, of.message_id, mailbox_id):
            continue
        prefix = return_path_field(of.sender) + delivered_to_field(order.recipient)
        new = NewPlace(
            mailbox_id=mailbox_id,
            message_id=of.message_id,
            received=received[0][0],
            size_octets=len(prefix) + of.size_octets,
            recipient=order.recipient,
            prefix=prefix,
        )
        shift.add(new, shift.folders.named(mailbox_id, QUARANTINE))
        shift.note("moved", of.queue_id, address, _why(of, order, last.attempt))


def _why(of: Job, order: Order, attempt: Attempt | None) -> str:
    what = f'{order.do} of the rule "{printable(order.rule)}"'
    text = f"to {QUARANTINE}: {what} was given up, and nothing else keeps the message"
    if attempt is None or Order.from_json(of.payload) != order:
        return text
    return f"{text}: {printable(attempt.reply, _SAID)}"
