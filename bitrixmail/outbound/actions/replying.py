"""Answers that a mailbox gives by itself: to whom, how often, and never to a program (RFC 3834)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.automatic_mail import Written, compose_automatic, in_html
from bitrixmail.mime.dsn_reading import MAX_OCTETS
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.address import Address
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.job import Job
from bitrixmail.model.reply import Reply
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.answering import Answering
from bitrixmail.outbound.actions.filling import values_of
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.outbound.entering import bring
from bitrixmail.rules.fill import fill
from bitrixmail.rules.times import read_age, read_moment
from bitrixmail.tasks import utcnow

_PERIOD = "7d"
_SUBJECT = "Re: {subject}"
_MOST_NAMED = 100
_MAX_FIELD = 64 * 1024


class Replier:
    """See the module. Made by the courier, lives as long as it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._answering = Answering(shop)

    async def reply(self, job: Job, order: Order) -> Reply:
        """Answer a message, or say why not. Raises MailError if the store fails."""
        given = order.settings or {}
        octets = job.content
        if octets is None:
            octets = await self._shop.jobs.read(job.message_id, 0, MAX_OCTETS)
        headers = HeaderSection.parse(octets)
        why = (
            await self._answering.unfit(job, order, headers)
            or self._time(job, given)
            or await self._unnamed(headers, order, given)
            or await self._answering.untold(octets)
            or await self._enough(job, order)
        )
        if why:
            return _not(why)
        return await self._answer(job, order, headers)

    def _time(self, job: Job, given: Mapping[str, Any]) -> str:
        """Say that it came before or behind the days on which it would be answered."""
        zone = self._shop.timezone
        if "starts" in given and job.created < read_moment(given["starts"]).span(zone)[0]:
            return f"it came before {given['starts']}"
        if "ends" in given and job.created > read_moment(given["ends"]).span(zone)[1]:
            return f"it came after {given['ends']}"
        return ""

    async def _unnamed(self, headers: HeaderSection, order: Order, given: Mapping[str, Any]) -> str:
        """Say that the message was written to others, if that matters."""
        vacation = "starts" in given or "ends" in given
        if not given.get("only_if_named", vacation):
            return ""
        for name in ("to", "cc"):
            for value in headers.all(name):
                for found in parse_addresses(value[:_MAX_FIELD], headers.decode, _MOST_NAMED):
                    address = Address.of(found.address)
                    if address.key == Address.of(order.recipient).key:
                        return ""
                    if order.mailbox in await self._shop.router.owners(address):
                        return ""
        return "neither To nor Cc names the mailbox"

    async def _enough(self, job: Job, order: Order) -> str:
        """Say that there were enough answers: to this sender, or at all."""
        shop, now = self._shop, utcnow(self._shop.clock)
        key = Address.of(job.sender).key
        before = await shop.answers.answered(order.mailbox, order.rule, key, now)
        if before is not None:
            return f"{job.sender} was answered {before:%Y-%m-%d %H:%M} UTC"
        return await self._answering.enough(order)

    async def _answer(self, job: Job, order: Order, headers: HeaderSection) -> Reply:
        shop, given = self._shop, order.settings or {}
        author = await self._author(order, given)
        if author is None:
            return Reply(550, "5.7.1", f"from: {given['from']} is no address of {order.mailbox}")
        now = utcnow(shop.clock)
        values = values_of(headers, job, order)
        values |= {name: str(given.get(name, "")) for name in ("starts", "ends", "days_to_answer")}
        octets = compose_automatic(
            Written(
                author=author,
                recipient=job.sender,
                subject=fill(given.get("subject", _SUBJECT), values),
                text=fill(given.get("text", ""), values),
                html=fill(given.get("html", ""), values, in_html),
                message_id=f"<{job.queue_id}.{job.id}@{shop.hostname}>",
                at=now,
                about=headers,
                answers=True,
            )
        )
        recipient = Address.of(job.sender)
        try:
            reply = await bring(
                shop.gate, octets, recipient, about=job.queue_id, once=f"job:{job.id}"
            )
        except PermanentError as error:
            return _not(error.reply.text)
        period_s, _ = read_age(given.get("once_per", _PERIOD))
        until = now + timedelta(seconds=period_s)
        await shop.answers.note(order.mailbox, order.rule, recipient.key, now, until)
        return reply

    async def _author(self, order: Order, given: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return name and address of who answers; None if that is not this mailbox's."""
        if "from" not in given:
            return "", order.mailbox
        (found,) = parse_addresses(given["from"].encode(), lambda octets: octets.decode(), 1)
        address = Address.of(found.address)
        if order.mailbox not in await self._shop.router.owners(address):
            return None
        return found.name, str(address)


def _not(why: str) -> Reply:
    return Reply(250, "2.0.0", f"Not answered: {why}")
