"""Writes down what becomes of jobs behind a delivery, however long that takes.

What was delivered must not be delivered again because the store, or a bug, stands in the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.outcomes import IOutcomes
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Attempt, Delivery, Job, JobState, Result, Settlement
from bitrixmail.model.message import Draft

_log = Logger()
# After an error of the store
_AGAIN_S = 5.0
# What can't be said at once is tried again in a minute, and what nobody can decide in an hour.
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


class Settler:
    """See the module. Made by the dispatcher, lives as long as it.

    `stopping`: what was cut short is due at once when the server is back.
    """

    def __init__(self, jobs: IJobStore, outcomes: IOutcomes, clock: IReactorTime) -> None:
        self.stopping = False
        self._jobs = jobs
        self._outcomes = outcomes
        self._clock = clock

    async def decided(
        self, jobs: Sequence[Job], delivery: Delivery | None, now: datetime
    ) -> tuple[list[Settlement], Sequence[Draft]]:
        """Decide what becomes of jobs, and what their sender is told."""
        if delivery is None:
            later = now if self.stopping else now + _MINUTE
            return [Settlement(job, JobState.WAITING, None, later) for job in jobs], ()
        while True:
            try:
                settlements, drafts = await self._outcomes.after(jobs, delivery, now)
            except MailError as error:
                _log.error("the store can't be read: {error}", error=error)
                await self._pause(_AGAIN_S)
            except Exception:  # noqa: BLE001 - a bug of ours must not have it delivered again and again
                _log.failure("deciding on {queue_id} failed", queue_id=jobs[0].queue_id)
                return [
                    _undecided(job, attempt, now)
                    for job, attempt in zip(jobs, delivery.attempts, strict=True)
                ], ()
            else:
                return list(settlements), drafts

    async def write(self, settlements: Sequence[Settlement], drafts: Sequence[Draft]) -> None:
        """Write down what became of jobs, however long that takes: else it would be done again."""
        while True:
            try:
                await self._jobs.settle(settlements, drafts)
            except MailError as error:
                _log.error("deliveries can't be written down: {error}", error=error)
                await self._pause(_AGAIN_S)
            else:
                return

    def _pause(self, seconds: float) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        self._clock.callLater(seconds, waiting.callback, None)
        return waiting


def _undecided(job: Job, attempt: Attempt, now: datetime) -> Settlement:
    """Do no harm: what was delivered is done, the rest waits."""
    if attempt.result in (Result.DELIVERED, Result.RELAYED):
        return Settlement(job, JobState.DONE, attempt)
    return Settlement(job, JobState.WAITING, attempt, now + _HOUR)
