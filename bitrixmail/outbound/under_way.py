"""Deliveries that have begun and not ended: none lasts for ever, and none takes others with it."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

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

    async def deliver(self, line: ILine, jobs: Sequence[Job]) -> Delivery | None:
        """Have jobs delivered; None: what became of them can't be said."""
        running = Deferred.fromCoroutine(line.deliver(jobs))
        self._running[running] = self._clock.seconds()
        try:
            return await running
        except CancelledError:
            if not self._all_cut:
                _log.error(
                    "a delivery to {destination} does not end", destination=jobs[0].destination
                )
        except MailError as error:
            _log.error("{queue_id} can't be read: {error}", queue_id=jobs[0].queue_id, error=error)
        except Exception:  # noqa: BLE001 - a bug of a courier must not stop the others, or this for good
            _log.failure("delivering {queue_id} failed", queue_id=jobs[0].queue_id)
        finally:
            del self._running[running]
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
