"""A courier that does as it is told, and notes what it was given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from twisted.internet.defer import Deferred
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.outcomes import IOutcomes
from bitrixmail.model.job import Delivery, Job, JobState, Kind, Result, Settlement, Trouble
from bitrixmail.model.message import Draft
from bitrixmail.outbound.line import OneByOne
from tests.fakes.jobs import make_attempt


@implementer(ICourier, ILine)
class RecordingCourier(OneByOne):
    """Delivers at once, or when `let_go` is called if it is `slow`; `down` names destinations.

    `refusing`: each job, for a time, by no fault of its destination. All its lines are itself, so
    `open` is that of all of them.
    """

    kind = Kind.REMOTE

    def __init__(self) -> None:
        self.slow = False
        self.down: set[str] = set()
        self.busy: set[str] = set()
        self.refusing = False
        self.begun: list[tuple[str, ...]] = []
        self.waiting: list[Deferred[None]] = []
        self.error: BaseException | None = None
        self.closed = False

    async def deliver(self, jobs: Sequence[Job]) -> Delivery:
        self.begun.append(tuple(job.recipient for job in jobs))
        if self.slow:
            waiting: Deferred[None] = Deferred()
            self.waiting.append(waiting)
            await waiting
        if self.error is not None:
            raise self.error
        destination = jobs[0].destination
        if destination in self.down:
            failed = make_attempt(Result.DEFERRED, "connection refused")
            return Delivery((failed,) * len(jobs), Trouble.DOWN)
        if self.refusing:
            return Delivery((make_attempt(Result.DEFERRED, "451 not now"),) * len(jobs))
        trouble = Trouble.BUSY if destination in self.busy else Trouble.NONE
        return Delivery((make_attempt(),) * len(jobs), trouble)

    async def close(self) -> None:
        self.closed = True

    def let_go(self, count: int = 1) -> None:
        for _ in range(count):
            self.waiting.pop(0).callback(None)

    @property
    def delivered(self) -> list[str]:
        return [recipient for group in self.begun for recipient in group]


@implementer(IOutcomes)
class PlainOutcomes:
    """Done if delivered; else again in ten minutes, and after a pause of five minutes each time.

    The first times it is again after `waits`.
    """

    def __init__(self) -> None:
        self.waits: list[timedelta] = []

    async def after(
        self, jobs: Sequence[Job], delivery: Delivery, now: datetime
    ) -> tuple[Sequence[Settlement], Sequence[Draft]]:
        settlements = []
        for job, attempt in zip(jobs, delivery.attempts, strict=True):
            if attempt.result is Result.DELIVERED:
                settlements.append(Settlement(job, JobState.DONE, attempt))
            else:
                wait = self.waits.pop(0) if self.waits else timedelta(minutes=10)
                later = now + wait
                settlements.append(Settlement(job, JobState.WAITING, attempt, later))
        return settlements, ()

    async def given_up(
        self, jobs: Sequence[Job], said: str, now: datetime
    ) -> tuple[Sequence[Settlement], Sequence[Draft]]:
        attempt = make_attempt(Result.FAILED, said)
        return [Settlement(job, JobState.DEAD, attempt) for job in jobs], ()

    def pause(self, failures: int, now: datetime, kind: Kind) -> datetime:
        return now + timedelta(minutes=5 * failures)
