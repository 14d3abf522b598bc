"""The courier of actions that are functions of extensions."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.extension import IActions
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.model.extension import AgainError, NeverError
from bitrixmail.model.job import Attempt, Job, Kind, Result
from bitrixmail.model.text import printable
from bitrixmail.model.work import Order
from bitrixmail.outbound.line import OneByOne
from bitrixmail.rules.judging import BODY_LIMIT_OCTETS
from bitrixmail.rules.letter import Letter
from bitrixmail.tasks import utcnow


@implementer(ICourier, ILine)
class PythonCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server."""

    kind = Kind.PYTHON

    def __init__(self, actions: IActions, jobs: IJobStore, clock: IReactorTime) -> None:
        self._actions = actions
        self._jobs = jobs
        self._clock = clock

    async def _one(self, job: Job) -> Attempt:
        begun = self._clock.seconds()
        order = Order.from_json(job.payload)
        try:
            said = await self._actions.act(order.argument, await self._letter(job, order))
        except NeverError as error:
            return self._attempt(Result.FAILED, "5.0.0", str(error) or "never", begun)
        except (AgainError, LookupError) as error:
            return self._attempt(Result.DEFERRED, "4.3.0", str(error) or "again later", begun)
        return self._attempt(Result.DELIVERED, "2.0.0", said or "done", begun)

    async def _letter(self, job: Job, order: Order) -> Letter:
        content = job.content
        if content is None:
            most = min(job.size_octets, BODY_LIMIT_OCTETS)
            content = await self._jobs.read(job.message_id, 0, most)
        return Letter(
            mailbox=order.mailbox,
            sender=job.sender,
            recipients=(order.recipient,),
            size_octets=job.size_octets,
            content=content,
            folder=order.folder,
            flags=frozenset(order.flags),
            tags=frozenset(order.tags),
            queue_id=job.queue_id,
            rule=order.rule,
            key=job.key,
            attempt=job.attempts + 1,
            values=(order.settings or {}).get("values", {}),
        )

    def _attempt(self, result: Result, enhanced: str, said: str, begun: float) -> Attempt:
        spent_s = self._clock.seconds() - begun
        return Attempt(utcnow(self._clock), result, "", "", enhanced, printable(said, 300), spent_s)
