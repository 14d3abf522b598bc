"""Where runs of rules over stored messages read, write, and remember how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bitrixmail.model.rule_run import (
        Chunk,
        Extent,
        RuleRun,
        StoredPlace,
        TakenBack,
        Timer,
        Timers,
    )


class IRuleRuns(Interface):
    """Stored messages for judging them again, and the journal of what was changed by it.

    Every method raises StoreUnavailableError or StoreFullError when the disk or database fails.
    """

    async def measure(extent: Extent) -> tuple[int, int]:
        """Return the highest id of a place there is, and how many places an extent has."""

    async def page(extent: Extent, after: int, upto: int, limit: int) -> tuple[StoredPlace, ...]:
        """Read places of an extent by rising id, those above `after` and not above `upto`."""

    async def content(place_id: int, limit: int) -> bytes:
        """Read the first octets of a message's content; none if it is gone."""

    async def done(place_ids: Sequence[int]) -> Mapping[int, frozenset[str]]:
        """Return by place which work of rules was done for its message before, or is to be.

        Work is named by `model.orders.work_mark`; places without any are left out.
        """

    async def begin(run: RuleRun, timers: Timers) -> RuleRun:
        """Store a new run, and the timers by which it runs, in one transaction.

        The id of the run that is returned is its own; that of `run` does not matter.
        """

    async def refile(chunk: Chunk) -> RuleRun:
        """Carry out a chunk and note how far the run is, in one transaction.

        Missing folders are made. Raise InputError if the run is not where the chunk begins:
        another process carries it on, or took it back.
        """

    async def run(run_id: int) -> RuleRun | None:
        """Read a run."""

    async def runs(limit: int) -> tuple[RuleRun, ...]:
        """List the last runs, the newest first, without those that found nothing to do."""

    async def take_back(run_id: int, limit: int) -> TakenBack:
        """Take back a run's changes of so many places at most, in one transaction.

        The run is from then on UNDOING, and UNDONE when nothing is left to take back. What people
        changed meanwhile stays. Raise NotFoundError.
        """

    async def timers() -> tuple[Timer, ...]:
        """Read the timers."""

    async def set_timers(timers: Timers) -> None:
        """Store timers."""

    async def forget(before: datetime, limit: int) -> bool:
        """Remove a chunk of the runs begun before a time; False: there are no more.

        They can't be taken back any more.
        """
