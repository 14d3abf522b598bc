"""The courier of actions that make another message of a message, and bring it to the gate."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.model.address import Address
from bitrixmail.model.envelope import SenderParameters
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Attempt, Delivery, Job, Kind
from bitrixmail.model.reply import TRANSACTION_FAILED, Reply
from bitrixmail.model.work import Order
from bitrixmail.outbound.entering import attempt_of, enter
from bitrixmail.outbound.line import OneByOne
from bitrixmail.tasks import utcnow

_log = Logger()


@implementer(ICourier, ILine)
class MailCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server.

    A job that is repeated after a crash has no second effect: the gate knows its id.
    """

    kind = Kind.MAIL

    def __init__(self, gate: IGate, jobs: IJobStore, clock: IReactorTime) -> None:
        self._gate = gate
        self._jobs = jobs
        self._clock = clock

    async def deliver(self, jobs: Sequence[Job]) -> Delivery:
        """See ILine. Each job is a message of its own: one can't spoil the others."""
        return Delivery(tuple([await self._one(job) for job in jobs]))

    async def close(self) -> None:
        """See ICourier."""

    async def _one(self, job: Job) -> Attempt:
        begun = utcnow(self._clock)
        try:
            reply = await self._done(job, Order.from_json(job.payload))
        except MailError as error:
            reply = error.reply
        except Exception:  # noqa: BLE001 - a bug, and the next attempt may meet a mended program
            _log.failure("{queue_id}: an action could not be carried out", queue_id=job.queue_id)
            reply = TRANSACTION_FAILED
        return attempt_of(reply, begun, utcnow(self._clock))

    async def _done(self, job: Job, order: Order) -> Reply:
        sender = Address.of(order.mailbox)
        return await enter(
            self._gate, self._jobs, job, sender, SenderParameters(), Address.of(order.argument)
        )
