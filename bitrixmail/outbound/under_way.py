"""Deliveries that have begun and not ended: none lasts for ever, and none takes others with it."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from bitrixmail.interfaces.courier import ILine
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Delivery, Job

_log = Logger()


class UnderWay:
    """See the module. Made by the dispatcher, lives as long as it."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # When each was begun, the first first
        self._running: dict[Deferred[Delivery], float] = {}
        self._all_cut = False

    def begin(self, line: ILine, jobs: Sequence[Job]) -> Deferred[Delivery | None]:
        """Have jobs delivered; None: what became of them can't be said."""
        running: Deferred[Delivery] = Deferred.fromCoroutine(line.deliver(jobs))
        self._running[running] = self._clock.seconds()
        return running.addBoth(self._ended, running, jobs)

    def _ended(
        self,
        result: Delivery | Failure,
        running: Deferred[Delivery],
        jobs: Sequence[Job],
    ) -> Delivery | None:
        del self._running[running]
        if not isinstance(result, Failure):
            return result
        error = result.value
        if isinstance(error, CancelledError):
            if not self._all_cut:
                _log.error(
                    "a delivery to {destination} does not end", destination=jobs[0].destination
                )
        elif isinstance(error, MailError):
            _log.error("{queue_id} can't be read: {error}", queue_id=jobs[0].queue_id, error=error)
        else:  # a bug of a courier must not stop the others, or this one for good
            queue_id = jobs[0].queue_id
            _log.failure("delivering {queue_id} failed", failure=result, queue_id=queue_id)
        return None

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
