"""The courier to our own mailboxes: it brings mail to the gate, as any door does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.gate import IGate, ITransaction
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Attempt, Delivery, Job, Kind, Result
from bitrixmail.model.remote import RemoteOptions
from bitrixmail.model.reply import TRANSACTION_FAILED, Reply
from bitrixmail.outbound.line import OneByOne
from bitrixmail.tasks import utcnow

_log = Logger()
_PIECE_OCTETS = 64 * 1024


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
            reply = await self._handed_over(job)
        except MailError as error:
            reply = error.reply
        except Exception:  # noqa: BLE001 - a bug, and the next attempt may meet a mended program
            _log.failure("{queue_id} could not be brought to the gate", queue_id=job.queue_id)
            reply = TRANSACTION_FAILED
        return Attempt(
            at=utcnow(self._clock),
            result=_result(reply),
            host="",
            address="",
            enhanced=reply.enhanced,
            reply=str(reply),
            duration_s=(utcnow(self._clock) - begun).total_seconds(),
        )

    async def _handed_over(self, job: Job) -> Reply:
        client = Client("", 0, job.queue_id, door="local")
        transaction: ITransaction = self._gate.open(client, f"job:{job.id}")
        try:
            sender = Address.of(job.sender) if job.sender else None
            asked = RemoteOptions.from_json(job.payload)
            await transaction.sender(sender, replace(asked.sender, smtputf8=True))
            await transaction.recipient(Address.of(job.recipient), asked.recipient)
            sink = transaction.body()
            for offset in range(0, job.size_octets, _PIECE_OCTETS):
                if job.content is not None:
                    piece = job.content[offset : offset + _PIECE_OCTETS]
                else:
                    piece = await self._jobs.read(job.message_id, offset, _PIECE_OCTETS)
                waiting = sink.write(piece)
                if waiting is not None:
                    await waiting
            (outcome,) = await transaction.commit()
        except BaseException:
            transaction.abort()
            raise
        return outcome.reply


def _result(reply: Reply) -> Result:
    match reply.code // 100:
        case 2:
            return Result.DELIVERED
        case 5:
            return Result.FAILED
        case _:
            return Result.DEFERRED
