"""Whom a program may answer at all: what holds for every answer that a rule gives (RFC 3834 §2)."""

from __future__ import annotations

from datetime import timedelta

from bitrixmail.mime.automatic import automatic, telling
from bitrixmail.mime.dsn_reading import read_bounce
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import BodyLimits, parse_body
from bitrixmail.model.address import Address
from bitrixmail.model.job import Job
from bitrixmail.model.message import QUARANTINE, TRASH
from bitrixmail.model.route import RouteKind
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.tasks import utcnow

HOUR = timedelta(hours=1)
_SPAM_FOLDERS = frozenset({QUARANTINE.lower(), TRASH.lower(), "spam", "junk", "спам"})
_SPAM_WORDS = frozenset({"$junk", "junk", "spam", "$phishing"})
_TEXT_LIMITS = BodyLimits(max_parts=50, max_text_octets=64 * 1024, max_html_octets=64 * 1024)


class Answering:
    """See the module. Made by what answers, lives as long as it.

    Each method says why there shall be no answer to the sender of a job, or returns an empty text;
    they stand in the order of what they cost. Raises MailError if the store fails.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def unfit(self, job: Job, order: Order, headers: HeaderSection) -> str:
        """Judge by envelope, header fields, and what rules have made of the message."""
        return automatic(headers, job.sender) or _spam(order) or await self._nobody(job, order)

    async def untold(self, octets: bytes) -> str:
        """Judge by what people read in it; `octets` may be its beginning."""
        return await self._shop.threads.run(_read, octets, self._shop.hostname)

    async def enough(self, order: Order) -> str:
        """Judge by how many answers the mailbox has given."""
        shop = self._shop
        most = shop.bounds.replies
        since = utcnow(shop.clock) - HOUR
        if 0 < most <= await shop.answers.count(order.mailbox, since):
            return f"{order.mailbox} has given {most} answers within an hour"
        return ""

    async def _nobody(self, job: Job, order: Order) -> str:
        """Say that nobody but this very mailbox would get it."""
        route = await self._shop.router.resolve(Address.of(job.sender))
        if any(one.mailbox.address == order.mailbox for one in route.targets):
            return f"{job.sender} leads to the mailbox itself"
        if route.returned is None and route.kind not in (RouteKind.LOCAL, RouteKind.FOREIGN):
            return f"there is no {job.sender} here"
        return ""


def _spam(order: Order) -> str:
    found = {word.lower() for word in (*order.flags, *order.tags)} & _SPAM_WORDS
    if found or order.folder.lower().partition("/")[0] in _SPAM_FOLDERS:
        return "it is taken for spam, or thrown away"
    return ""


def _read(octets: bytes, hostname: str) -> str:
    """Look into the text of a message for what a program wrote; takes milliseconds."""
    headers = HeaderSection.parse(octets)
    if read_bounce(octets, headers, hostname) is not None:
        return "it is a bounce"
    return telling(headers, parse_body(octets, headers, _TEXT_LIMITS).text)
