"""The queue in the hands of the person who looks after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from bitrixmail.model.job import Attempt, Kind
    from bitrixmail.model.queue import Aged, Bound, Depth, Queued, Search, SentTo, Unreached


class IQueue(Interface):
    """Jobs found, looked at and changed by hand; what is leased just now is left alone.

    Changes are made in one transaction each: give them some hundred ids at a time. They return how
    many jobs they changed. Every method raises StoreUnavailableError or StoreFullError.
    """

    async def find(search: Search, limit: int, after: int = 0) -> tuple[Queued, ...]:
        """List jobs by rising id, those above `after`, with the last attempt at each."""

    async def count(search: Search) -> int:
        """Count them."""

    async def attempts(job_id: int) -> tuple[Attempt, ...]:
        """Read all attempts at a job, the first one first."""

    async def unreached(kind: Kind, destination: str) -> Unreached | None:
        """Tell of attempts at a destination since it last took or refused something.

        None: there were none. What has left the queue no longer counts.
        """

    async def sent(queue_id: str) -> tuple[SentTo, ...]:
        """Tell whom elsewhere a message was for, as long as the event log goes back.

        Of what has left the queue addresses come with small letters.
        """

    async def hold(ids: Sequence[int]) -> int:
        """Keep waiting jobs back until they are released."""

    async def release(ids: Sequence[int]) -> int:
        """Let held jobs go on as soon as they may."""

    async def retry(ids: Sequence[int], now: datetime, lasting: datetime) -> int:
        """Let waiting jobs be tried at once; dead ones too, which then expire at `lasting`."""

    async def delete(ids: Sequence[int]) -> int:
        """Remove jobs that are not leased, and messages that nobody needs any more."""

    async def depths() -> tuple[Depth, ...]:
        """Count the jobs of each state that has some, but for those that are done."""

    async def bound(limit: int) -> tuple[Bound, ...]:
        """Sum the open jobs up by kind and destination: those that have most first."""

    async def troubles(of: Collection[tuple[Kind, str]]) -> Mapping[tuple[Kind, str], Unreached]:
        """Tell the same as `unreached` of those destinations of which it tells anything, at once.

        Some hundred of them at most.
        """

    async def ages(now: datetime, bounds_s: Sequence[int]) -> tuple[Aged, ...]:
        """Count the open jobs by the recipients' domain and age: below each of the bounds, more."""
