"""Jobs that wait, after the owner has changed by which way or when they go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, select, text, update

from bitrixmail.model.address import Address
from bitrixmail.model.job import JobState, Kind
from bitrixmail.model.way import RouteRule, rule_for
from bitrixmail.store.schema import job, message

# So many jobs are looked at, or changed, at a time.
CHUNK = 1000
_WAITING = text("job.state = 'waiting'")


class Misled(NamedTuple):
    """Jobs of one look whose destination is no longer right, by id; `last` is where to go on."""

    destinations: dict[int, str]
    last: int | None


def misled(connection: Connection, rules: Sequence[RouteRule], after: int) -> Misled:
    """Look at jobs with a higher id than `after`. Runs in a reader's thread."""
    query = (
        select(job.c.id, job.c.destination, job.c.recipient, message.c.sender)
        .join(message, message.c.id == job.c.message_id)
        .where(job.c.settled.is_(None), job.c.kind == Kind.REMOTE.value, job.c.id > after)
        .order_by(job.c.id)
        .limit(CHUNK)
    )
    rows = connection.execute(query).all()
    found: dict[int, str] = {}
    for number, destination, recipient, sender in rows:
        domain = Address.of(recipient).domain
        rule = rule_for(sender, domain, rules)
        right = domain if rule is None else rule.destination(domain)
        if right != destination:
            found[number] = right
    return Misled(found, rows[-1][0] if rows else None)


def lead(connection: Connection, items: Sequence[dict[int, str]]) -> list[int]:
    """Give jobs other destinations; what has ended meanwhile keeps its own."""
    rows = [{"of": number, "right": right} for item in items for number, right in item.items()]
    connection.execute(
        update(job)
        .where(job.c.id == bindparam("of"), job.c.settled.is_(None))
        .values(destination=bindparam("right")),
        rows,
    )
    return [len(item) for item in items]


class Marked(NamedTuple):
    """When is now (microseconds), and the mark of the settings that hold now."""

    now: int
    mark: int


def any_put_off(connection: Connection, mark: int) -> bool:
    """Tell whether something waits for the times of other settings. Runs in a reader's thread."""
    query = select(job.c.id).where(_put_off(mark), _WAITING).limit(1)
    return connection.execute(query).first() is not None


def let_go(connection: Connection, items: Sequence[Marked]) -> list[int]:
    """Make a chunk of what waits for other settings' times due; return how many, once for all."""
    last = items[-1]
    some = select(job.c.id).where(_put_off(last.mark), _WAITING).limit(CHUNK)
    changed = connection.execute(
        update(job)
        .where(job.c.id.in_(some), job.c.state == JobState.WAITING.value)
        .values(not_before=last.now, put_off=0)
    ).rowcount
    return [changed] + [0] * (len(items) - 1)


def _put_off(mark: int) -> ColumnElement[bool]:
    return job.c.put_off.not_in((0, mark))
