"""The courier of the action `ticket`: reads a message and gives it to a help desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.tickets import ISenderProof, ITicketDesk
from bitrixmail.mime.automatic import program_behind
from bitrixmail.mime.dsn_fields import one_line
from bitrixmail.mime.headers import MAX_SECTION_OCTETS, HeaderSection
from bitrixmail.mime.parts import parse_body
from bitrixmail.mime.ticket_addresses import token_of
from bitrixmail.mime.ticket_fields import (
    Author,
    author_of,
    key_of,
    message_id_of,
    references_of,
    tokens_of,
)
from bitrixmail.model.address import Address
from bitrixmail.model.errors import InputError, MailError, PermanentError
from bitrixmail.model.job import Attempt, Job, Kind, Result
from bitrixmail.model.reply import NO_SUCH_MAILBOX, TRANSACTION_FAILED, Reply
from bitrixmail.model.ticket import Letter, TicketTerms, WhoMayAdd
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.ticket_greeting import Greeter
from bitrixmail.outbound.entering import attempt_of
from bitrixmail.outbound.line import OneByOne
from bitrixmail.rules.outside_desk import NUMBER_IN_SUBJECT, pattern_of
from bitrixmail.tasks import utcnow

_log = Logger()
_SUBJECT = 200
# As the module that this replaces did: what a letter without a subject is listed by
_FROM_BODY = 50
_NO_SUBJECT = "(no subject)"
_BODY_OCTETS = 64 * 1024
_SEARCHED = 1000
# For all patterns of a rule together, on one subject
_SEARCH_S = 0.1
_MOST_DIGITS = 9


@implementer(ISenderProof)
class NothingProven:
    """As long as nothing checks SPF, DKIM and DMARC, nothing proves who a sender is."""

    async def proven(self, job: Job, author: str) -> bool:  # noqa: ARG002 - see ISenderProof
        """See ISenderProof."""
        return False


@implementer(ICourier, ILine)
class TicketCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server.

    A job that is repeated after a crash has no second effect: desks know its key.
    """

    kind = Kind.TICKET

    def __init__(
        self,
        jobs: IJobStore,
        desks: Sequence[ITicketDesk],
        proof: ISenderProof,
        greeter: Greeter,
        clock: IReactorTime,
    ) -> None:
        self._jobs = jobs
        self._desks: Mapping[str, ITicketDesk] = {each.name: each for each in desks}
        self._proof = proof
        self._greeter = greeter
        self._clock = clock

    async def _one(self, job: Job) -> Attempt:
        begun = utcnow(self._clock)
        try:
            said = await self._done(job, Order.from_json(job.payload))
        except MailError as error:
            return attempt_of(error.reply, begun, utcnow(self._clock))
        except InputError as error:  # its mailbox or ticket was removed meanwhile
            reply = Reply(550, NO_SUCH_MAILBOX.enhanced, str(error))
            return attempt_of(reply, begun, utcnow(self._clock))
        except Exception:  # noqa: BLE001 - a bug, and the next attempt may meet a mended program
            _log.failure("{queue_id}: no ticket could be made of it", queue_id=job.queue_id)
            return attempt_of(TRANSACTION_FAILED, begun, utcnow(self._clock))
        ended = utcnow(self._clock)
        duration_s = (ended - begun).total_seconds()
        return Attempt(ended, Result.DELIVERED, "", "", "2.0.0", said, duration_s)

    async def _done(self, job: Job, order: Order) -> str:
        settings = order.settings or {}
        desk = self._desks.get(settings.get("desk", ""))
        if desk is None:
            said = f"there is no help desk named {one_line(str(settings.get('desk')), 80)}"
            raise PermanentError(Reply(550, "5.3.5", said))
        octets = job.content
        if octets is None:
            octets = await self._jobs.read(job.message_id, 0, MAX_SECTION_OCTETS + _BODY_OCTETS)
        headers = HeaderSection.parse(octets)
        letter = await self._letter(job, order, headers, octets)
        filed = await desk.file(letter, _terms(settings))
        if settings.get("acknowledge") and filed.opened and filed.greet:
            return await self._greeter.greet(job, order, octets, letter, filed)
        return filed.said

    async def _letter(
        self, job: Job, order: Order, headers: HeaderSection, octets: bytes
    ) -> Letter:
        settings = order.settings or {}
        field = "reply-to" if settings.get("sender") == "reply_to" else "from"
        author = author_of(headers, field)
        if not author.address:
            author = Author(key_of(job.sender), sole=False)
        subject = one_line(headers.text("subject"), _SUBJECT)

        async def read(offset: int, length: int) -> bytes:
            return await self._jobs.read(job.message_id, offset, length)

        return Letter(
            desk=Address.of(order.mailbox).key,
            key=job.key,
            at=job.created,
            queue_id=job.queue_id,
            row=job.message_id,
            author=author.address,
            sole=author.sole,
            proven=await self._proof.proven(job, author.address),
            automatic=program_behind(headers, job.sender, author.address),
            addressed=token_of(Address.of(order.recipient).detail),
            tokens=tokens_of(headers),
            references=references_of(headers),
            numbers=_numbers(headers.text("subject"), settings.get("subject_patterns")),
            subject=subject or _first_words(octets, headers),
            message_id=message_id_of(headers),
            size_octets=job.size_octets,
            read=read,
        )


def _terms(settings: Mapping[str, Any]) -> TicketTerms:
    usual = TicketTerms()
    return TicketTerms(
        who=WhoMayAdd(settings.get("who_may_add", usual.who)),
        category=settings.get("category", ""),
        criticality=settings.get("criticality", ""),
        hidden=settings.get("hidden", False),
        most_per_hour=settings.get("most_per_hour", usual.most_per_hour),
    )


def _first_words(octets: bytes, headers: HeaderSection) -> str:
    """Return what a letter without a subject begins with."""
    text = parse_body(octets, headers).text
    return one_line(" ".join(text[: 40 * _FROM_BODY].split()), _FROM_BODY) or _NO_SUBJECT


def _numbers(subject: str, patterns: Sequence[str] | None) -> tuple[int, ...]:
    """Return the numbers that a subject names; what takes too long to be found is not."""
    if patterns is None:
        patterns = NUMBER_IN_SUBJECT
    ends = monotonic() + _SEARCH_S
    found: dict[int, None] = {}
    for pattern in patterns:
        left = ends - monotonic()
        if left <= 0:
            break
        try:
            hit = pattern_of(pattern).search(subject[:_SEARCHED], timeout=left)
        except (TimeoutError, ValueError):  # the latter of a rule of another version
            continue
        digits = (hit[1] or "") if hit else ""
        if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
            found[int(digits)] = None
    return tuple(found)
