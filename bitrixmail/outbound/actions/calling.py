"""What the couriers have in common that call somebody by HTTP: what becomes of an attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from twisted.internet.defer import CancelledError, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.http import IHTTPCaller
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import MailError, NotFoundError
from bitrixmail.model.http import Called, CallError
from bitrixmail.model.job import Attempt, Delivery, Job, Result, Trouble
from bitrixmail.model.secret import Secret
from bitrixmail.model.text import printable
from bitrixmail.model.work import Order
from bitrixmail.outbound.actions.attachment_links import AttachmentLinks
from bitrixmail.outbound.line import OneByOne
from bitrixmail.tasks import utcnow

_log = Logger()
TIMEOUT_S = 10.0
# Of an answer so much is read, and so much of its first line is told
ANSWER_OCTETS = 4096
_SAID = 200
_LONGEST_WAIT = timedelta(days=1)
# A large message is in memory several times while it is handed over
_LARGE_OCTETS = 1024 * 1024
_LARGE_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class ActionTerms:
    """What the settings say of calls. Secrets by name, the one in force first.

    `most_octets`: of a message no more than that is read and told. `links` lead to files of
    messages; None: they are not served. `secret_hosts`: to whom alone secrets are told that are
    named there, each `host` or `host:port`.
    """

    secrets: Mapping[str, tuple[Secret, ...]] = field(default_factory=dict)
    most_octets: int = 16 * 1024 * 1024
    links: AttachmentLinks | None = None
    secret_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Answer(NamedTuple):
    """How a call ended. `wait`: how long the other side wants to be left alone with this."""

    result: Result
    reply: str
    host: str = ""
    address: str = ""
    wait: timedelta | None = None
    trouble: Trouble = Trouble.NONE


class CallingCourier(OneByOne):
    """Carries out jobs by calls. `terms` may be replaced while it runs."""

    def __init__(
        self,
        caller: IHTTPCaller,
        jobs: IJobStore,
        threads: IThreads,
        clock: IReactorTime,
        terms: ActionTerms,
    ) -> None:
        self.terms = terms
        self._caller = caller
        self._jobs = jobs
        self._threads = threads
        self._clock = clock
        self._large = DeferredSemaphore(_LARGE_AT_ONCE)

    async def deliver(self, jobs: Sequence[Job]) -> Delivery:
        """See ILine. The last answer tells how the other side is."""
        attempts, trouble = [], Trouble.NONE
        for job in jobs:
            large = min(job.size_octets, self.terms.most_octets) > _LARGE_OCTETS
            if large:
                await self._large.acquire()
            try:
                attempt, trouble = await self._called(job)
            finally:
                if large:
                    self._large.release()
            attempts.append(attempt)
        return Delivery(tuple(attempts), trouble)

    async def _called(self, job: Job) -> tuple[Attempt, Trouble]:
        begun = utcnow(self._clock)
        answer = await self._answer(job)
        now = utcnow(self._clock)
        attempt = Attempt(
            at=now,
            result=answer.result,
            host=answer.host,
            address=answer.address,
            enhanced="",
            reply=printable(answer.reply, 2 * _SAID),
            duration_s=(now - begun).total_seconds(),
            not_before=None if answer.wait is None else now + answer.wait,
        )
        return attempt, answer.trouble

    async def _answer(self, job: Job) -> Answer:
        try:
            return await self._carried_out(job, Order.from_json(job.payload))
        except CallError as error:
            return unanswered(error)
        except NotFoundError:
            return Answer(Result.FAILED, "the message is gone")
        except (CancelledError, MailError):
            raise
        except Exception:  # noqa: BLE001 - a bug, and the next attempt may meet a mended program
            _log.failure("{queue_id}: an action could not be carried out", queue_id=job.queue_id)
            return Answer(Result.DEFERRED, "an error of this program, its log tells which")

    async def _carried_out(self, job: Job, order: Order) -> Answer:
        """Carry one job out. Raises CallError, and MailError if the store can't be read."""
        raise NotImplementedError


def unanswered(error: CallError) -> Answer:
    """Return what becomes of a call that had no answer."""
    trouble = Trouble.DOWN if error.down else Trouble.NONE
    # Who was called leads there: nothing behind it waits for a setting that may never come
    result = Result.FAILED if error.refused and not error.down else Result.DEFERRED
    if error.address:
        return Answer(Result.DEFERRED, str(error), error.host, error.address, trouble=trouble)
    remedy = f'private_hosts = ["{error.host}"] in [actions]'
    reply = (
        f"{error}; if that is a server of yours: {remedy}"
        if error.refused
        else f"{error.host}: {error}"
    )
    return Answer(result, reply, trouble=trouble)


def missing_secret(name: str) -> Answer:
    """Return what becomes of a job whose secret the settings do not have: it waits for it."""
    remedy = f"[actions.secrets] in the settings: {name} = …, then kill -HUP"
    return Answer(Result.DEFERRED, f'there is no secret "{name}": add it to {remedy}')


def said(called: Called) -> str:
    """Return what was answered, in one line."""
    lines = called.body.decode("utf-8", "replace").split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("<"):  # a page: its first line tells nothing
        first = ""
    told = f"{called.status} {called.phrase}".strip()
    return f"{told}: {printable(first, _SAID)}" if first else told


def wait_of(called: Called, now: datetime) -> timedelta | None:
    """Read Retry-After (RFC 9110 §10.2.3): seconds or a date, a day at most."""
    text = called.retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
        return min(max(until - now, timedelta()), _LONGEST_WAIT)
    except (TypeError, ValueError):  # no date, or one without a zone
        return None
