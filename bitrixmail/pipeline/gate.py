"""The one entrance to the pipeline: counts connections in, opens transactions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.blobs import IBlobStore
from bitrixmail.interfaces.directory import IRouter
from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.interfaces.suppressions import ISuppressions
from bitrixmail.model.client import Client
from bitrixmail.model.job import NewJob
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.model.reply import Reply
from bitrixmail.pipeline.admission import Admission
from bitrixmail.pipeline.judge import Judge
from bitrixmail.pipeline.queue_id import QueueIds
from bitrixmail.pipeline.refusals import Refusals
from bitrixmail.pipeline.relaying import Relaying
from bitrixmail.pipeline.shared_counts import SharedCounts
from bitrixmail.pipeline.submission import Submissions
from bitrixmail.pipeline.transaction import Terms, Transaction, Workshop

_MOST_LARGE = 2


@implementer(IGate)
class Gate:
    """See IGate. Made by compose, lives as long as the server.

    `limits` and `relaying` may be replaced while it runs: sessions that are open go on with theirs.
    `submissions` is what holds for mail of the door for senders, where there is one.
    `queued` is called with jobs that were just written. One of several processes is told its number
    and what they count together.
    """

    def __init__(
        self,
        *,
        router: IRouter,
        messages: IMessageStore,
        suppressions: ISuppressions,
        blobs: IBlobStore,
        judge: Judge,
        maillog: IMailLog,
        clock: IReactorTime,
        random: Random,
        hostname: str,
        inline_octets: int,
        limits: SMTPLimits,
        relaying: Relaying | None = None,
        process: int | None = None,
        shared: SharedCounts | None = None,
    ) -> None:
        self.limits = limits
        self.relaying = relaying or Relaying()
        self.submissions: Submissions | None = None
        self.queued: Callable[[Sequence[NewJob]], None] = _nobody
        self.refusals = Refusals(messages, clock)
        self._admission = Admission(clock, shared)
        self._workshop = Workshop(
            router=router,
            messages=messages,
            suppressions=suppressions,
            blobs=blobs,
            judge=judge,
            maillog=maillog,
            admission=self._admission,
            refusals=self.refusals,
            queue_ids=QueueIds(clock, random, process),
            clock=clock,
            hostname=hostname,
            inline_octets=inline_octets,
            large=DeferredSemaphore(_MOST_LARGE),
            queued=self._tell,
        )

    def arrived(self, client: Client) -> Reply | None:
        """See IGate."""
        return self._admission.enter(client.address, self.limits)

    def left(self, client: Client) -> None:
        """See IGate."""
        self._admission.leave(client.address)

    def open(self, client: Client, once: str = "", queue_id: str = "") -> Transaction:
        """See IGate."""
        submissions = self.submissions if client.door == "submission" else None
        terms = Terms(self.limits, self.relaying, once, submissions, queue_id)
        return Transaction(self._workshop, client, terms)

    def new_queue_id(self) -> str:
        """Return the id of a message that is made here."""
        return self._workshop.queue_ids.next()

    def _tell(self, jobs: Sequence[NewJob]) -> None:
        self.queued(jobs)


def _nobody(jobs: Sequence[NewJob]) -> None:
    """Nobody is told of jobs; whoever carries them out finds them in the store."""
