"""Tells whoever opened a ticket that it is there, and by which address more is added to it.

An answer of a program (RFC 3834): from the null sender, so that no bounce comes of it, to the
envelope's sender or to nobody, and under the same guards as every other one.
"""

from __future__ import annotations

from bitrixmail.interfaces.tickets import ITicketStore
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.ticket_fields import key_of
from bitrixmail.mime.ticket_mail import DeskMail, compose
from bitrixmail.model.address import Address
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.job import Job
from bitrixmail.model.text import printable
from bitrixmail.model.ticket import Direction, Filed, Letter, TicketMessage
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.answering import HOUR, Answering
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.outbound.entering import bring
from bitrixmail.rules.fill import fill
from bitrixmail.tasks import utcnow


class Greeter:
    """See the module. Made by compose, lives as long as the server."""

    def __init__(self, shop: Shop, tickets: ITicketStore) -> None:
        self._shop = shop
        self._tickets = tickets
        self._answering = Answering(shop)

    async def greet(
        self, job: Job, order: Order, octets: bytes, letter: Letter, filed: Filed
    ) -> str:
        """Write to the sender of a letter that has opened a ticket; return what was done in all.

        `octets` are the beginning of the letter. Done once for each job, however often it is tried.
        Raise TemporaryError.
        """
        key = f"{job.key}:acknowledge"
        if await self._tickets.filed(key) is None:
            why = (
                _forged(job, letter)
                or await self._answering.unfit(job, order, HeaderSection.parse(octets))
                or await self._answering.untold(octets)
                or await self._answering.enough(order)
                or await self._greeted(key, job, order, letter, filed)
            )
            if why:
                return f"{filed.said}; not acknowledged: {why}"
        return f"{filed.said}; acknowledged"

    async def _greeted(self, key: str, job: Job, order: Order, letter: Letter, filed: Filed) -> str:
        """Send it and note that; say why not if the gate refuses it."""
        shop = self._shop
        words = (order.settings or {})["acknowledge"]
        now = utcnow(shop.clock)
        message_id = f"<{job.queue_id}.{filed.number}@{shop.hostname}>"
        text = fill(
            words,
            {"number": str(filed.number), "subject": letter.subject, "sender": letter.author},
        )
        octets = compose(
            DeskMail(
                desk=letter.desk,
                to=job.sender,
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
            reply = await bring(
                shop.gate, octets, Address.of(job.sender), about=job.queue_id, once=key
            )
        except PermanentError as error:
            return str(error.reply)
        # One row each, so that all of them count
        whom = f"{letter.author} {filed.number}"
        await shop.answers.note(order.mailbox, order.rule, whom, now, now + HOUR)
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
        return ""


def _forged(job: Job, letter: Letter) -> str:
    """Say that the envelope does not name who says to have written it.

    From is what anybody writes as he likes: whom it names may never have heard of it.
    """
    if key_of(job.sender) == letter.author:
        return ""
    return (
        f"it is from {printable(letter.author, 120)}, and was sent by {printable(job.sender, 120)}"
    )
