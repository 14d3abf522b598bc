"""Jobs for messages that are stored already: what rules of a run want done with them.

Runs in the writer's thread, within the transaction of the run's chunk.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from bitrixmail.model.job import NewJob
from bitrixmail.store.appending import job_row
from bitrixmail.store.prepared import Prepared, PreparedInsert
from bitrixmail.store.schema import job, place
from bitrixmail.store.sequences import JOBS, Sequences, bump

_MESSAGE = Prepared(select(place.c.message_id).where(place.c.id == bindparam("of")), ["of"])
_KNOWN = Prepared(select(job.c.id).where(job.c.key == bindparam("of")), ["of"])
_INSERT_JOB = PreparedInsert(job)


def order_jobs(
    connection: Connection, wanted: Iterable[tuple[int, NewJob]], prefix: str, now: int
) -> int:
    """Write jobs for the messages of places, each key once; what has one of them is left alone.

    Returns how many were written.
    """
    sequences = Sequences(connection)
    rows = {}
    for place_id, new in wanted:
        key = f"{prefix}{new.key}"
        messages = _MESSAGE.all(connection, place_id)
        if key in rows or not messages or _KNOWN.all(connection, key):
            continue
        rows[key] = job_row(sequences.take("job"), messages[0][0], now, new, key)
    if rows:
        _INSERT_JOB.rows(connection, list(rows.values()))
        sequences.save()
        bump(connection, JOBS)
    return len(rows)
