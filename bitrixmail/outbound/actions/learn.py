"""The courier of the actions `spam` and `not_spam`: the filter learns from the message."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.bayes.lesson import READ_OCTETS, lesson_of
from bitrixmail.interfaces.counters import ICounters
from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.bayes import SITE
from bitrixmail.model.errors import MailError
from bitrixmail.model.job import Attempt, Delivery, Job, Kind
from bitrixmail.model.reply import TRANSACTION_FAILED, Reply
from bitrixmail.model.work import Order
from bitrixmail.outbound.entering import attempt_of
from bitrixmail.outbound.line import OneByOne
from bitrixmail.tasks import utcnow

_log = Logger()


@implementer(ICourier, ILine)
class LearnCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server.

    A job that is repeated after a crash changes nothing: each message is learned once.
    """

    kind = Kind.LEARN

    def __init__(
        self,
        jobs: IJobStore,
        counters: ICounters,
        directory: IDirectory,
        threads: IThreads,
        clock: IReactorTime,
    ) -> None:
        self._jobs = jobs
        self._counters = counters
        self._directory = directory
        self._threads = threads
        self._clock = clock

    async def deliver(self, jobs: Sequence[Job]) -> Delivery:
        """See ILine."""
        return Delivery(tuple([await self._one(job) for job in jobs]))

    async def close(self) -> None:
        """See ICourier."""

    async def _one(self, job: Job) -> Attempt:
        begun = utcnow(self._clock)
        try:
            reply = await self._learned(job, Order.from_json(job.payload))
        except MailError as error:
            reply = error.reply
        except Exception:  # noqa: BLE001 - a bug, and the next attempt may meet a mended program
            _log.failure("{queue_id}: it could not be learned", queue_id=job.queue_id)
            reply = TRANSACTION_FAILED
        return attempt_of(reply, begun, utcnow(self._clock))

    async def _learned(self, job: Job, order: Order) -> Reply:
        scope = SITE
        if (order.settings or {}).get("scope") == "mailbox":
            mailbox = await self._directory.mailbox(order.mailbox)
            if mailbox is None:
                return Reply(250, "2.0.0", f"nothing learned: there is no {order.mailbox} any more")
            scope = mailbox.id
        octets = job.content
        if octets is None:
            octets = await self._jobs.read(job.message_id, 0, READ_OCTETS)
        lesson = await self._threads.run(lesson_of, octets, spam=order.do == "spam")
        learned = await self._counters.learn(scope, [lesson])
        kind = "spam" if lesson.spam else "no spam"
        told = "already known" if learned.known else "changed" if learned.changed else "learned"
        return Reply(250, "2.0.0", f"{told} as {kind}")
