"""The queue by hand: what is in it and why, and what is to be done about it, in bulk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.queue_advice import ADVICE
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.outcomes import IOutcomes
from bitrixmail.interfaces.queue import IQueue
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.model.dsn import Verdict
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.job import Attempt, Job, JobState, Kind, Result, Settlement
from bitrixmail.model.message import Draft
from bitrixmail.model.queue import Aged, Bound, Depth, Queued, Search, Unreached
from bitrixmail.tasks import utcnow

OPEN = (JobState.WAITING, JobState.LEASED, JobState.HELD)
AGE_BOUNDS_S = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400)
MOST_PLACES = 200
# One transaction each, far below a tenth of a second.
_CHUNK = 500
# Each with a notice to write
_BOUNCED_AT_ONCE = 100
_LEASE = timedelta(minutes=10)
_BY_HAND = "Given up by hand"
_JOB_DIGITS = 18
_ACTION_ADVICE = "read what it says, mend that, and have it done at once: bitrixmail queue retry"
# In which states jobs can be changed how; what is leased is under way just now
CHANGEABLE = {
    "hold": (JobState.WAITING,),
    "release": (JobState.HELD,),
    "retry": (JobState.WAITING, JobState.DEAD),
    "bounce": (JobState.WAITING, JobState.HELD),
    "delete": (JobState.WAITING, JobState.HELD, JobState.DONE, JobState.DEAD),
}


@dataclass(frozen=True, slots=True)
class Story:
    """A job and all attempts at it, the first one first, as it is at a moment.

    `reason` and `advice`, for the owner, go with the last attempt if that failed; else empty.
    `before`: of a job that is due, the last attempt at another one of its destination, which it
    waits for: a host that is down is asked with one message only. `asked`: when that is done again,
    by a running server, at the latest.
    """

    job: Queued
    attempts: tuple[Attempt, ...]
    at: datetime
    reason: str = ""
    advice: str = ""
    before: Attempt | None = None
    asked: datetime | None = None


class Queue:
    """See the module. Made by compose for the command line and the web.

    What is given up is leased meanwhile, in the name of `owner`. For the time of `pauses` a server
    leaves a destination alone that is down, the last one again and again.
    """

    def __init__(
        self,
        queue: IQueue,
        messages: IMessageStore,
        clock: IReactorTime,
        lifetime: timedelta,
        *,
        classify: Callable[[str, str], Verdict],
        jobs: IJobStore,
        outcomes: IOutcomes,
        owner: str,
        pauses: Sequence[timedelta],
    ) -> None:
        self._pauses = pauses
        self._classify = classify
        self._queue = queue
        self._jobs = jobs
        self._outcomes = outcomes
        self._owner = owner
        self._messages = messages
        self._clock = clock
        self._lifetime = lifetime

    def older(self, search: Search, age: timedelta) -> Search:
        """Narrow a search to what is older than that now."""
        return replace(search, before=utcnow(self._clock) - age)

    async def listing(self, search: Search, limit: int, after: int = 0) -> tuple[Queued, ...]:
        """List jobs by rising number, at most `limit` of those above `after`.

        Without a state, those that are open.
        """
        return await self._queue.find(_open(search), limit, after)

    def wished(self, jobs: Iterable[Queued]) -> frozenset[int]:
        """Name those that wait for the moment at which their sender wanted them to go out."""
        now = utcnow(self._clock)
        return frozenset(
            job.id
            for job in jobs
            if job.state is JobState.WAITING
            and not (job.attempts or job.put_off)
            and job.not_before > now
        )

    async def found(self, search: Search) -> int:
        """Count what `listing` goes through."""
        wanted = _open(search)
        if wanted == Search(states=wanted.states) and JobState.DONE not in wanted.states:
            # Of a long queue the states alone are counted far sooner
            depths = await self._queue.depths()
            return sum(depth.count for depth in depths if depth.state in wanted.states)
        return await self._queue.count(wanted)

    async def depths(self) -> tuple[Depth, ...]:
        """Count the jobs of each state but those that are done."""
        return await self._queue.depths()

    async def places(self) -> tuple[tuple[Bound, Unreached | None], ...]:
        """List the destinations that open jobs are for, with the trouble there is; most first.

        At most `MOST_PLACES`.
        """
        found = await self._queue.bound(MOST_PLACES)
        troubles = await self._queue.troubles([(each.kind, each.destination) for each in found])
        return tuple((each, troubles.get((each.kind, each.destination))) for each in found)

    def asked_again(self, unreached: Unreached) -> datetime:
        """Tell when a running server asks a destination anew that is down, at the latest."""
        pause = self._pauses[min(unreached.times, len(self._pauses)) - 1]
        return unreached.last.at + pause

    async def count(self, search: Search, operation: str) -> int:
        """Count the jobs that an operation (hold, release, retry, bounce, delete) would change."""
        narrowed = _narrowed(search, operation)
        return await self._queue.count(narrowed) if narrowed is not None else 0

    async def show(self, name: str) -> tuple[Story, ...]:
        """Tell of one job by its number, or of all of a message by its queue id.

        Raises NotFoundError.
        """
        found = await self._queue.find(named(name), _CHUNK)
        if not found:
            raise NotFoundError(
                Fault(name, "is in no queue", "`bitrixmail trace` tells of what has left it")
            )
        unreached: dict[tuple[Kind, str], Unreached | None] = {}
        return tuple([await self._story(job, unreached) for job in found])

    async def _story(self, job: Queued, known: dict[tuple[Kind, str], Unreached | None]) -> Story:
        now = utcnow(self._clock)
        attempts = await self._queue.attempts(job.id)
        story = Story(job, attempts, now)
        failed = bool(attempts) and attempts[-1].result in {Result.DEFERRED, Result.FAILED}
        if failed and job.action:
            return replace(story, advice=_ACTION_ADVICE)
        if failed:
            reason = self._classify(attempts[-1].enhanced, attempts[-1].reply).reason
            story = replace(story, reason=reason.value, advice=ADVICE[reason])
        if job.state is not JobState.WAITING or job.not_before > now:
            return story
        key = job.kind, job.destination
        if key not in known:
            known[key] = await self._queue.unreached(*key)
        unreached = known[key]
        if unreached is None:
            return story
        story = replace(story, asked=self.asked_again(unreached))
        if attempts and attempts[-1].at >= unreached.last.at:
            return story
        return replace(story, before=unreached.last)

    async def export(self, name: str) -> bytes:
        """Return the message of a job, as it would be sent. Raises NotFoundError."""
        (first, *_) = await self.show(name)
        return await self._messages.export(first.job.queue_id)

    async def ages(self) -> tuple[Aged, ...]:
        """Count the open jobs by destination and age; the bounds are AGE_BOUNDS_S."""
        return await self._queue.ages(utcnow(self._clock), AGE_BOUNDS_S)

    async def hold(self, search: Search) -> int:
        """Keep waiting jobs back until they are released; return how many."""
        return await self._each(search, "hold", self._queue.hold)

    async def release(self, search: Search) -> int:
        """Let held jobs go on; return how many."""
        return await self._each(search, "release", self._queue.release)

    async def retry(self, search: Search) -> int:
        """Try jobs at once; return how many. One that was given up lives anew."""
        now = utcnow(self._clock)

        async def again(ids: Sequence[int]) -> int:
            return await self._queue.retry(ids, now, now + self._lifetime)

        return await self._each(search, "retry", again)

    async def delete(self, search: Search) -> int:
        """Remove jobs without a word to anybody; return how many."""
        return await self._each(search, "delete", self._queue.delete)

    async def bounce(self, search: Search) -> int:
        """Give up jobs and write to their senders that it was done by hand; return how many."""
        return await self._each(search, "bounce", self._bounced, _BOUNCED_AT_ONCE)

    async def _bounced(self, ids: Sequence[int]) -> int:
        """Give jobs up, and write the notices in the same commit."""
        now = utcnow(self._clock)
        states = CHANGEABLE["bounce"]
        leased = await self._jobs.lease_these(self._owner, now + _LEASE, ids, states)
        messages: dict[int, list[Job]] = {}
        for job in leased:
            messages.setdefault(job.message_id, []).append(job)
        settlements: list[Settlement] = []
        drafts: list[Draft] = []
        for jobs in messages.values():
            settled, notices = await self._outcomes.given_up(jobs, _BY_HAND, now)
            settlements += settled
            drafts += notices
        await self._jobs.settle(settlements, drafts)
        return len(leased)

    async def _each(
        self,
        search: Search,
        operation: str,
        change: Callable[[Sequence[int]], Awaitable[int]],
        at_once: int = _CHUNK,
    ) -> int:
        """Change what is found, a chunk at a time; what comes in meanwhile is left alone."""
        chosen = _narrowed(search, operation)
        if chosen is None:
            return 0
        now = utcnow(self._clock)
        chosen = replace(chosen, before=min(chosen.before or now, now))
        changed, after = 0, 0
        while found := await self._queue.find(chosen, at_once, after):
            after = found[-1].id
            changed += await change([job.id for job in found])
        return changed


def _open(search: Search) -> Search:
    return search if search.states else replace(search, states=OPEN)


def _narrowed(search: Search, operation: str) -> Search | None:
    """Leave of a search what an operation can change; None: nothing can be.

    What was given up is tried again if it is named, or if such are asked for: who wants all of a
    domain tried does not want all that ever failed to fail, and its senders to be told, again.
    """
    states = CHANGEABLE[operation]
    asked = search.states or tuple(states)
    if operation == "retry" and not (search.ids or search.queue_ids or search.states):
        asked = (JobState.WAITING,)
    left = tuple(state for state in asked if state in states)
    return replace(search, states=left) if left else None


def last_attempts(jobs: Iterable[Queued]) -> dict[str, Attempt]:
    """Return the last attempt at each destination that has any among these jobs."""
    found: dict[str, Attempt] = {}
    for job in jobs:
        known = found.get(job.destination)
        if job.last is not None and (known is None or known.at < job.last.at):
            found[job.destination] = job.last
    return found


def named(name: str) -> Search:
    """Read what names jobs: a number, or the queue id of a message. Raises InputError."""
    if name.isascii() and name.isdigit() and len(name) <= _JOB_DIGITS:
        return Search(ids=(int(name),))
    if not name.isalnum():
        raise InputError(Fault(name, "is neither a job's number nor a queue id"))
    return Search(queue_ids=(name.upper(),))
