"""The courier to our own mailboxes: it brings mail to the gate, as any door does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.model.address import Address
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Attempt, Delivery, Job, Kind
from bitrixmail.model.remote import RemoteOptions
from bitrixmail.model.reply import TRANSACTION_FAILED
from bitrixmail.outbound.entering import attempt_of, enter
from bitrixmail.outbound.line import OneByOne
from bitrixmail.tasks import utcnow

_log = Logger()


@implementer(ICourier, ILine)
class LocalCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server.

    A job that is repeated after a crash has no second effect: the gate knows its id.
    """

    kind = Kind.LOCAL

    def __init__(self, gate: IGate, jobs: IJobStore, clock: IReactorTime) -> None:
        self._gate = gate
        self._jobs = jobs
        self._clock = clock

    async def deliver(self, jobs: Sequence[Job]) -> Delivery:
        """See ILine. Each job is a transaction of its own: one can't spoil the others."""
        return Delivery(tuple([await self._one(job) for job in jobs]))

    async def close(self) -> None:
        """See ICourier."""

    async def _one(self, job: Job) -> Attempt:
        begun = utcnow(self._clock)
        try:
            sender = Address.of(job.sender) if job.sender else None
            asked = RemoteOptions.from_json(job.payload)
            parameters = replace(asked.sender, smtputf8=True)
            recipient = Address.of(job.recipient)
            reply = await enter(
                self._gate, self._jobs, job, sender, parameters, recipient, asked.recipient
            )
        except MailError as error:
            reply = error.reply
        except Exception:  # noqa: BLE001 - a bug, and the next attempt may meet a mended program
            _log.failure("{queue_id} could not be brought to the gate", queue_id=job.queue_id)
            reply = TRANSACTION_FAILED
        return attempt_of(reply, begun, utcnow(self._clock))
