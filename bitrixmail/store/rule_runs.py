"""Runs of rules over the database and the blobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.blobs import IBlobStore
from bitrixmail.interfaces.rule_runs import IRuleRuns
from bitrixmail.model.rule_run import (
    Chunk,
    Extent,
    RuleRun,
    StoredPlace,
    TakenBack,
    Timer,
    Timers,
)
from bitrixmail.store import journal, refiling, standing
from bitrixmail.store.executors import Database
from bitrixmail.store.values import to_us
from bitrixmail.store.work_done import done_for
from bitrixmail.tasks import utcnow


@implementer(IRuleRuns)
class DatabaseRuleRuns:
    """See IRuleRuns. Made with the stores, lives as long as they."""

    def __init__(self, database: Database, blobs: IBlobStore, clock: IReactorTime) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def measure(self, extent: Extent) -> tuple[int, int]:
        """See IRuleRuns."""
        return await self._database.read(standing.measure, extent)

    async def page(
        self, extent: Extent, after: int, upto: int, limit: int
    ) -> tuple[StoredPlace, ...]:
        """See IRuleRuns."""
        found = await self._database.read(standing.page, extent, after, upto, limit)
        return tuple([await self._with_head(sighted) for sighted in found])

    async def _with_head(self, sighted: standing.Sighted) -> StoredPlace:
        if sighted.blob_id is None:
            return sighted.place
        head = await self._blobs.read(sighted.blob_id, 0, sighted.head_octets)
        return replace(sighted.place, head=head)

    async def content(self, place_id: int, limit: int) -> bytes:
        """See IRuleRuns."""
        found = await self._database.read(standing.inside, place_id, limit)
        if found is None:
            return b""
        if found.blob_id is None:
            return found.content
        return await self._blobs.read(found.blob_id, 0, min(limit, found.size_octets))

    async def done(self, place_ids: Sequence[int]) -> Mapping[int, frozenset[str]]:
        """See IRuleRuns."""
        return await self._database.read(done_for, tuple(place_ids))

    async def begin(self, run: RuleRun, timers: Timers) -> RuleRun:
        """See IRuleRuns."""
        return await self._database.write(journal.begin, journal.Beginning(run, timers))

    async def refile(self, chunk: Chunk) -> RuleRun:
        """See IRuleRuns."""
        item = refiling.Carrying(chunk, to_us(utcnow(self._clock)))
        return await self._database.write(refiling.refile, item)

    async def run(self, run_id: int) -> RuleRun | None:
        """See IRuleRuns."""
        return await self._database.read(journal.read_run, run_id)

    async def runs(self, limit: int) -> tuple[RuleRun, ...]:
        """See IRuleRuns."""
        return await self._database.read(journal.read_runs, limit)

    async def take_back(self, run_id: int, limit: int) -> TakenBack:
        """See IRuleRuns."""
        item = refiling.TakingBack(run_id, limit, to_us(utcnow(self._clock)))
        return await self._database.write(refiling.take_back, item)

    async def timers(self) -> tuple[Timer, ...]:
        """See IRuleRuns."""
        return await self._database.read(journal.read_timers)

    async def set_timers(self, timers: Timers) -> None:
        """See IRuleRuns."""
        await self._database.write(journal.set_timers, timers)

    async def forget(self, before: datetime, limit: int) -> bool:
        """See IRuleRuns."""
        item = journal.Forgetting(to_us(before), limit)
        return await self._database.write(journal.forget, item)
