"""How a courier brings mail to the gate, as any door does: once for each job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.gate import IGate, ISink, ITransaction
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.mime.headers import MAX_SECTION_OCTETS, HeaderSection
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Attempt, Job, Result
from bitrixmail.model.reply import TRANSACTION_FAILED, Reply
from bitrixmail.tasks import utcnow

_log = Logger()

_PIECE_OCTETS = 64 * 1024


async def enter(  # noqa: PLR0917 - the envelope and what it is for
    gate: IGate,
    jobs: IJobStore,
    job: Job,
    sender: Address | None,
    parameters: SenderParameters,
    recipient: Address,
    asked: RecipientParameters | None = None,
    *,
    prefix: bytes = b"",
    part: str = "",
) -> Reply:
    """Hand a job's message over for one recipient; return the gate's reply. Raises MailError.

    `prefix` are fields that stand before it; `part` tells several recipients of a job apart.
    """

    async def write(sink: ISink) -> None:
        await _written(sink, prefix)
        for offset in range(0, job.size_octets, _PIECE_OCTETS):
            if job.content is not None:
                piece = job.content[offset : offset + _PIECE_OCTETS]
            else:
                piece = await jobs.read(job.message_id, offset, _PIECE_OCTETS)
            await _written(sink, piece)

    transaction = gate.open(_client(job.queue_id), f"job:{job.id}{part}")
    return await _handed(transaction, sender, parameters, recipient, asked, write)


async def bring(
    gate: IGate,
    octets: bytes,
    recipient: Address,
    *,
    about: str,
    once: str,
    sender: Address | None = None,
    door: str = "local",
) -> Reply:
    """Hand over a message of our own, or one that was brought; return the gate's reply.

    No notice on it is asked for. `about`: the queue id of the message that it tells of, or who
    brings it. `once`: see IGate.open. Raises MailError.
    """

    async def write(sink: ISink) -> None:
        await _written(sink, octets)

    return await _handed(
        gate.open(Client("", 0, about, door=door), once),
        sender,
        SenderParameters(
            body="7BIT" if octets.isascii() else "8BITMIME",
            smtputf8=needs_smtputf8(HeaderSection.parse(octets), octets, sender, recipient),
        ),
        recipient,
        RecipientParameters(notify=frozenset({"NEVER"})),
        write,
    )


async def beginning_of(jobs: IJobStore, job: Job) -> bytes:
    """Read the beginning of a job's message, at least its header section. Raises MailError."""
    if job.content is not None:
        return job.content
    return await jobs.read(job.message_id, 0, min(job.size_octets, MAX_SECTION_OCTETS))


def body_of(job: Job) -> str:
    """Return BODY: what is not at hand may have any octets (RFC 6152)."""
    return "7BIT" if job.content is not None and job.content.isascii() else "8BITMIME"


def needs_smtputf8(headers: HeaderSection, octets: bytes, *addresses: Address | None) -> bool:
    """Tell whether a message with this header section is internationalised (RFC 6531 §3.4).

    The body has no say in it. A host that offers no SMTPUTF8 can't have it, so none is asked for it
    without need.
    """
    texts = "".join(str(each) for each in addresses if each is not None)
    return not (octets[: headers.end].isascii() and texts.isascii())


def _client(queue_id: str) -> Client:
    return Client("", 0, queue_id, door="local")


async def _written(sink: ISink, octets: bytes) -> None:
    waiting = sink.write(octets) if octets else None
    if waiting is not None:
        await waiting


async def _handed(  # noqa: PLR0917 - the envelope and what is in it
    transaction: ITransaction,
    sender: Address | None,
    parameters: SenderParameters,
    recipient: Address,
    asked: RecipientParameters | None,
    write: Callable[[ISink], Awaitable[None]],
) -> Reply:
    try:
        await transaction.sender(sender, parameters)
        await transaction.recipient(recipient, asked or RecipientParameters())
        await write(transaction.body())
        (outcome,) = await transaction.commit()
    except BaseException:
        transaction.abort()
        raise
    return outcome.reply


async def attempted(carried_out: Awaitable[Reply], job: Job, clock: IReactorTime) -> Attempt:
    """Return the attempt that ends with the reply of what carries a job out, whatever it raises."""
    begun = utcnow(clock)
    try:
        reply = await carried_out
    except MailError as error:
        reply = error.reply
    except Exception:  # noqa: BLE001 - a bug, and the next attempt may meet a mended program
        _log.failure(
            "{queue_id}: the job {key} could not be carried out",
            queue_id=job.queue_id,
            key=job.key,
        )
        reply = TRANSACTION_FAILED
    return attempt_of(reply, begun, utcnow(clock))


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
