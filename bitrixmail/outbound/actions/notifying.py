"""Short notices that a message came, to another address; and what is owed of them, in one line."""

from __future__ import annotations

import hashlib

from twisted.logger import Logger

from bitrixmail.mime.automatic_mail import NOTICE_FIELD, Written, compose_automatic
from bitrixmail.mime.dsn_reading import MAX_OCTETS
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import BodyLimits, parse_body
from bitrixmail.model.address import Address
from bitrixmail.model.answer import Noticed
from bitrixmail.model.errors import MailError, PermanentError
from bitrixmail.model.job import Job
from bitrixmail.model.reply import Reply
from bitrixmail.model.route import RouteKind
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.filling import values_of
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.outbound.entering import bring
from bitrixmail.rules.fill import fill, places
from bitrixmail.tasks import utcnow

_log = Logger()
PER_HOUR = 20
_SUBJECT = "{mailbox}: {subject}"
_TEXT = "{from_name} <{from_address}>\n{subject}\n\n{text}"
_MAX_EXCERPT = 500
_TEXT_LIMITS = BodyLimits(max_parts=50, max_text_octets=64 * 1024, max_html_octets=64 * 1024)


class Notifier:
    """See the module. Made by the courier, lives as long as it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def notify(self, job: Job, order: Order) -> Reply:
        """Tell each address of an order of a message. Raises MailError if the store fails."""
        octets = job.content
        if octets is None:
            octets = await self._shop.jobs.read(job.message_id, 0, MAX_OCTETS)
        headers = HeaderSection.parse(octets)
        if headers.count(NOTICE_FIELD):
            return Reply(250, "2.0.0", "Not told: it is a notice itself")
        values = values_of(headers, job, order)
        given = order.settings or {}
        text, subject = given.get("text", _TEXT), given.get("subject", _SUBJECT)
        if "text" in places(text):
            values["text"] = await self._shop.threads.run(_excerpt, octets)
        said = fill(subject, values), fill(text, values)
        told = []
        for number, target in enumerate(order.argument.split(", ")):
            part = f":{number}" if number else ""
            told.append(await self._tell(job, order, Address.of(target), said, part))
        return Reply(250, "2.0.0", "; ".join(told))

    async def _tell(
        self, job: Job, order: Order, target: Address, said: tuple[str, str], part: str
    ) -> str:
        """Tell one address, or note that it is to be told later; return which in a sentence."""
        shop, now = self._shop, utcnow(self._shop.clock)
        route = await shop.router.resolve(target)
        if route.kind is not RouteKind.FOREIGN and any(
            one.mailbox.address == order.mailbox for one in route.targets
        ):
            return f"{target}: that is the mailbox itself"
        most = (order.settings or {}).get("per_hour", PER_HOUR)
        owed = await shop.answers.may_tell(order.mailbox, order.rule, target.key, most, now)
        if owed is None:
            return f"{target}: later, with others: there were {most} within an hour"
        subject, text = said
        octets = self._written(
            (order.mailbox, str(target)),
            subject,
            f"{text}\n\n{_more(owed)}" if owed else text,
            f"<{job.queue_id}.{job.id}{part.replace(':', '.')}@{shop.hostname}>",
        )
        once = f"job:{job.id}{part}"
        try:
            reply = await bring(shop.gate, octets, target, about=job.queue_id, once=once)
        except PermanentError as error:
            reply = error.reply
        return f"{target}: {reply}"

    async def tell_what_is_owed(self) -> None:
        """Send one notice to each whose hour is over. What can't be told now is told later."""
        shop = self._shop
        try:
            for noticed in await shop.answers.owed(utcnow(shop.clock)):
                await self._tell_owed(noticed)
        except MailError as error:
            _log.error("notices that are owed wait: {error}", error=error)

    async def _tell_owed(self, noticed: Noticed) -> None:
        shop, now = self._shop, utcnow(self._shop.clock)
        stated = f"{noticed.mailbox}\0{noticed.rule}\0{noticed.target}\0{noticed.since}"
        name = hashlib.sha256(stated.encode()).hexdigest()[:24]
        octets = self._written(
            (noticed.mailbox, noticed.target),
            f"{noticed.mailbox}: {_more(noticed.owed)}",
            f"{_more(noticed.owed)}\n\n{noticed.rule}, {noticed.since:%Y-%m-%d %H:%M} UTC",
            f"<{name}@{shop.hostname}>",
        )
        target = Address.of(noticed.target)
        try:
            await bring(shop.gate, octets, target, about="", once=f"notice:{name}")
        except PermanentError as error:
            _log.info("{target}: {reply}", target=noticed.target, reply=error.reply)
        await shop.answers.told(noticed, now)

    def _written(self, ends: tuple[str, str], subject: str, text: str, message_id: str) -> bytes:
        mailbox, target = ends
        return compose_automatic(
            Written(
                author=("", mailbox),
                recipient=target,
                subject=subject,
                text=text,
                html="",
                message_id=message_id,
                at=utcnow(self._shop.clock),
                about=HeaderSection.parse(b""),
                answers=False,
            )
        )


def _more(count: int) -> str:
    return f"and {count} more / и ещё {count}"


def _excerpt(octets: bytes) -> str:
    """Return the beginning of what people read in a message; takes milliseconds."""
    text = parse_body(octets, HeaderSection.parse(octets), _TEXT_LIMITS).text.strip()
    return text if len(text) <= _MAX_EXCERPT else text[:_MAX_EXCERPT].rstrip() + "…"
