"""Reads the bounces that come in: which message of ours they tell of, and what that means.

Nobody vouches for a word of them. One counts only if it came to a return path that was made for one
recipient (see `variable_paths`), or if it names a message of ours by its queue id, which those who
got it know, and a recipient that it was sent to.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.interfaces.queue import IQueue
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.mime.dsn_reading import MAX_OCTETS, read_bounce
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.dsn import Action, Bounce, Returned, Verdict
from bitrixmail.model.job import Attempt, Job, Kind, Result
from bitrixmail.model.message import Event
from bitrixmail.model.queue import SentTo
from bitrixmail.model.remote import ReturnedOptions
from bitrixmail.model.text import printable
from bitrixmail.outbound.bounces.suppressing import Suppressor
from bitrixmail.outbound.line import OneByOne
from bitrixmail.outbound.reasons.judging import judge
from bitrixmail.tasks import utcnow

_MOST_RECIPIENTS = 100
_FAILURES = frozenset({Action.FAILED, Action.DELAYED})


@implementer(ICourier, ILine)
class BounceReader(OneByOne):
    """See the module. Made by compose, lives as long as the server."""

    kind = Kind.BOUNCE

    def __init__(
        self,
        jobs: IJobStore,
        queue: IQueue,
        messages: IMessageStore,
        suppressor: Suppressor,
        *,
        maillog: IMailLog,
        threads: IThreads,
        clock: IReactorTime,
        hostname: str,
    ) -> None:
        self._jobs = jobs
        self._queue = queue
        self._messages = messages
        self._suppressor = suppressor
        self._maillog = maillog
        self._threads = threads
        self._clock = clock
        self._hostname = hostname

    async def _one(self, job: Job) -> Attempt:
        begun_s = self._clock.seconds()
        octets = job.content
        if octets is None:
            octets = await self._jobs.read(job.message_id, 0, MAX_OCTETS)
        bounce = await self._threads.run(_read, octets, self._hostname)
        sent = ReturnedOptions.from_json(job.payload).sent
        if bounce is None:
            said = "it is no bounce"
        elif sent is not None:
            said = await self._take_back(bounce, sent)
        else:
            said = await self._take(bounce)
        return Attempt(
            at=utcnow(self._clock),
            result=Result.DELIVERED,
            host="",
            address="",
            enhanced="2.0.0",
            reply=said,
            duration_s=self._clock.seconds() - begun_s,
        )

    async def _take_back(self, bounce: Bounce, sent: SentTo) -> str:
        """Note what a bounce tells of the one recipient for whom its address was made."""
        address = sent.recipient.casefold()
        told = bounce.recipients
        named = [each for each in told if address in (each.original.lower(), each.address.lower())]
        # He may have had his mail passed on, and is named nowhere
        returned = (named or told)[0]
        if returned.action not in _FAILURES:
            return printable(f"{sent.recipient} of {sent.queue_id}: {returned.action}", 500)
        await self._note(sent, returned, judge(returned, bounce))
        return printable(f"a bounce of {sent.queue_id} for {sent.recipient}", 500)

    async def _take(self, bounce: Bounce) -> str:
        """Note what a bounce tells; return it in a sentence."""
        if not bounce.queue_id:
            return "it names no message of ours"
        found = await self._queue.sent(bounce.queue_id.upper())
        sent = {each.recipient.lower(): each for each in found}
        noted = []
        for returned in bounce.recipients[:_MOST_RECIPIENTS]:
            known = sent.get(returned.original.lower()) or sent.get(returned.address.lower())
            if known is not None and returned.action in _FAILURES:
                await self._note(known, returned, judge(returned, bounce))
                noted.append(known.recipient)
        if not noted:
            return f"it names no recipient of {printable(bounce.queue_id)}"
        return printable(f"a bounce of {bounce.queue_id} for {', '.join(noted)}", 500)

    async def _note(self, sent: SentTo, returned: Returned, verdict: Verdict) -> None:
        now = utcnow(self._clock)
        said = printable(returned.diagnostic, 500)
        where = f" at {printable(returned.host)}" if returned.host else ""
        text = f"{returned.action} later{where}: {verdict.reason} ({verdict.nature}): {said}"
        await self._messages.record([Event(now, "bounced", sent.queue_id, sent.recipient, text)])
        self._maillog.record(
            "returned",
            queue_id=sent.queue_id,
            sender=sent.sender,
            recipient=sent.recipient,
            dsn=returned.status or None,
            reason=f"{verdict.reason} ({verdict.nature})",
            reply=said,
        )
        await self._suppressor.judge(sent.recipient, verdict, said, sent.queue_id, now)


def _read(octets: bytes, hostname: str) -> Bounce | None:
    return read_bounce(octets, HeaderSection.parse(octets), hostname)
