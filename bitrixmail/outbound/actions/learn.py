"""The courier of the actions `spam` and `not_spam`: the filter learns from the message."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.bayes.lesson import READ_OCTETS, lesson_of
from bitrixmail.interfaces.counters import ICounters
from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.bayes import SITE
from bitrixmail.model.job import Attempt, Job, Kind
from bitrixmail.model.reply import Reply
from bitrixmail.model.work import Order
from bitrixmail.outbound.entering import attempted
from bitrixmail.outbound.line import OneByOne


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

    async def _one(self, job: Job) -> Attempt:
        return await attempted(self._learned(job), job, self._clock)

    async def _learned(self, job: Job) -> Reply:
        order = Order.from_json(job.payload)
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
