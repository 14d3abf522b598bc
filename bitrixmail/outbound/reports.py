"""The courier of good news: what is in a mailbox here is reported, by whoever writes notices."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.model.job import Attempt, Delivery, Job, Kind, Result
from bitrixmail.outbound.line import OneByOne
from bitrixmail.tasks import utcnow


@implementer(ICourier, ILine)
class ReportCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server.

    The message was delivered in the commit that wrote these jobs (RFC 3461 §6.2); nothing is left
    to be done but the notice, which is written with their settlement.
    """

    kind = Kind.REPORT

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    async def deliver(self, jobs: Sequence[Job]) -> Delivery:
        """See ILine."""
        said = "it is in the mailbox"
        now = utcnow(self._clock)
        attempt = Attempt(now, Result.DELIVERED, "", "", "2.1.5", said, 0.0)
        return Delivery((attempt,) * len(jobs))
