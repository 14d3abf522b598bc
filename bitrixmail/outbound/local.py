"""The courier to our own mailboxes: it brings mail to the gate, as any door does."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from bitrixmail.interfaces.courier import ICourier, ILine
from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.address import Address
from bitrixmail.model.job import Attempt, Job, Kind
from bitrixmail.model.remote import RemoteOptions
from bitrixmail.model.reply import Reply
from bitrixmail.outbound.entering import (
    attempted,
    beginning_of,
    body_of,
    enter,
    needs_smtputf8,
)
from bitrixmail.outbound.line import OneByOne


@implementer(ICourier, ILine)
class LocalCourier(OneByOne):
    """See the module. Made by compose, lives as long as the server.

    A job that is repeated after a crash has no second effect: the gate knows its id.
    """

    kind = Kind.LOCAL

    def __init__(self, gate: IGate, jobs: IJobStore, clock: IReactorTime) -> None:
        self._gate = gate
        self._jobs = jobs
        self._clock = clock

    async def _one(self, job: Job) -> Attempt:
        return await attempted(self._entered(job), job, self._clock)

    async def _entered(self, job: Job) -> Reply:
        sender = Address.of(job.sender) if job.sender else None
        asked = RemoteOptions.from_json(job.payload)
        recipient = Address.of(job.recipient)
        octets = await beginning_of(self._jobs, job)
        needed = needs_smtputf8(HeaderSection.parse(octets), octets, sender, recipient)
        # It may lead to another host: what is asked of that is no more than the mail needs
        parameters = replace(
            asked.sender, body=body_of(job), smtputf8=needed or asked.sender.smtputf8
        )
        return await enter(
            self._gate, self._jobs, job, sender, parameters, recipient, asked.recipient
        )
