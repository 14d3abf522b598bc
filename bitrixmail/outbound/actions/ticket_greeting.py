"""Tells whoever opened a ticket that it is there, and by which address more is added to it.

An automatic reply (RFC 3834): from the null sender, so that no bounce comes of it, and never to
what a program wrote.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.tickets import ITicketStore
from bitrixmail.mime.ticket_mail import DeskMail, compose
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.job import Job
from bitrixmail.model.reply import Reply
from bitrixmail.model.ticket import Direction, Filed, Letter, TicketMessage
from bitrixmail.rules.fill import fill
from bitrixmail.tasks import utcnow


class Greeter:
    """See the module. Made by compose, lives as long as the server."""

    def __init__(
        self, gate: IGate, tickets: ITicketStore, clock: IReactorTime, hostname: str
    ) -> None:
        self._gate = gate
        self._tickets = tickets
        self._clock = clock
        self._hostname = hostname

    async def greet(self, job: Job, letter: Letter, filed: Filed, words: str) -> str:
        """Write to the author of a letter that has opened a ticket; return what was done in all.

        Done once for each job, however often it is tried. Raise TemporaryError.
        """
        key = f"{job.key}:acknowledge"
        if await self._tickets.filed(key) is not None:
            return f"{filed.said}; acknowledged"
        now = utcnow(self._clock)
        message_id = f"<{job.queue_id}.{filed.number}@{self._hostname}>"
        text = fill(
            words,
            {"number": str(filed.number), "subject": letter.subject, "sender": letter.author},
        )
        octets = compose(
            DeskMail(
                desk=letter.desk,
                to=str(Address.of(letter.author)),
                number=filed.number,
                subject=letter.subject,
                text=text,
                message_id=message_id,
                at=now,
                reply_to=filed.reply_to,
                references=(letter.message_id,) if letter.message_id else (),
                automatic=True,
            )
        )
        try:
            reply = await self._enter(job, key, letter.author, octets)
        except PermanentError as error:
            return f"{filed.said}; not acknowledged: {error.reply}"
        message = TicketMessage(
            key=key,
            at=now,
            direction=Direction.OUT,
            author=letter.desk,
            queue_id=reply.text.rpartition(" ")[2],
            message_id=message_id,
            how="acknowledged",
            automatic=True,
        )
        ticket = await self._tickets.find(letter.desk, filed.number)
        if ticket is not None:
            await self._tickets.add(ticket, message)
        return f"{filed.said}; acknowledged"

    async def _enter(self, job: Job, key: str, recipient: str, octets: bytes) -> Reply:
        """Bring it to the gate, where it has an effect once."""
        client = Client("", 0, job.queue_id, door="local")
        transaction = self._gate.open(client, key)
        try:
            utf8 = not octets.isascii()
            await transaction.sender(None, SenderParameters(smtputf8=utf8))
            await transaction.recipient(Address.of(recipient), RecipientParameters())
            waiting = transaction.body().write(octets)
            if waiting is not None:
                await waiting
            (outcome,) = await transaction.commit()
        except BaseException:
            transaction.abort()
            raise
        return outcome.reply
