"""What the spam filter has learned, over the database; the counts known by heart where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.counters import ICounters, ITable
from bitrixmail.model.bayes import Corpus, Learned, Lesson, Scope
from bitrixmail.store import learning
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.counter_table import CounterTable
from bitrixmail.store.executors import Database
from bitrixmail.store.learning import Standing, Unseen
from bitrixmail.store.values import to_us
from bitrixmail.tasks import utcnow

LEAST = 20
# Of all scopes together, in memory
_MOST_OF_ALL = 2 * learning.MOST_KNOWN
_KEPT = timedelta(days=365)
_RARE_KEPT = timedelta(days=90)
_AT_A_TIME = 2000


@implementer(ICounters)
class DatabaseCounters:
    """See ICounters. Made with the stores, lives as long as they.

    Where `caches`, the counts of the scopes that are asked for are kept in memory: what anybody
    learns is read when the next message is asked about. A scope too large for that is read token
    by token.
    """

    def __init__(
        self,
        database: Database,
        changes: PolledChanges,
        clock: IReactorTime,
        *,
        caches: bool,
        least: int = LEAST,
    ) -> None:
        self.least = least
        self._database = database
        self._clock = clock
        self._caches = caches
        self._stale = True
        self._standings: dict[int, Standing] = {}
        # Who reads a table reads it for all who wait for it
        self._reading = DeferredLock()
        # The one used last stands last; None: too large
        self._known: dict[int, CounterTable | None] = {}
        changes.watch(learning.TOPIC, self._changed)

    def _changed(self) -> None:
        self._stale = True

    @property
    def idle(self) -> bool:
        """See ICounters."""
        return not self._stale and not any(map(self._enough, self._standings.values()))

    def _enough(self, standing: Standing) -> bool:
        return standing.corpus.enough(self.least)

    async def tables(
        self, scopes: Sequence[int], tokens: Sequence[int]
    ) -> tuple[tuple[Corpus, ITable], ...]:
        """See ICounters."""
        if self._stale or not self._caches:
            # From now on: what becomes news while it is read has it read once more
            self._stale = False
            try:
                self._standings = await self._database.read(learning.standings)
            except BaseException:
                self._stale = True
                raise
        found: list[tuple[Corpus, ITable]] = []
        for scope in scopes:
            standing = self._standings.get(scope)
            if standing is None or not self._enough(standing):
                continue
            known = await self._table(scope, standing) if self._caches else None
            if known is not None:
                found.append((standing.corpus, known))
                continue
            now, counts = await self._database.read(learning.named, scope, tuple(tokens))
            found.append(((now or standing).corpus, counts))
        return tuple(found)

    async def _table(self, scope: int, standing: Standing) -> CounterTable | None:
        """Return a scope's counts as they are now, None if they are too many."""
        known = self._known.get(scope)
        if known is not None and known.epoch == standing.epoch and known.change >= standing.change:
            self._known[scope] = self._known.pop(scope)
            return known
        await self._reading.acquire()
        try:
            known = self._known.get(scope)
            if known is None and scope in self._known:
                return None
            if (
                known is not None
                and known.epoch == standing.epoch
                and await self._caught_up(scope, known, standing)
            ):
                return known
            return await self._whole(scope, standing)
        finally:
            self._reading.release()

    async def _caught_up(self, scope: int, known: CounterTable, now: Standing) -> bool:
        """Read what was changed since a table was read, unless that is too much."""
        if known.change >= now.change:
            return True
        rows = await self._database.read(learning.rows_since, scope, now.epoch, known.change)
        if len(rows) == learning.MOST_CHANGES:
            return False
        known.put(rows)
        known.change = now.change
        return True

    async def _whole(self, scope: int, now: Standing) -> CounterTable | None:
        rows = await self._database.read(learning.rows_of, scope, now.epoch)
        table: CounterTable | None = None
        if len(rows) <= learning.MOST_KNOWN:
            table = CounterTable(now.epoch)
            table.fill(rows)
            table.change = now.change
        self._keep(scope, table)
        return table

    def _keep(self, scope: int, table: CounterTable | None) -> None:
        self._known.pop(scope, None)
        self._known[scope] = table
        while len(self._known) > 1 and self._held() > _MOST_OF_ALL:
            self._known.pop(next(iter(self._known)))

    def _held(self) -> int:
        return sum(len(table) for table in self._known.values() if table is not None)

    async def learn(self, scope: int, lessons: Sequence[Lesson]) -> Learned:
        """See ICounters."""
        item = learning.Teaching(scope, tuple(lessons), to_us(utcnow(self._clock)))
        return await self._database.write(learning.learn, item)

    async def add(
        self, scope: int, corpus: Corpus, counts: Sequence[tuple[int, int, int]], mark: bytes
    ) -> bool:
        """See ICounters."""
        now = to_us(utcnow(self._clock))
        for start in range(0, len(counts), _AT_A_TIME):
            part = tuple(counts[start : start + _AT_A_TIME])
            item = learning.Adding(scope, corpus, part, now, b"" if start else mark)
            if not await self._database.write(learning.add, item):
                return False
            corpus = Corpus(0, 0)
        return True

    async def scopes(self) -> tuple[Scope, ...]:
        """See ICounters."""
        return await self._database.read(learning.scopes)

    async def forget(self, scope: int) -> None:
        """See ICounters."""
        while await self._database.write(learning.forget_chunk, scope):
            pass

    async def expire(self, now: datetime) -> int:
        """See ICounters."""
        gone = 0
        after: tuple[int, int] | None = (-1, 0)
        while after is not None:
            item = Unseen(after, to_us(now - _KEPT), to_us(now - _RARE_KEPT))
            count, after = await self._database.write(learning.expire_chunk, item)
            gone += count
        return gone
