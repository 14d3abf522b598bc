"""Deliveries that have begun and not ended: none lasts for ever, and none takes others with it."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from bitrixmail.interfaces.courier import ILine
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Attempt, Delivery, Job, Result, Trouble
from bitrixmail.tasks import utcnow

_log = Logger()


class UnderWay:
    """See the module. Made by the dispatcher, lives as long as it."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # When each was begun, the first first
        self._running: dict[Deferred[Delivery], float] = {}
        self._all_cut = False

    def begin(self, line: ILine, jobs: Sequence[Job]) -> Deferred[Delivery | None]:
        """Have jobs delivered; None: they were not tried, as the store fails or the server ends."""
        running: Deferred[Delivery] = Deferred.fromCoroutine(line.deliver(jobs))
        begun_s = self._running[running] = self._clock.seconds()
        return running.addBoth(self._ended, running, jobs, begun_s)

    def _ended(
        self,
        result: Delivery | Failure,
        running: Deferred[Delivery],
        jobs: Sequence[Job],
        begun_s: float,
    ) -> Delivery | None:
        del self._running[running]
        if not isinstance(result, Failure):
            return result
        error = result.value
        if isinstance(error, CancelledError):
            if self._all_cut:
                return None
            destination = jobs[0].destination
            _log.error("a delivery to {destination} does not end", destination=destination)
            said = "it did not end, and was cut"
        elif isinstance(error, MailError):
            _log.error("{queue_id} can't be read: {error}", queue_id=jobs[0].queue_id, error=error)
            return None
        else:  # a bug of a courier must not stop the others, or this one for good
            queue_id = jobs[0].queue_id
            _log.failure("delivering {queue_id} failed", failure=result, queue_id=queue_id)
            said = f"an error of this program, its log tells which: {type(error).__name__}"
        return self._failed(jobs, said, begun_s)

    def _failed(self, jobs: Sequence[Job], said: str, begun_s: float) -> Delivery:
        """Count an attempt of each: what fails so for ever comes to its end, and is told."""
        attempt = Attempt(
            at=utcnow(self._clock),
            result=Result.DEFERRED,
            host="",
            address="",
            enhanced="4.3.0",
            reply=said,
            duration_s=self._clock.seconds() - begun_s,
        )
        # Not a good delivery, so that it makes no destination wider
        return Delivery((attempt,) * len(jobs), Trouble.BUSY)

    def cut_endless(self, most_s: float) -> None:
        """Cut what takes longer than any delivery may: its courier has lost track of it."""
        latest_s = self._clock.seconds() - most_s
        for running in [each for each, begun_s in self._running.items() if begun_s <= latest_s]:
            running.cancel()

    def cut_all(self) -> None:
        """Cut whatever is under way: the server ends."""
        self._all_cut = True
        for running in list(self._running):
            running.cancel()
