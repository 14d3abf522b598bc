"""Runs of rules and timers as rows: read and written in transactions of others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, or_, select

from bitrixmail.model.rule_run import Extent, RuleRun, RunState, Timer, Timers
from bitrixmail.store.schema import rule_change, rule_run, rule_timer
from bitrixmail.store.sequences import Sequences
from bitrixmail.store.values import from_us, to_us

_RUN = select(rule_run).where(rule_run.c.id == bindparam("of"))
# A rule that runs every minute and finds nothing to do is not worth a line each time.
_RUNS = (
    select(rule_run)
    .where(or_(rule_run.c.changed > 0, rule_run.c.state != RunState.DONE))
    .order_by(rule_run.c.id.desc())
    .limit(bindparam("most"))
)
_OLD_CHANGES = (
    select(rule_change.c.run_id, rule_change.c.place_id)
    .join(rule_run, rule_run.c.id == rule_change.c.run_id)
    .where(rule_run.c.started < bindparam("before"))
    .limit(bindparam("most"))
)
_FORGET_CHANGE = delete(rule_change).where(
    rule_change.c.run_id == bindparam("of"), rule_change.c.place_id == bindparam("which")
)
_FORGET_RUNS = delete(rule_run).where(
    rule_run.c.started < bindparam("before"),
    ~exists().where(rule_change.c.run_id == rule_run.c.id),
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A new run, and the timers by which it runs."""

    run: RuleRun
    timers: Timers


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Runs begun before a time in microseconds, and how many of their changes at most."""

    before: int
    limit: int


def read_run(connection: Connection, run_id: int) -> RuleRun | None:
    """Read a run."""
    found = connection.execute(_RUN, {"of": run_id}).first()
    return None if found is None else _run(found)


def read_runs(connection: Connection, limit: int) -> tuple[RuleRun, ...]:
    """Read the last runs, the newest first."""
    return tuple(map(_run, connection.execute(_RUNS, {"most": limit})))


def _run(row: Any) -> RuleRun:
    extent = json.loads(row.extent)
    since = extent["since"]
    return RuleRun(
        id=row.id,
        started=from_us(row.started),
        author=row.author,
        occasion=row.occasion,
        rule_set_version=row.rule_set_version,
        rules=tuple(json.loads(row.rules)),
        extent=Extent(
            extent["mailbox"],
            extent["folder"],
            None if since is None else from_us(since),
            tuple(extent["whose"]),
            extent.get("outside", False),
            tuple(extent.get("places", ())),
            extent.get("again", False),
        ),
        ceiling=row.ceiling,
        total=row.total,
        cursor=row.cursor,
        judged=row.judged,
        changed=row.changed,
        stale=row.stale,
        state=RunState(row.state),
    )


def begin(connection: Connection, items: Sequence[Beginning]) -> list[RuleRun]:
    """Store new runs and their timers."""
    sequences = Sequences(connection)
    runs = [replace(item.run, id=sequences.take("rule_run")) for item in items]
    for run in runs:
        extent = run.extent
        since = None if extent.since is None else to_us(extent.since)
        values = {
            "mailbox": extent.mailbox,
            "folder": extent.folder,
            "since": since,
            "whose": extent.whose,
            "outside": extent.outside,
            "places": extent.places,
            "again": extent.again,
        }
        connection.execute(
            insert(rule_run).values(
                id=run.id,
                started=to_us(run.started),
                author=run.author,
                occasion=run.occasion,
                rule_set_version=run.rule_set_version,
                rules=json.dumps(run.rules, ensure_ascii=False),
                extent=json.dumps(values, ensure_ascii=False),
                ceiling=run.ceiling,
                total=run.total,
                cursor=run.cursor,
                judged=run.judged,
                changed=run.changed,
                stale=run.stale,
                state=run.state,
            )
        )
    sequences.save()
    set_timers(connection, [item.timers for item in items])
    return runs


def read_timers(connection: Connection) -> tuple[Timer, ...]:
    """Read all timers."""
    rows = connection.execute(select(rule_timer).order_by(rule_timer.c.rule))
    return tuple(Timer(row.rule, row.schedule, from_us(row.last)) for row in rows)


def set_timers(connection: Connection, items: Sequence[Timers]) -> list[None]:
    """Store timers in the place of those of the same rules, or of all."""
    for item in items:
        if item.whole:
            connection.execute(delete(rule_timer))
        for timer in item.timers:
            connection.execute(delete(rule_timer).where(rule_timer.c.rule == timer.rule))
            row = {"rule": timer.rule, "schedule": timer.schedule, "last": to_us(timer.last)}
            connection.execute(insert(rule_timer).values(row))
    return [None] * len(items)


def forget(connection: Connection, items: Sequence[Forgetting]) -> list[bool]:
    """Remove changes of old runs, then the runs; return whether there may be more."""
    results = []
    for item in items:
        old = {"before": item.before, "most": item.limit}
        found = connection.execute(_OLD_CHANGES, old).all()
        rows = [{"of": row.run_id, "which": row.place_id} for row in found]
        if rows:
            connection.execute(_FORGET_CHANGE, rows)
        if len(rows) < item.limit:
            connection.execute(_FORGET_RUNS, {"before": item.before})
        results.append(len(rows) == item.limit)
    return results
