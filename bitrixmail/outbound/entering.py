"""How a courier brings mail to the gate, as any door does: once for each job."""

from __future__ import annotations

from datetime import datetime

from bitrixmail.interfaces.gate import IGate, ITransaction
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.job import Attempt, Job, Result
from bitrixmail.model.reply import Reply

_PIECE_OCTETS = 64 * 1024


async def enter(  # noqa: PLR0917 - the envelope and what it is for
    gate: IGate,
    jobs: IJobStore,
    job: Job,
    sender: Address | None,
    parameters: SenderParameters,
    recipient: Address,
    asked: RecipientParameters | None = None,
) -> Reply:
    """Hand a job's message over for one recipient; return the gate's reply. Raises MailError."""
    client = Client("", 0, job.queue_id, door="local")
    transaction: ITransaction = gate.open(client, f"job:{job.id}")
    try:
        await transaction.sender(sender, parameters)
        await transaction.recipient(recipient, asked or RecipientParameters())
        sink = transaction.body()
        for offset in range(0, job.size_octets, _PIECE_OCTETS):
            if job.content is not None:
                piece = job.content[offset : offset + _PIECE_OCTETS]
            else:
                piece = await jobs.read(job.message_id, offset, _PIECE_OCTETS)
            waiting = sink.write(piece)
            if waiting is not None:
                await waiting
        (outcome,) = await transaction.commit()
    except BaseException:
        transaction.abort()
        raise
    return outcome.reply


def attempt_of(reply: Reply, begun: datetime, ended: datetime) -> Attempt:
    """Return the attempt that ended with this reply of the gate."""
    match reply.code // 100:
        case 2:
            result = Result.DELIVERED
        case 5:
            result = Result.FAILED
        case _:
            result = Result.DEFERRED
    return Attempt(
        at=ended,
        result=result,
        host="",
        address="",
        enhanced=reply.enhanced,
        reply=str(reply),
        duration_s=(ended - begun).total_seconds(),
    )
