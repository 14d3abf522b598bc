"""The queue: what is in it and why, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, ConfigDict, Field

from bitrixmail.admin.office import Office
from bitrixmail.admin.queue import AGE_BOUNDS_S, Story
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.job import JobState, Kind
from bitrixmail.model.queue import Bound, Depth, Queued, Search, Unreached
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged, Raw, Sliced, Text
from bitrixmail.web.api.paging import number_in

_MOST_IDS = 1000
_MOST_ASKED = 50
_MOST_DIGITS = 18
QueueId = Annotated[str, Field(max_length=40)]
Number = Annotated[int, Field(ge=0, lt=10**_MOST_DIGITS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuery(Paged):
    """Which jobs; without a state those that are open. Texts match whole addresses or domains."""

    state: Annotated[tuple[JobState, ...], Field(max_length=_MOST_ASKED)] = ()
    kind: Annotated[tuple[Kind, ...], Field(max_length=_MOST_ASKED)] = ()
    queue_id: Annotated[tuple[QueueId, ...], Field(max_length=_MOST_ASKED)] = ()
    sender: Text = ""
    recipient: Text = ""
    domain: Text = ""
    before: AwareDatetime | None = None
    after: AwareDatetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which jobs are to be changed; `all`: every one. `preview`: only count them."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    ids: Annotated[tuple[Number, ...], Field(max_length=_MOST_IDS)] = ()
    queue_ids: Annotated[tuple[Text, ...], Field(max_length=_MOST_IDS)] = ()
    state: tuple[JobState, ...] = ()
    kind: tuple[Kind, ...] = ()
    sender: Text = ""
    recipient: Text = ""
    domain: Text = ""
    before: AwareDatetime | None = None
    after: AwareDatetime | None = None
    all: bool = False
    preview: bool = False

    @property
    def search(self) -> Search:
        """The same for the use case. Raises InputError: nothing was chosen."""
        found = Search(
            ids=self.ids,
            queue_ids=self.queue_ids,
            states=self.state,
            kinds=self.kind,
            sender=self.sender,
            recipient=self.recipient,
            domain=self.domain,
            before=self.before,
            after=self.after,
        )
        if found == Search() and not self.all:
            remedy = 'give ids, a domain or the like, or "all": true'
            raise InputError(Fault("body", "says of no job that it is meant", remedy))
        return found


@dataclass(frozen=True, slots=True)
class Changed:
    """How many jobs were changed, or would be."""

    count: int
    preview: bool


@dataclass(frozen=True, slots=True)
class DomainAges:
    """The open jobs for one domain. `counts` by age, below each of `bounds_s`, the last above."""

    domain: str
    total: int
    bounds_s: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """What waits for a destination. `trouble`: it could not be reached, the last time and before.

    `asked`: when it is asked again at the latest.
    """

    bound: Bound
    trouble: Unreached | None
    asked: datetime | None


class QueueOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._queue = office.queue

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, handle = Right.SEE, Right.HANDLE
        yield Operation("GET", "/queue", self.listing, see, Queued, QueueQuery, listed=True)
        yield Operation(
            "GET", "/queue/ages", self.ages, see, DomainAges, Paged, listed=True,
            key=lambda each: each.domain,
        )  # fmt: skip
        yield Operation("GET", "/queue/places", self.places, see, tuple[QueuePlace, ...])
        yield Operation("GET", "/queue/depths", self.depths, see, tuple[Depth, ...])
        yield Operation("GET", "/queue/{id}", self.show, see, tuple[Story, ...])
        yield Operation("GET", "/queue/{id}/raw", self.raw, see, bytes, gives="message/rfc822")
        for do in (self.hold, self.release, self.retry, self.delete, self.bounce):
            yield Operation("POST", f"/queue/{do.__name__}", do, handle, Changed, None, Meant)

    async def listing(self, call: Call) -> Sliced:
        """List jobs by rising number."""
        query: QueueQuery = call.query
        search = Search(
            queue_ids=query.queue_id,
            states=query.state,
            kinds=query.kind,
            sender=query.sender,
            recipient=query.recipient,
            domain=query.domain,
            before=query.before,
            after=query.after,
        )
        found = await self._queue.listing(search, query.limit + 1, number_in(query.cursor))
        more = len(found) > query.limit
        items = found[: query.limit]
        return Sliced(items, str(items[-1].id) if more else None)

    async def ages(self, call: Call) -> tuple[DomainAges, ...]:  # noqa: ARG002 - as all are called
        """Count the open jobs by domain and age."""
        found = await self._queue.ages()
        return tuple(
            DomainAges(each.destination, each.total, AGE_BOUNDS_S, each.counts) for each in found
        )

    async def places(self, call: Call) -> tuple[QueuePlace, ...]:  # noqa: ARG002 - as all are called
        """Tell what waits by destination, and of those that are down why, and when asked again."""
        return tuple(
            QueuePlace(
                bound, trouble, None if trouble is None else self._queue.asked_again(trouble)
            )
            for bound, trouble in await self._queue.places()
        )

    async def depths(self, call: Call) -> tuple[Depth, ...]:  # noqa: ARG002 - as all are called
        """Count the jobs by state."""
        return await self._queue.depths()

    async def show(self, call: Call) -> tuple[Story, ...]:
        """Tell of one job by its number, or of all of a message by its queue id."""
        return await self._queue.show(call.parts["id"])

    async def raw(self, call: Call) -> Raw:
        """Give the message of a job as it would be sent."""
        octets = await self._queue.export(call.parts["id"])
        await call.record("message.download", call.parts["id"])
        return Raw(octets, "message/rfc822")

    async def hold(self, call: Call) -> Changed:
        """Keep waiting jobs back until they are released."""
        return await self._change(call, "hold")

    async def release(self, call: Call) -> Changed:
        """Let held jobs go on."""
        return await self._change(call, "release")

    async def retry(self, call: Call) -> Changed:
        """Try jobs at once; one that was given up lives anew."""
        return await self._change(call, "retry")

    async def delete(self, call: Call) -> Changed:
        """Remove jobs without a word to anybody."""
        return await self._change(call, "delete")

    async def bounce(self, call: Call) -> Changed:
        """Give up jobs and write to their senders."""
        return await self._change(call, "bounce")

    async def _change(self, call: Call, operation: str) -> Changed:
        body: Meant = call.body
        search = body.search
        if body.preview:
            return Changed(await self._queue.count(search, operation), preview=True)
        count = await getattr(self._queue, operation)(search)
        named = [*map(str, body.ids), *body.queue_ids, body.domain, body.sender, body.recipient]
        target = ", ".join(filter(None, named)) or "all"
        await call.record(f"queue.{operation}", target, f"{count} jobs")
        return Changed(count, preview=False)
