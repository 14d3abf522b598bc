"""What becomes of a job after an attempt: done, again later, or given up; and who is told.

A notice to the sender (DSN) is written in the same commit as the settlement it tells of. It is a
message of its own with one job: into a mailbox of ours by the gate, or to another host.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.jobs import IJobStore
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.interfaces.outcomes import IOutcomes
from bitrixmail.interfaces.retry import IRetryPolicy
from bitrixmail.mime.dsn import compose, wanted
from bitrixmail.model.client import Client
from bitrixmail.model.dsn import Action, Notice, Reason, Reported
from bitrixmail.model.envelope import SenderParameters
from bitrixmail.model.job import (
    Attempt,
    Delivery,
    Job,
    JobState,
    Kind,
    NewJob,
    Priority,
    Result,
    Settlement,
)
from bitrixmail.model.message import Content, Draft
from bitrixmail.model.remote import RemoteOptions
from bitrixmail.model.schedule import Tried
from bitrixmail.model.text import printable
from bitrixmail.model.way import RouteRule, rule_for
from bitrixmail.model.work import KINDS, Order
from bitrixmail.outbound.actions.srs import is_rewritten
from bitrixmail.outbound.bounces.suppressing import Suppressor
from bitrixmail.outbound.reasons.judging import classify

_log = Logger()
# Of the original a notice shows this much at most, header section first.
_ORIGINAL_OCTETS = 64 * 1024
# What is done about mail, not with it
_SILENT = frozenset(Kind) - {Kind.REMOTE, Kind.LOCAL}
_TRANSITIONS = {
    Result.DELIVERED: "sent",
    Result.RELAYED: "sent",
    Result.DEFERRED: "deferred",
    Result.FAILED: "bounced",
}
# The same of what rules want done
_ACTED = {
    Result.DELIVERED: "acted",
    Result.RELAYED: "acted",
    Result.DEFERRED: "deferred",
    Result.FAILED: "failed",
}
# Of the system, no more than that: no address is at fault (RFC 3463 §3.4)
_GIVEN_UP = "5.3.0"
_SECOND = timedelta(seconds=1)
# How long a destination that is down is left alone, the last one again and again
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


@dataclass(slots=True)
class Desk:
    """What notices are written with. Made by compose.

    `lifetime`, which may be replaced, is that of a notice itself; so may `routes`, by which notices
    go to other hosts.
    """

    hostname: str
    new_queue_id: Callable[[], str]
    lifetime: timedelta = timedelta(days=5)
    routes: Sequence[RouteRule] = ()
    pauses: tuple[timedelta, ...] = PAUSES
    action_pauses: tuple[timedelta, ...] = PAUSES


@implementer(IOutcomes)
class Outcomes:
    """See the module and IOutcomes. Made by compose, lives as long as the server."""

    def __init__(
        self,
        jobs: IJobStore,
        directory: IDirectory,
        retry: IRetryPolicy,
        maillog: IMailLog,
        desk: Desk,
        *,
        suppressor: Suppressor,
    ) -> None:
        self._jobs = jobs
        self._directory = directory
        self._retry = retry
        self._maillog = maillog
        self._desk = desk
        self._suppressor = suppressor

    async def after(
        self, jobs: Sequence[Job], delivery: Delivery, now: datetime
    ) -> tuple[Sequence[Settlement], Sequence[Draft]]:
        """See IOutcomes. Raises MailError if the store can't be read."""
        settlements: list[Settlement] = []
        told: list[tuple[Job, Reported]] = []
        for job, attempt in zip(jobs, delivery.attempts, strict=True):
            settlement, reported = self._judge(job, attempt, now)
            settlements.append(settlement)
            if reported is not None:
                told.append((job, reported))
            if job.kind is Kind.REMOTE and attempt.result is Result.FAILED:
                await self._suppressor.judge(
                    job.recipient,
                    classify(attempt.enhanced, attempt.reply),
                    attempt.reply,
                    job.queue_id,
                    now,
                )
            self._tell(job, attempt, settlement)
        drafts = await self._notices(told, now) if told else ()
        return settlements, drafts

    async def given_up(
        self, jobs: Sequence[Job], said: str, now: datetime
    ) -> tuple[Sequence[Settlement], Sequence[Draft]]:
        """See IOutcomes. Raises MailError if the store can't be read."""
        attempt = Attempt(now, Result.FAILED, "", "", _GIVEN_UP, said, 0.0)
        settlements, told = [], []
        for job in jobs:
            settlements.append(Settlement(job, JobState.DEAD, attempt))
            reported = self._reported(job, attempt, Action.FAILED, Reason.GIVEN_UP)
            if reported is not None:
                told.append((job, reported))
            self._tell(job, attempt, settlements[-1])
        return settlements, await self._notices(told, now) if told else ()

    def pause(self, failures: int, now: datetime, kind: Kind) -> datetime:
        """See IOutcomes."""
        pauses = self._desk.action_pauses if kind in KINDS else self._desk.pauses
        return now + pauses[min(max(failures, 1), len(pauses)) - 1]

    def _judge(
        self, job: Job, attempt: Attempt, now: datetime
    ) -> tuple[Settlement, Reported | None]:
        if attempt.result in {Result.DELIVERED, Result.RELAYED}:
            return Settlement(job, JobState.DONE, attempt), self._success(job, attempt)
        final = attempt.result is Result.FAILED
        reason = Reason.UNDETERMINED  # what a program says is no word of a mail server
        if job.kind not in KINDS:
            reason = classify(attempt.enhanced, attempt.reply, final=final).reason
        if final:
            reported = self._reported(job, attempt, Action.FAILED, reason)
            return Settlement(job, JobState.DEAD, attempt), reported
        tried = Tried(
            at=now,
            created=job.created,
            expires=job.expires,
            due=job.not_before,
            attempts=job.attempts + 1 - job.by_hand,
            reason=reason,
            delayed=job.delayed,
            destination=job.destination,
            action=job.kind in KINDS,
        )
        again = self._retry.next_try(tried)
        if again is None:
            reported = self._reported(job, attempt, Action.FAILED, Reason.EXPIRED)
            return Settlement(job, JobState.DEAD, attempt), reported
        if attempt.not_before is not None:
            again = max(again, min(attempt.not_before, job.expires))
        if not self._retry.delay_notice_due(tried):
            return Settlement(job, JobState.WAITING, attempt, again), None
        reported = self._reported(job, attempt, Action.DELAYED, reason)
        return Settlement(job, JobState.WAITING, attempt, again, delayed=True), reported

    def _success(self, job: Job, attempt: Attempt) -> Reported | None:
        """Say what a notice would say of success; whoever else reports it does so himself.

        That is a host that offers DSN (RFC 3461 §5.2.1), or the gate, as it knows the mailbox.
        """
        if attempt.result is Result.RELAYED:
            return self._reported(job, attempt, Action.RELAYED, Reason.UNDETERMINED)
        if job.kind is Kind.REPORT:
            return self._reported(job, attempt, Action.DELIVERED, Reason.UNDETERMINED)
        return None

    @staticmethod
    def _reported(job: Job, attempt: Attempt, action: Action, reason: Reason) -> Reported | None:
        """Say what a notice would say of this recipient; None if nobody wants to hear it."""
        if not job.sender:
            return None
        if job.kind in _SILENT and action is not Action.DELIVERED and not _lost(job, action):
            return None  # the mail itself is where it was to go
        recipient = RemoteOptions.from_json(job.payload).recipient
        notify, original = recipient.notify, recipient.orcpt or ""
        if not wanted(action, notify, job.sender):
            return None
        reached = bool(attempt.host or attempt.address)
        return Reported(
            recipient=job.recipient,
            action=action,
            status=attempt.enhanced,
            reason=reason,
            original=original,
            host=attempt.host or attempt.address,
            reply=attempt.reply if reached else "",
            explanation="" if reached else attempt.reply,
            last_attempt=attempt.at,
            retry_until=job.expires if action is Action.DELAYED else None,
        )

    async def _notices(
        self, told: Sequence[tuple[Job, Reported]], now: datetime
    ) -> tuple[Draft, ...]:
        """Write one notice for each kind of news: they are jobs of one message and sender."""
        job = told[0][0]
        original = job.content
        if original is None:
            original = await self._jobs.read(job.message_id, 0, _ORIGINAL_OCTETS)
        drafts = []
        for action in dict.fromkeys(reported.action for _, reported in told):
            reports = tuple(reported for _, reported in told if reported.action is action)
            drafts.append(await self._notice(job, reports, original, now))
        return tuple(drafts)

    async def _notice(
        self, job: Job, reports: tuple[Reported, ...], original: bytes, now: datetime
    ) -> Draft:
        desk = self._desk
        queue_id = desk.new_queue_id()
        sender = RemoteOptions.from_json(job.payload).sender
        author = f"mailer-daemon@{desk.hostname}"
        local_part, _, domain = job.sender.rpartition("@")
        ours = not domain or await self._directory.domain(domain) is not None
        composed = compose(
            Notice(
                hostname=desk.hostname,
                author=author,
                sender=job.sender,
                message_id=f"<{queue_id}@{desk.hostname}>",
                at=now,
                arrival=job.created,
                queue_id=job.queue_id,
                recipients=reports,
                original=original,
                size_octets=job.size_octets,
                envelope_id=sender.envid or "",
                ret=sender.ret,
                smtputf8=sender.smtputf8,
                eight_bit=ours and not is_rewritten(local_part),
            )
        )
        rule = None if ours else rule_for("", domain, desk.routes)
        lifetime = desk.lifetime if rule is None else rule.lifetime or desk.lifetime
        octets = composed.octets
        return Draft(
            queue_id=queue_id,
            received=now,
            client=Client("", 0, job.queue_id, door="local"),
            sender="",
            content=Content(
                size_octets=len(octets),
                head=octets[: octets.index(b"\r\n\r\n") + 4],
                head_complete=True,
                inline=octets,
            ),
            prefix=b"",
            message_id=f"<{queue_id}@{desk.hostname}>",
            subject=f"{reports[0].action}: {job.queue_id}",
            header_from=author,
            filings=(),
            jobs=(
                NewJob(
                    key=f"{queue_id}:1",
                    kind=Kind.LOCAL if ours else Kind.REMOTE,
                    destination=rule.destination(domain) if rule else domain or desk.hostname,
                    recipient=job.sender if domain else f"{local_part}@{desk.hostname}",
                    not_before=now,
                    expires=now + lifetime,
                    priority=Priority.NORMAL,
                    payload=RemoteOptions(
                        SenderParameters(body=composed.body, smtputf8=composed.smtputf8)
                    ).to_json(),
                ),
            ),
        )

    def _tell(self, job: Job, attempt: Attempt, settlement: Settlement) -> None:
        """Write a line of the mail log; of what is given up by itself its owner is told too."""
        if job.kind in KINDS:
            self._log_action(job, attempt, settlement)
        elif job.kind not in _SILENT:
            self._log(job, attempt, settlement)

    def _log_action(self, job: Job, attempt: Attempt, settlement: Settlement) -> None:
        order = Order.from_json(job.payload)
        given_up = settlement.state is JobState.DEAD
        self._maillog.record(
            "failed" if given_up else _ACTED[attempt.result],
            queue_id=job.queue_id,
            action=order.do,
            rule=order.rule,
            to=job.destination or None,
            mailbox=order.mailbox,
            delay_s=f"{(attempt.at - job.created) / _SECOND:.2f}",
            reply=attempt.reply,
        )
        if given_up:
            _log.error(
                '{do} for {mailbox}, wanted by the rule "{rule}", was given up: {reply};'
                " see: bitrixmail queue show {job}",
                do=order.do,
                mailbox=order.mailbox,
                rule=printable(order.rule),
                reply=printable(attempt.reply),
                job=job.id,
            )

    def _log(self, job: Job, attempt: Attempt, settlement: Settlement) -> None:
        given_up = settlement.state is JobState.DEAD
        relay = f"{attempt.host}[{attempt.address}]" if attempt.host else attempt.address or None
        self._maillog.record(
            "bounced" if given_up else _TRANSITIONS[attempt.result],
            queue_id=job.queue_id,
            sender=job.sender,
            recipient=job.recipient,
            relay=relay,
            delay_s=f"{(attempt.at - job.created) / _SECOND:.2f}",
            dsn=attempt.enhanced or None,
            reply=attempt.reply,
        )


def _lost(job: Job, action: Action) -> bool:
    """Tell whether a message came to nothing that was to be passed on and kept nowhere else."""
    if job.kind is not Kind.MAIL or action is not Action.FAILED:
        return False
    order = Order.from_json(job.payload)
    return order.discarded and order.do in {"forward", "redirect"}
