"""Jobs on their way through the writer: which are due, who has them, what became of them.

Runs in the writer's thread, but for `due`. In a group of settlements the drafts that come with
them (DSNs) are written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text, update

from bitrixmail.model.job import Attempt, Job, JobState, Kind, Priority, Result, Settlement
from bitrixmail.model.message import Draft
from bitrixmail.model.queue import Due, Wanted
from bitrixmail.model.work import KINDS, Order
from bitrixmail.store import schema
from bitrixmail.store.appending import append_some
from bitrixmail.store.prepared import Prepared, PreparedInsert
from bitrixmail.store.rescue import file_given_up
from bitrixmail.store.schema import job, message
from bitrixmail.store.sequences import JOBS, Sequences, bump
from bitrixmail.store.values import from_us, storable, to_key, to_us
from bitrixmail.store.work_done import note_done

_IN = 16
# A lease carries along what small messages consist of, up to so many octets of them.
_CARRIED_OCTETS = 4 * 1024 * 1024
_IDS = [f"j{number}" for number in range(_IN)]
_ENDED = {JobState.DONE, JobState.DEAD}
_WORDS = {
    Result.DELIVERED: "sent",
    Result.RELAYED: "sent",
    Result.DEFERRED: "deferred",
    Result.FAILED: "failed",
}
_ACTED = {**_WORDS, Result.DELIVERED: "acted", Result.RELAYED: "acted"}

# The words of the partial index stand in each query, or SQLite would not use it.
_WAITING = text("job.state = 'waiting'")
_DUE = Prepared(
    select(
        job.c.kind,
        job.c.destination,
        func.sum(job.c.not_before <= bindparam("now")),
        func.min(job.c.not_before).filter(job.c.not_before > bindparam("then")),
    )
    .where(_WAITING)
    .group_by(job.c.kind, job.c.destination),
    ["now", "then"],
)
# Leases of those who have come to nothing; `lease` makes them waiting again
_LAPSED = Prepared(
    select(job.c.kind, job.c.destination, func.count())
    .where(text("job.state = 'leased'"), job.c.lease_until <= bindparam("now"))
    .group_by(job.c.kind, job.c.destination),
    ["now"],
)
_EARLIER = job.alias("earlier")
_IN_TURN = (
    select(_EARLIER.c.id)
    .where(
        text("earlier.lane <> ''"),
        _EARLIER.c.lane == job.c.lane,
        _EARLIER.c.id < job.c.id,
        _EARLIER.c.settled.is_(None),
    )
    .correlate(job)
)
_PICK = Prepared(
    select(job.c.id)
    .where(
        _WAITING,
        job.c.kind == bindparam("kind"),
        job.c.destination == bindparam("destination"),
        job.c.priority <= bindparam("priority"),
        job.c.not_before <= bindparam("now"),
        (job.c.lane == bindparam("none")) | ~_IN_TURN.exists(),
    )
    .order_by(job.c.priority, job.c.not_before, job.c.id),
    ["kind", "destination", "priority", "now", "none"],
    " LIMIT ?",
)
_TAKE = Prepared(
    update(job)
    .values(
        {
            job.c.state: bindparam("leased"),
            job.c.lease_owner: bindparam("owner"),
            job.c.lease_until: bindparam("until"),
        }
    )
    .where(job.c.id == bindparam("of")),
    ["leased", "owner", "until", "of"],
)
_COLUMNS = (
    job.c.id,
    job.c.key,
    job.c.kind,
    job.c.destination,
    job.c.recipient,
    job.c.priority,
    job.c.created,
    job.c.not_before,
    job.c.expires,
    job.c.attempts,
    job.c.by_hand,
    job.c.delayed,
    job.c.payload,
    job.c.lane,
    job.c.message_id,
    message.c.queue_id,
    message.c.sender,
    message.c.size_octets,
    func.length(message.c.prefix),
    message.c.blob_id,
)
_READ_JOBS = Prepared(
    select(*_COLUMNS)
    .join(message, message.c.id == job.c.message_id)
    .where(job.c.id.in_([bindparam(name) for name in _IDS])),
    _IDS,
)
_CONTENT = Prepared(
    select(message.c.prefix, message.c.content).where(message.c.id == bindparam("of")), ["of"]
)
_STATES = Prepared(
    select(job.c.id, job.c.attempts, job.c.lease_owner).where(
        job.c.id.in_([bindparam(name) for name in _IDS]),
        job.c.settled.is_(None),
    ),
    _IDS,
)
_SETTLE = Prepared(
    update(job)
    .values(
        {
            job.c.state: bindparam("now"),
            job.c.not_before: func.coalesce(bindparam("later"), job.c.not_before),
            job.c.attempts: bindparam("tries"),
            job.c.delayed: bindparam("told"),
            job.c.lease_owner: bindparam("nobody"),
            job.c.lease_until: bindparam("never"),
            job.c.settled: bindparam("ended"),
            job.c.put_off: bindparam("waits"),
        }
    )
    .where(job.c.id == bindparam("of")),
    ["now", "later", "tries", "told", "nobody", "never", "ended", "waits", "of"],
)
_INSERT_ATTEMPT = PreparedInsert(schema.attempt)
_INSERT_EVENT = PreparedInsert(schema.event)
# For those who have come to nothing without saying so.
_RUN_OUT = (
    update(job)
    .where(text("job.state = 'leased'"), job.c.lease_until <= bindparam("moment"))
    .values(state=JobState.WAITING.value, lease_owner=None, lease_until=None)
)
_OTHERS = (
    select(job.c.id)
    .where(text("job.state = 'leased'"), job.c.lease_owner != bindparam("me"))
    .limit(1)
)
_FROM_OTHERS = (
    update(job)
    .where(text("job.state = 'leased'"), job.c.lease_owner != bindparam("me"))
    .values(state=JobState.WAITING.value, lease_owner=None, lease_until=None)
)


@dataclass(frozen=True, slots=True)
class Lease:
    """What `lease` is asked for. Times in microseconds."""

    owner: str
    until: int
    now: int
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What `lease_these` is asked for."""

    owner: str
    until: int
    ids: tuple[int, ...]
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settling:
    """What `settle` is to write at `now` (microseconds)."""

    settlements: tuple[Settlement, ...]
    drafts: tuple[Draft, ...]
    now: int


def _padded(ids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    found = tuple(ids)
    for start in range(0, len(found), _IN):
        part = found[start : start + _IN]
        yield part + part[-1:] * (_IN - len(part))


def due(connection: Connection, now: int) -> tuple[Due, ...]:
    """See IJobStore. Runs in a reader's thread; reads an index, no rows."""
    found = {
        (kind, destination): (count or 0, later)
        for kind, destination, count, later in _DUE.all(connection, now, now)
    }
    for kind, destination, count in _LAPSED.all(connection, now):
        more, later = found.get((kind, destination), (0, None))
        found[kind, destination] = count + more, later
    return tuple(
        Due(Kind(kind), destination, count, None if later is None else from_us(later))
        for (kind, destination), (count, later) in found.items()
    )


def lease(connection: Connection, leases: Sequence[Lease]) -> list[tuple[Job, ...]]:
    """See IJobStore."""
    return [_lease(connection, one) for one in leases]


def _lease(connection: Connection, asked: Lease) -> tuple[Job, ...]:
    connection.execute(_RUN_OUT, {"moment": asked.now})
    ids: list[int] = []
    for wanted in asked.wanted:
        picked = _PICK.all(
            connection,
            wanted.kind.value,
            wanted.destination,
            wanted.priority.value,
            asked.now,
            "",
            wanted.most,
        )
        ids += [found for (found,) in picked]
    leased = JobState.LEASED.value
    _TAKE.many(connection, [(leased, asked.owner, asked.until, found) for found in ids])
    return _jobs(connection, ids)


def lease_these(connection: Connection, asked: Sequence[Named]) -> list[tuple[Job, ...]]:
    """See IJobStore."""
    return [_lease_these(connection, one) for one in asked]


def _lease_these(connection: Connection, asked: Named) -> tuple[Job, ...]:
    open_ones = select(job.c.id).where(job.c.id.in_(asked.ids), job.c.state.in_(asked.states))
    ids = list(connection.execute(open_ones.order_by(job.c.id)).scalars())
    leased = JobState.LEASED.value
    _TAKE.many(connection, [(leased, asked.owner, asked.until, found) for found in ids])
    return _jobs(connection, ids)


def _jobs(connection: Connection, ids: Sequence[int]) -> tuple[Job, ...]:
    """Read jobs in this order, with what their messages consist of."""
    rows = {row[0]: row for part in _padded(ids) for row in _READ_JOBS.all(connection, *part)}
    contents = _Contents(connection)
    return tuple(_job(rows[found], contents) for found in ids if found in rows)


class _Contents:
    """The contents that one lease carries along. Made by it, ends with it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[int, bytes] = {}
        self._left = _CARRIED_OCTETS

    def of(self, message_id: int, size_octets: int) -> bytes | None:
        """Return prefix and content of a message whose row has both, while there is room."""
        found = self._found.get(message_id)
        if found is None and size_octets <= self._left:
            ((prefix, content),) = _CONTENT.all(self._connection, message_id)
            found = self._found[message_id] = prefix + content
            self._left -= size_octets
        return found


def _job(row: Any, contents: _Contents) -> Job:
    *columns, size, prefix, blob_id = row
    size_octets = size + prefix
    number, key, kind, destination, recipient, priority, created, due_at, expires, *rest = columns
    attempts, by_hand, delayed, payload, lane, message_id, queue_id, sender = rest
    return Job(
        id=number,
        key=key,
        kind=Kind(kind),
        destination=destination,
        recipient=recipient,
        priority=Priority(priority),
        created=from_us(created),
        not_before=from_us(due_at),
        expires=from_us(expires),
        attempts=attempts,
        by_hand=by_hand,
        delayed=bool(delayed),
        payload=payload,
        lane=lane,
        message_id=message_id,
        queue_id=queue_id,
        sender=sender,
        size_octets=size_octets,
        content=contents.of(message_id, size_octets) if blob_id is None else None,
    )


def settle(connection: Connection, settlings: Sequence[Settling]) -> list[None]:
    """See IJobStore."""
    sequences = Sequences(connection)
    settlements = [(one, group.now) for group in settlings for one in group.settlements]
    ids = [one.job.id for one, _ in settlements]
    open_jobs = {
        number: attempts
        for part in _padded(ids)
        for number, attempts, _ in _STATES.all(connection, *part)
    }
    rows, attempts, events = [], [], []
    for one, now in settlements:
        tries = open_jobs.get(one.job.id)
        if tries is None:  # a person has deleted it meanwhile
            continue
        if one.attempt is not None:
            tries += 1
            attempts.append(_attempt_row(one.job.id, tries, one.attempt))
            events.append(_event_row(sequences.take("event"), one.job, one.attempt))
        later = None if one.not_before is None else to_us(one.not_before)
        ended = now if one.state in _ENDED else None
        told = one.delayed or one.job.delayed
        state, number = one.state.value, one.job.id
        rows.append((state, later, tries, told, None, None, ended, one.put_off, number))
        open_jobs[one.job.id] = tries
    _SETTLE.many(connection, rows)
    _INSERT_ATTEMPT.rows(connection, attempts)
    _INSERT_EVENT.rows(connection, events)
    sequences.save()
    settled = [one for one, _ in settlements]
    note_done(connection, settled, settlings[-1].now)
    file_given_up(connection, settled, settlings[-1].now)
    append_some(connection, [draft for group in settlings for draft in group.drafts])
    return [None] * len(settlings)


def settle_and_tell(connection: Connection, settlings: Sequence[Settling]) -> list[None]:
    """Do the same in a process that sends nothing by itself: whoever does hears of the drafts."""
    bump(connection, JOBS)
    return settle(connection, settlings)


def _attempt_row(job_id: int, number: int, attempt: Attempt) -> tuple[Any, ...]:
    return (
        job_id,
        number,
        to_us(attempt.at),
        attempt.result.value,
        storable(attempt.host),
        attempt.address,
        attempt.enhanced,
        storable(attempt.reply),
        int(attempt.duration_s * 1_000_000),
        attempt.tls,
    )


def _event_row(event_id: int, done: Job, attempt: Attempt) -> tuple[Any, ...]:
    relay = f" by {attempt.host}[{attempt.address}]" if attempt.host or attempt.address else ""
    word = _WORDS[attempt.result]
    said = f"{word}{relay}: {attempt.reply}"
    if done.kind in KINDS:
        order = Order.from_json(done.payload)
        word = _ACTED[attempt.result]
        said = f'{word}: {order.do} {done.destination}, rule "{order.rule}": {attempt.reply}'
    return (
        event_id,
        to_us(attempt.at),
        word,
        done.queue_id,
        storable(to_key(done.recipient)),
        None,
        storable(said),
        "",
    )


def of_others(connection: Connection, owner: str) -> bool:
    """Tell whether somebody else has leases. Runs in a reader's thread."""
    return connection.execute(_OTHERS, {"me": owner}).first() is not None


def reclaim(connection: Connection, owners: Sequence[str]) -> list[int]:
    """See IJobStore."""
    return [connection.execute(_FROM_OTHERS, {"me": owner}).rowcount for owner in owners]
