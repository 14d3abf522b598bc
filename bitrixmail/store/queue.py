"""The queue by hand: what is in it, and jobs held, released, tried again or removed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.queue import IQueue
from bitrixmail.model.job import Attempt, JobState, Kind, Priority, Result
from bitrixmail.model.queue import Aged, Bound, Depth, Queued, Search, SentTo, Unreached
from bitrixmail.model.work import KINDS, Order
from bitrixmail.store import queue_sums
from bitrixmail.store.executors import Database
from bitrixmail.store.queue_sums import attempt_of
from bitrixmail.store.removal import CHUNK, remove_orphans
from bitrixmail.store.schema import attempt, event, job, message, once
from bitrixmail.store.sequences import JOBS, RETRIES, bump
from bitrixmail.store.values import from_us, to_key, to_us
from bitrixmail.store.work_done import DONE
from bitrixmail.tasks import utcnow

_WAITING, _LEASED = JobState.WAITING.value, JobState.LEASED.value
_HELD, _DEAD = JobState.HELD.value, JobState.DEAD.value
# How the keys begin of what jobs have brought, see outbound.entering: the number, ":" and a part
_OF_JOBS = "job:"
_FORGET_ONCE = delete(once).where(
    (once.c.key == bindparam("of"))
    | ((once.c.key > bindparam("least")) & (once.c.key < bindparam("most")))
)
# More than a message has recipients
_MOST_EVENTS = 20_000
_EARLIER = attempt.alias()
_LAST = (
    select(func.max(_EARLIER.c.number))
    .where(_EARLIER.c.job_id == job.c.id)
    .correlate(job)
    .scalar_subquery()
)


@implementer(IQueue)
class DatabaseQueue:
    """See IQueue. Made with the stores, lives as long as they."""

    def __init__(self, database: Database, clock: IReactorTime) -> None:
        self._database = database
        self._clock = clock

    async def find(self, search: Search, limit: int, after: int = 0) -> tuple[Queued, ...]:
        """See IQueue."""
        return await self._database.read(_find, search, limit, after)

    async def count(self, search: Search) -> int:
        """See IQueue."""
        return await self._database.read(_count, search)

    async def attempts(self, job_id: int) -> tuple[Attempt, ...]:
        """See IQueue."""
        return await self._database.read(_attempts, job_id)

    async def unreached(self, kind: Kind, destination: str) -> Unreached | None:
        """See IQueue."""
        return await self._database.read(_unreached, kind, destination)

    async def sent(self, queue_id: str) -> tuple[SentTo, ...]:
        """See IQueue."""
        return await self._database.read(_sent, queue_id)

    async def hold(self, ids: Sequence[int]) -> int:
        """See IQueue."""
        return await self._change(_hold, ids)

    async def release(self, ids: Sequence[int]) -> int:
        """See IQueue."""
        return await self._change(_release, ids)

    async def retry(self, ids: Sequence[int], now: datetime, lasting: datetime) -> int:
        """See IQueue."""
        item = _Retry(tuple(ids), to_us(now), to_us(lasting))
        return await self._database.write(_retry, item)

    async def delete(self, ids: Sequence[int]) -> int:
        """See IQueue."""
        item = tuple(ids), to_us(utcnow(self._clock))
        return await self._database.write(_delete, item)

    async def depths(self) -> tuple[Depth, ...]:
        """See IQueue."""
        return await self._database.read(queue_sums.depths)

    async def bound(self, limit: int) -> tuple[Bound, ...]:
        """See IQueue."""
        return await self._database.read(queue_sums.bound, limit)

    async def troubles(
        self, of: Collection[tuple[Kind, str]]
    ) -> Mapping[tuple[Kind, str], Unreached]:
        """See IQueue."""
        return await self._database.read(queue_sums.troubles, tuple(of))

    async def ages(self, now: datetime, bounds_s: Sequence[int]) -> tuple[Aged, ...]:
        """See IQueue."""
        return await self._database.read(queue_sums.ages, to_us(now), tuple(bounds_s))

    async def _change(
        self, function: Callable[[Connection, Sequence[Any]], list[int]], ids: Sequence[int]
    ) -> int:
        return await self._database.write(function, tuple(ids))


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if search.ids:
        found.append(job.c.id.in_(search.ids))
    if search.queue_ids:
        found.append(message.c.queue_id.in_(search.queue_ids))
    if search.states:
        found.append(job.c.state.in_([state.value for state in search.states]))
    if search.kind is not None:
        found.append(job.c.kind == search.kind.value)
    if search.kinds:
        found.append(job.c.kind.in_([kind.value for kind in search.kinds]))
    if search.sender:
        found.append(func.lower(message.c.sender) == to_key(search.sender))
    if search.recipient:
        found.append(func.lower(job.c.recipient) == to_key(search.recipient))
    if search.domain:
        # That of the recipient: a job may be for a route by hand
        domain = f"@{search.domain.lower()}"
        found.append(func.lower(job.c.recipient).endswith(domain, autoescape=True))
    if search.before is not None:
        found.append(job.c.created < to_us(search.before))
    if search.after is not None:
        found.append(job.c.created >= to_us(search.after))
    return found


def _searched(query: Select[Any], search: Search) -> Select[Any]:
    return query.join(message, message.c.id == job.c.message_id).where(*_conditions(search))


def _find(connection: Connection, search: Search, limit: int, after: int) -> tuple[Queued, ...]:
    columns = (
        job.c.id,
        message.c.queue_id,
        job.c.kind,
        job.c.state,
        job.c.priority,
        message.c.sender,
        job.c.recipient,
        job.c.destination,
        message.c.size_octets,
        job.c.created,
        job.c.not_before,
        job.c.expires,
        job.c.attempts,
        job.c.put_off,
        job.c.payload,
        attempt,
    )
    query = (
        _searched(select(*columns).select_from(job), search)
        .outerjoin(attempt, (attempt.c.job_id == job.c.id) & (attempt.c.number == _LAST))
        .where(job.c.id > after)
        .order_by(job.c.id)
        .limit(limit)
    )
    return tuple(_queued(row) for row in connection.execute(query))


def _queued(row: Any) -> Queued:
    (
        number, queue_id, kind, state, priority, sender, recipient, destination, size,
        created, not_before, expires, attempts, put_off, payload, *last,
    ) = row  # fmt: skip
    order = Order.from_json(payload) if kind in KINDS else None
    return Queued(
        id=number,
        queue_id=queue_id,
        kind=Kind(kind),
        state=JobState(state),
        priority=Priority(priority),
        sender=sender,
        recipient=recipient,
        destination=destination,
        size_octets=size,
        created=from_us(created),
        not_before=from_us(not_before),
        expires=from_us(expires),
        attempts=attempts,
        put_off=bool(put_off),
        action="" if order is None else order.do,
        rule="" if order is None else order.rule,
        target=order.argument if order is not None and kind == Kind.MAIL else "",
        last=None if last[0] is None else attempt_of(last),
    )


def _count(connection: Connection, search: Search) -> int:
    query = _searched(select(func.count()).select_from(job), search)
    number: int = connection.execute(query).scalar_one()
    return number


def _attempts(connection: Connection, job_id: int) -> tuple[Attempt, ...]:
    query = select(attempt).where(attempt.c.job_id == job_id).order_by(attempt.c.number)
    return tuple(attempt_of(row) for row in connection.execute(query))


def _unreached(connection: Connection, kind: Kind, destination: str) -> Unreached | None:
    there = select(attempt).join(job, job.c.id == attempt.c.job_id)
    there = there.where(job.c.kind == kind.value, job.c.destination == destination)
    answered = there.where(attempt.c.result != Result.DEFERRED.value)
    since = connection.execute(answered.with_only_columns(func.max(attempt.c.at))).scalar() or 0
    put_off = there.where(attempt.c.result == Result.DEFERRED.value, attempt.c.at > since)
    last = connection.execute(put_off.order_by(attempt.c.at.desc()).limit(1)).first()
    if last is None:
        return None
    moments = put_off.with_only_columns(func.count(attempt.c.at.distinct()))
    return Unreached(attempt_of(last), connection.execute(moments).scalar_one())


def _sent(connection: Connection, queue_id: str) -> tuple[SentTo, ...]:
    query = (
        select(message.c.sender, job.c.recipient)
        .join(message, message.c.id == job.c.message_id)
        .where(message.c.queue_id == queue_id, job.c.kind == Kind.REMOTE.value)
    )
    found = tuple(SentTo(queue_id, *row) for row in connection.execute(query))
    return found or _sent_once(connection, queue_id)


def _sent_once(connection: Connection, queue_id: str) -> tuple[SentTo, ...]:
    """Read from the event log what other hosts took; its index leaves out what has no queue id."""
    taken = (event.c.kind == "sent") & event.c.text.startswith("sent by ")
    query = select(event.c.kind, event.c.address).where(
        event.c.queue_id == queue_id,
        text("event.queue_id <> ''"),
        (event.c.kind == "received") | taken,
    )
    sender: str | None = None
    recipients: dict[str, None] = {}
    for kind, address in connection.execute(query.order_by(event.c.id).limit(_MOST_EVENTS)):
        if kind == "received":
            sender = address
        else:
            recipients[address] = None
    return () if sender is None else tuple(SentTo(queue_id, sender, to) for to in recipients)


def _hold(connection: Connection, groups: Sequence[Sequence[int]]) -> list[int]:
    return _turn(connection, groups, _WAITING, _HELD)


def _release(connection: Connection, groups: Sequence[Sequence[int]]) -> list[int]:
    bump(connection, JOBS)
    return _turn(connection, groups, _HELD, _WAITING)


def _turn(
    connection: Connection, groups: Sequence[Sequence[int]], before: str, after: str
) -> list[int]:
    """Bring the jobs of each group that are in one state into another; count them."""
    return [
        connection.execute(
            update(job).where(job.c.id.in_(ids), job.c.state == before).values(state=after)
        ).rowcount
        for ids in groups
    ]


@dataclass(frozen=True, slots=True)
class _Retry:
    """Jobs to try again; times in microseconds."""

    ids: tuple[int, ...]
    now: int
    lasting: int


def _retry(connection: Connection, items: Sequence[_Retry]) -> list[int]:
    bump(connection, RETRIES)
    counts = []
    for item in items:
        chosen = job.c.id.in_(item.ids)
        waiting = connection.execute(
            update(job)
            .where(chosen, job.c.state == _WAITING)
            .values(
                not_before=item.now,
                by_hand=case(
                    (job.c.by_hand > job.c.attempts, job.c.by_hand), else_=job.c.by_hand + 1
                ),
            )
        ).rowcount
        dead = connection.execute(
            update(job)
            .where(chosen, job.c.state == _DEAD)
            .values(
                state=_WAITING,
                not_before=item.now,
                expires=item.lasting,
                settled=None,
                by_hand=job.c.attempts,
            )
        ).rowcount
        counts.append(waiting + dead)
    return counts


def _delete(connection: Connection, items: Sequence[tuple[tuple[int, ...], int]]) -> list[int]:
    return [
        _remove(connection, [job.c.id.in_(ids), job.c.state != _LEASED], len(ids), now)
        for ids, now in items
    ]


def forget(connection: Connection, befores: Sequence[int]) -> list[int]:
    """Remove a chunk of jobs that ended before these times; return how many."""
    before = max(befores)
    # What a job has brought is remembered as long as there is the job: it may be done anew by hand
    kept = or_(*(once.c.key.startswith(start, autoescape=True) for start in (_OF_JOBS, DONE)))
    connection.execute(delete(once).where(once.c.at < before, ~kept))
    ended = [text("job.settled IS NOT NULL"), job.c.settled < before]
    removed = _remove(connection, ended, CHUNK, before)
    return [removed] + [0] * (len(befores) - 1)


def _remove(connection: Connection, conditions: Sequence[Any], most: int, now: int) -> int:
    query = select(job.c.id, job.c.message_id).where(*conditions).limit(most)
    found = connection.execute(query).all()
    if not found:
        return 0
    ids = [row.id for row in found]
    connection.execute(delete(attempt).where(attempt.c.job_id.in_(ids)))
    connection.execute(delete(job).where(job.c.id.in_(ids)))
    keys = [f"{_OF_JOBS}{number}" for number in ids]
    connection.execute(
        _FORGET_ONCE, [{"of": key, "least": f"{key}:", "most": f"{key};"} for key in keys]
    )
    remove_orphans(connection, {row.message_id for row in found}, now)
    return len(ids)
