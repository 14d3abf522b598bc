"""The queue summed up: by state, by destination, by age. Runs in a reader's thread."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select, tuple_

from bitrixmail.model.job import Attempt, JobState, Kind, Result
from bitrixmail.model.queue import Aged, Bound, Depth, Unreached
from bitrixmail.store.schema import attempt, job
from bitrixmail.store.values import from_us


def bound(connection: Connection, limit: int) -> tuple[Bound, ...]:
    """Sum the open jobs up by destination."""
    total = func.count()
    counts = [
        func.sum(case((job.c.state == state.value, 1), else_=0))
        for state in (JobState.WAITING, JobState.LEASED, JobState.HELD)
    ]
    may = func.min(case((job.c.state == JobState.WAITING.value, job.c.not_before)))
    columns: list[ColumnElement[Any]] = [job.c.kind, job.c.destination, *counts]
    columns += [func.min(job.c.created), may]
    query = (
        select(*columns)
        .where(job.c.settled.is_(None))
        .group_by(job.c.kind, job.c.destination)
        .order_by(total.desc(), job.c.destination, job.c.kind)
        .limit(limit)
    )
    return tuple(
        Bound(
            Kind(kind),
            destination,
            int(waiting),
            int(leased),
            int(held),
            from_us(oldest),
            None if first is None else from_us(first),
        )
        for kind, destination, waiting, leased, held, oldest, first in connection.execute(query)
    )


def troubles(
    connection: Connection, of: Collection[tuple[Kind, str]]
) -> dict[tuple[Kind, str], Unreached]:
    """Tell of those destinations of which the last attempts were for nothing, in one go."""
    deferred = attempt.c.result == Result.DEFERRED.value
    there = (job.c.kind, job.c.destination)
    both = attempt.join(job, job.c.id == attempt.c.job_id)
    answered = func.coalesce(func.max(case((~deferred, attempt.c.at))), 0)
    since = (
        select(*there, answered)
        .select_from(both)
        .where(tuple_(*there).in_([(kind.value, name) for kind, name in of]))
        .group_by(*there)
        .having(func.max(attempt.c.at) > answered)
    )
    answers = {(kind, name): at for kind, name, at in connection.execute(since)}
    # Many jobs of a destination are put off at one moment
    moments = (
        select(*there, attempt.c.at, func.max(attempt.c.job_id))
        .select_from(both)
        .where(deferred, tuple_(*there).in_(list(answers)))
        .group_by(*there, attempt.c.at)
        .order_by(attempt.c.at)
    )
    times: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], tuple[int, int]] = {}
    for kind, name, at, job_id in connection.execute(moments):
        if at > answers[kind, name]:
            times[kind, name] = times.get((kind, name), 0) + 1
            last[kind, name] = job_id, at
    rows = select(attempt).where(tuple_(attempt.c.job_id, attempt.c.at).in_(list(last.values())))
    found = {(row.job_id, row.at): attempt_of(row) for row in connection.execute(rows)}
    return {
        (Kind(kind), name): Unreached(found[last[kind, name]], count)
        for (kind, name), count in times.items()
    }


def depths(connection: Connection) -> tuple[Depth, ...]:
    """Count the jobs of each state."""
    query = (
        select(job.c.state, func.count(), func.min(job.c.created))
        .where(job.c.state != JobState.DONE.value)
        .group_by(job.c.state)
        .order_by(job.c.state)
    )
    return tuple(
        Depth(JobState(state), count, from_us(oldest))
        for state, count, oldest in connection.execute(query)
    )


def ages(connection: Connection, now: int, bounds_s: tuple[int, ...]) -> tuple[Aged, ...]:
    """Count the open jobs by domain and age."""
    query = select(job.c.recipient, job.c.created).where(job.c.settled.is_(None))
    counts: dict[str, list[int]] = {}
    for recipient, created in connection.execute(query):
        row = counts.setdefault(recipient.rpartition("@")[2].lower(), [0] * (len(bounds_s) + 1))
        row[bisect_right(bounds_s, (now - created) // 1_000_000)] += 1
    found = [Aged(name, sum(row), tuple(row)) for name, row in counts.items()]
    return tuple(sorted(found, key=lambda aged: (-aged.total, aged.destination)))


def attempt_of(row: Sequence[Any]) -> Attempt:
    """Return the attempt of a row of its table."""
    _, _, at, result, host, address, enhanced, reply, duration_us, tls = row
    return Attempt(
        at=from_us(at),
        result=Result(result),
        host=host,
        address=address,
        enhanced=enhanced,
        reply=reply,
        duration_s=duration_us / 1_000_000,
        tls=tls,
    )
