"""Where jobs are kept: one table, whose leases are the only lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bitrixmail.model.job import Job, JobState, Settlement
    from bitrixmail.model.message import Draft
    from bitrixmail.model.queue import Due, Wanted
    from bitrixmail.model.way import RouteRule


class IJobStore(Interface):
    """Jobs of all kinds. They come into being with their message, by `IMessageStore.append`.

    Every method raises StoreUnavailableError or StoreFullError when the disk or database fails.
    """

    async def due(now: datetime) -> tuple[Due, ...]:
        """Tell of every destination that has waiting jobs how many are due, and when the next is.

        Leases that have run out count as waiting.
        """

    async def lease(
        owner: str, until: datetime, wanted: Sequence[Wanted], now: datetime
    ) -> tuple[Job, ...]:
        """Take jobs that are due, the urgent and the oldest first; nobody else gets them.

        They are settled by `until`, or another lease may take them.
        """

    async def lease_these(
        owner: str, until: datetime, ids: Sequence[int], states: Sequence[JobState]
    ) -> tuple[Job, ...]:
        """Take jobs by their numbers, due or not, as far as they are in one of these states.

        One transaction: give it some hundred at a time.
        """

    async def settle(settlements: Sequence[Settlement], drafts: Sequence[Draft] = ()) -> None:
        """Write what became of leased jobs, durable when it returns; `drafts` in the same commit.

        A job that was deleted meanwhile is passed over. Cancelling has no effect.
        """

    async def reclaim(owner: str) -> int:
        """Take back every lease of others than this owner: they are gone. Returns how many."""

    async def reroute(rules: Sequence[RouteRule]) -> int:
        """Give jobs to other hosts that have not ended the destinations these rules want.

        Returns how many got another one. Some hundred are changed at a time.
        """

    async def let_go(now: datetime, mark: int) -> int:
        """Make due what was put off by settings of another mark than this. Returns how many."""

    async def read(message_id: int, offset: int, length: int) -> bytes:
        """Read octets of a job's message: message prefix, then content. Short only at the end.

        Raise NotFoundError if the message is gone.
        """
