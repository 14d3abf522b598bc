"""What has happened since somebody last looked, by whatever process: the newest events."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from bitrixmail.model.pulse import Pulse
from bitrixmail.store.executors import Database
from bitrixmail.store.schema import event, job

_MOST = 200
_LAST = select(func.max(event.c.id))
_LAST_JOB = select(func.max(job.c.id))
_EVENTS = (
    select(event.c.id, event.c.kind, event.c.queue_id)
    .where(event.c.id > bindparam("since"))
    .order_by(event.c.id.desc())
    .limit(_MOST)
)


class DatabasePulse:
    """Made by compose for whoever tells others, lives as long as the stores."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self, before: Pulse | None) -> Pulse:
        """Return what has happened since `before`; None: only where things stand now."""
        return await self._database.read(_look, before)


def _look(connection: Connection, before: Pulse | None) -> Pulse:
    last_job = connection.execute(_LAST_JOB).scalar() or 0
    last = connection.execute(_LAST).scalar() or 0
    if before is None or last <= before.last_event:
        return Pulse(last, last_job)
    found = connection.execute(_EVENTS, {"since": before.last_event}).all()
    ids = dict.fromkeys(row.queue_id for row in found if row.queue_id)
    kinds = frozenset(row.kind for row in found)
    return Pulse(last, last_job, kinds, tuple(ids), last - before.last_event)
