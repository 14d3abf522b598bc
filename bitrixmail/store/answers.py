"""What rules have answered and told by themselves, over the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from zope.interface import implementer

from bitrixmail.interfaces.answers import IAnswers
from bitrixmail.model.answer import Noticed
from bitrixmail.store.executors import Database
from bitrixmail.store.schema_mail import answer, notice
from bitrixmail.store.values import from_us, storable, to_us

HOUR = timedelta(hours=1)
_HOUR_US = HOUR // timedelta(microseconds=1)
_MOST_OWED = 1000

# A key and what is written or counted under it
_Key = tuple[str, str, str]


@implementer(IAnswers)
class DatabaseAnswers:
    """See IAnswers. Made with the stores, lives as long as they."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answered(
        self, mailbox: str, rule: str, sender: str, now: datetime
    ) -> datetime | None:
        """See IAnswers."""
        return await self._database.read(_answered, _key(mailbox, rule, sender), to_us(now))

    async def count(self, mailbox: str, since: datetime) -> int:
        """See IAnswers."""
        return await self._database.read(_count, mailbox, to_us(since))

    async def note(
        self, mailbox: str, rule: str, sender: str, at: datetime, until: datetime
    ) -> None:
        """See IAnswers."""
        key = _key(mailbox, rule, sender)
        await self._database.write(_note, (key, to_us(at), to_us(until)))

    async def may_tell(
        self, mailbox: str, rule: str, target: str, most: int, now: datetime
    ) -> int | None:
        """See IAnswers."""
        return await self._database.write(_tell, (_key(mailbox, rule, target), most, to_us(now)))

    async def owed(self, now: datetime) -> tuple[Noticed, ...]:
        """See IAnswers."""
        return await self._database.read(_owed, to_us(now - HOUR))

    async def told(self, noticed: Noticed, now: datetime) -> None:
        """See IAnswers."""
        await self._database.write(_told, (noticed, to_us(now)))

    async def forget(self, now: datetime) -> int:
        """See IAnswers."""
        return await self._database.write(_forget, to_us(now))


def _key(mailbox: str, rule: str, who: str) -> _Key:
    return storable(mailbox), storable(rule), storable(who)


def _row(table: Any, key: _Key) -> Any:
    mailbox, rule, who = key
    third = table.c.sender if table is answer else table.c.target
    return (table.c.mailbox == mailbox) & (table.c.rule == rule) & (third == who)


def _answered(connection: Connection, key: _Key, now: int) -> datetime | None:
    query = select(answer.c.at).where(_row(answer, key), answer.c.until > now)
    found = connection.execute(query).scalar()
    return None if found is None else from_us(found)


def _count(connection: Connection, mailbox: str, since: int) -> int:
    query = select(func.count()).where(answer.c.mailbox == mailbox, answer.c.at > since)
    return connection.execute(query).scalar() or 0


def _note(connection: Connection, notes: Sequence[tuple[_Key, int, int]]) -> list[None]:
    for key, at, until in notes:
        connection.execute(delete(answer).where(_row(answer, key)))
        mailbox, rule, sender = key
        values = {"mailbox": mailbox, "rule": rule, "sender": sender, "at": at, "until": until}
        connection.execute(insert(answer), values)
    return [None] * len(notes)


def _tell(connection: Connection, asked: Sequence[tuple[_Key, int, int]]) -> list[int | None]:
    return [_tell_one(connection, *each) for each in asked]


def _tell_one(connection: Connection, key: _Key, most: int, now: int) -> int | None:
    columns = (notice.c.since, notice.c.told, notice.c.owed)
    found = connection.execute(select(*columns).where(_row(notice, key))).first()
    if found is None:
        mailbox, rule, target = key
        row = {"mailbox": mailbox, "rule": rule, "target": target}
        connection.execute(insert(notice), row | {"since": now, "told": 1, "owed": 0})
        return 0
    since, told, owed = found
    change = update(notice).where(_row(notice, key))
    # A clock that was set back begins anew, too
    if not 0 <= now - since < _HOUR_US:
        connection.execute(change, {"since": now, "told": 1, "owed": 0})
        return int(owed)
    if told >= most:
        connection.execute(change, {"owed": owed + 1})
        return None
    connection.execute(change, {"told": told + 1})
    return 0


def _owed(connection: Connection, before: int) -> tuple[Noticed, ...]:
    query = (
        select(notice)
        .where(notice.c.since <= before, notice.c.owed > 0)
        .order_by(notice.c.since)
        .limit(_MOST_OWED)
    )
    return tuple(
        Noticed(row.mailbox, row.rule, row.target, from_us(row.since), row.owed)
        for row in connection.execute(query)
    )


def _told(connection: Connection, items: Sequence[tuple[Noticed, int]]) -> list[None]:
    for noticed, now in items:
        key = (noticed.mailbox, noticed.rule, noticed.target)
        same = _row(notice, key) & (notice.c.since == to_us(noticed.since))
        connection.execute(update(notice).where(same), {"since": now, "told": 1, "owed": 0})
    return [None] * len(items)


def _forget(connection: Connection, moments: Sequence[int]) -> list[int]:
    now = max(moments)
    # The last hour is counted, whoever may be answered again
    over = (answer.c.until <= now) & (answer.c.at <= now - _HOUR_US)
    gone = connection.execute(delete(answer).where(over)).rowcount
    done = (notice.c.since <= now - _HOUR_US) & (notice.c.owed == 0)
    gone += connection.execute(delete(notice).where(done)).rowcount
    return [gone] + [0] * (len(moments) - 1)
