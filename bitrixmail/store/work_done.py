"""What rules had done outside, by message: remembered as long as the message is.

So rules by the clock, and by hand, do not do it for the same message again and again. Where mail
comes in nothing is written: it is noted as the job ends, in the writer's thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, exists, select

from bitrixmail.model.job import JobState, Kind, Settlement
from bitrixmail.model.orders import mark_in
from bitrixmail.model.work import KINDS
from bitrixmail.store.prepared import Prepared, PreparedInsert
from bitrixmail.store.schema import job, message, once, place

# How its keys begin in the table of what was done once; the message's row and the mark follow
DONE = "done:"
_ENDED = frozenset({JobState.DONE, JobState.DEAD})
_INSERT = PreparedInsert(once, " ON CONFLICT (key) DO NOTHING")
_WITHIN = once.c.key >= bindparam("least"), once.c.key < bindparam("most")
_KEYS = Prepared(select(once.c.key).where(*_WITHIN), ["least", "most"])
_JOBS = Prepared(
    select(job.c.kind, job.c.key, message.c.queue_id)
    .join(message, message.c.id == job.c.message_id)
    .where(job.c.message_id == bindparam("of")),
    ["of"],
)
_MESSAGE = Prepared(select(place.c.message_id).where(place.c.id == bindparam("of")), ["of"])
_FORGET = delete(once).where(*_WITHIN, ~exists().where(message.c.id == bindparam("of")))


def note_done(connection: Connection, settlements: Iterable[Settlement], now: int) -> None:
    """Note what has ended, done or given up; the latter is done anew by its job alone."""
    keys = {
        f"{DONE}{one.job.message_id}:{mark_in(one.job.key, one.job.queue_id)}"
        for one in settlements
        if one.state in _ENDED and one.job.kind in KINDS
    }
    if keys:
        _INSERT.rows(connection, [(key, now) for key in sorted(keys)])


def done_for(connection: Connection, place_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Return the marks of what was done, or is to be, for the messages of places."""
    found: dict[int, frozenset[str]] = {}
    for place_id in place_ids:
        for (message_id,) in _MESSAGE.all(connection, place_id):
            begun = f"{DONE}{message_id}"
            marks = {
                key.removeprefix(f"{begun}:")
                for (key,) in _KEYS.all(connection, f"{begun}:", f"{begun};")
            }
            marks |= {
                mark_in(key, queue_id)
                for kind, key, queue_id in _JOBS.all(connection, message_id)
                if Kind(kind) in KINDS
            }
            if marks:
                found[place_id] = frozenset(marks)
    return found


def forget_done(connection: Connection, message_ids: Iterable[int]) -> None:
    """Forget it of those of these messages that are gone."""
    begun = [(message_id, f"{DONE}{message_id}") for message_id in message_ids]
    if begun:
        rows = [{"of": of, "least": f"{key}:", "most": f"{key};"} for of, key in begun]
        connection.execute(_FORGET, rows)
