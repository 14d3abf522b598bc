"""The stages of a message between its last octet and the commit: parse, judge, fold, draft."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from twisted.logger import Logger

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.trace_fields import (
    count_hops,
    delivered_to_field,
    received_field,
    return_path_field,
)
from bitrixmail.model.address import Address
from bitrixmail.model.envelope import Envelope, Recipient
from bitrixmail.model.errors import MailError, PermanentError
from bitrixmail.model.message import QUARANTINE, Content, Draft, Filing
from bitrixmail.model.plan import Disposition, Plan
from bitrixmail.model.queue import SentTo
from bitrixmail.model.reply import TOO_MANY_HOPS, Reply
from bitrixmail.model.route import Target
from bitrixmail.model.text import printable
from bitrixmail.pipeline.acting import action_jobs
from bitrixmail.pipeline.judge import Judge, quarantined
from bitrixmail.pipeline.relaying import (
    Relaying,
    bounce_job,
    remote_jobs,
    report_jobs,
    wants_report,
)
from bitrixmail.pipeline.submission import NOTHING, Added, Submissions
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts

_log = Logger()
# Behind which other hosts stand: our own notices tell us nothing
_OUTER_DOORS = frozenset({"smtp", "lmtp"})
_REFUSAL = 400
_REFUSED = "Refused by the recipient"
_OUTCOMES = {
    Disposition.KEEP: "kept",
    Disposition.QUARANTINE: "quarantined",
    Disposition.DISCARD: "discarded",
    Disposition.REJECT: "rejected",
}


class Arrival(NamedTuple):
    """A message whose content is complete, before anything is decided about it.

    `targets`: each mailbox once, with the recipient addresses that led to it, in their order;
    `elsewhere`: the recipients of other hosts, and of those `here` who are to get it later. `once`:
    see IGate.open. `returned`: what it tells of, by the return paths it came to.
    """

    queue_id: str
    received: datetime
    envelope: Envelope
    targets: tuple[tuple[Target, tuple[str, ...]], ...]
    content: Content
    octets: bytes | None = None
    rules: CompiledRules | None = None
    elsewhere: tuple[Recipient, ...] = ()
    relaying: Relaying | None = None
    once: str = ""
    submissions: Submissions | None = None
    here: Collection[Address] = ()
    returned: tuple[SentTo, ...] = ()


class Decision(NamedTuple):
    """What the commit writes, and the reply that is true once it is durable."""

    draft: Draft
    reply: Reply

    @property
    def keeps(self) -> bool:
        """Tell whether any mailbox or job keeps the message."""
        return bool(self.draft.jobs) or any(filing.folders for filing in self.draft.filings)


async def decide(arrival: Arrival, judge: Judge, hostname: str, max_hops: int) -> Decision:
    """Parse and judge a message. Raises MailError: it goes in circles, or is not who sends it.

    A bug on the way never loses the message: it goes to quarantine, traceback in its trace.
    """
    fields = ("", "", "")
    try:
        headers = HeaderSection.parse(arrival.content.head)
        refuse_loops(headers, max_hops)
        envelope = arrival.envelope
        facts = Facts(
            headers,
            sender=envelope.reverse_path,
            size_octets=arrival.content.size_octets,
            octets=arrival.octets,
            received=arrival.received,
            timezone=judge.timezone,
        )
        added = await _completed(arrival, headers, hostname) if arrival.submissions else NOTHING
        subject, header_from = headers.text("subject"), headers.text("from")
        message_id = headers.text("message-id") or added.message_id
        fields = (message_id, subject, header_from)
        plans = await judge.plans(arrival.rules or judge.rules, facts, arrival.targets)
        plans = fold(plans, others=bool(arrival.elsewhere))
        decision = _decision(arrival, plans, hostname, fields, added)
        if envelope.sender is None and envelope.client.door in _OUTER_DOORS:
            decision = _read_later(decision, arrival)
        elif envelope.sender is not None and any(map(wants_report, envelope.recipients)):
            decision = _reported(decision, arrival)
        return _relayed(decision, arrival, headers) if arrival.elsewhere else decision
    except MailError:
        raise
    except Exception:  # noqa: BLE001 - deterministic poison: answering 4xx only loses it slowly
        _log.failure("message {queue_id} could not be parsed", queue_id=arrival.queue_id)
        note = traceback.format_exc()
        plans = [quarantined(note) for _ in arrival.targets]
        decision = _decision(
            arrival, plans, hostname, fields
        )  # what was read is what it is found by
        return _relayed(decision, arrival, None) if arrival.elsewhere else decision


def _read_later(decision: Decision, arrival: Arrival) -> Decision:
    """Have a message with a null sender read: it may tell of one of ours that came to nothing."""
    draft = decision.draft
    if not decision.keeps and (not arrival.returned or decision.reply.code >= _REFUSAL):
        return decision
    jobs = tuple(
        bounce_job(draft.queue_id, number, draft.received, sent)
        for number, sent in enumerate(arrival.returned or (None,))
    )
    return decision._replace(draft=replace(draft, jobs=draft.jobs + jobs))


def _reported(decision: Decision, arrival: Arrival) -> Decision:
    """Have the sender told of success, if it is somebody who may send by this host.

    A stranger's word on who the sender is would have us write to whom he likes.
    """
    draft, envelope = decision.draft, arrival.envelope
    if arrival.relaying is None or not arrival.relaying.allows(envelope.client):
        return decision
    jobs = report_jobs(draft.queue_id, draft.received, envelope, draft.filings)
    return decision._replace(draft=replace(draft, jobs=draft.jobs + jobs))


async def _completed(arrival: Arrival, headers: HeaderSection, hostname: str) -> Added:
    """Check a message of who has logged in; return what it lacks. Raises MailError."""
    envelope, content = arrival.envelope, arrival.content
    if arrival.submissions is None:
        return NOTHING
    return await arrival.submissions.complete(
        envelope.client.account or "",
        envelope.sender,
        headers,
        content.head_complete,
        arrival.queue_id,
        arrival.received,
        hostname,
    )


def _relayed(decision: Decision, arrival: Arrival, headers: HeaderSection | None) -> Decision:
    """Add the jobs for recipients of other hosts; `headers` None: they could not be read."""
    draft = decision.draft
    relaying = arrival.relaying or Relaying()
    jobs = remote_jobs(
        draft.queue_id,
        draft.received,
        arrival.envelope,
        arrival.elsewhere,
        relaying,
        headers,
        arrival.here,
    )
    return decision._replace(draft=replace(draft, jobs=(*draft.jobs, *jobs)))


def _decision(
    arrival: Arrival,
    plans: Sequence[Plan],
    hostname: str,
    fields: tuple[str, str, str] = ("", "", ""),
    added: Added = NOTHING,
) -> Decision:
    """Write down what was decided. `fields`: Message-ID, subject and From, as they are listed."""
    message_id, subject, header_from = fields
    draft = Draft(
        queue_id=arrival.queue_id,
        received=arrival.received,
        client=arrival.envelope.client,
        sender=arrival.envelope.reverse_path,
        content=arrival.content,
        prefix=_received(arrival, hostname) + added.octets,
        message_id=message_id[:998],
        subject=subject[:998],
        header_from=header_from[:998],
        filings=file(arrival, plans),
        once=arrival.once,
        jobs=action_jobs(
            arrival.queue_id,
            arrival.received,
            arrival.targets,
            plans,
            (arrival.relaying or Relaying()).action_lifetime,
        )
        if any(plan.work for plan in plans)
        else (),
    )
    return Decision(draft, reply_to(arrival.queue_id, plans, utf8=arrival.envelope.client.smtputf8))


def bare(decision: Decision, note: str) -> Decision:
    """Leave nothing of a decision that a bug in writing it down could stumble over again.

    The content is kept as it is, in quarantine, with the traceback in its trace.
    """
    plan = quarantined(note)
    filings = tuple(
        replace(
            filing,
            outcome=_OUTCOMES[plan.disposition],
            folders=_folders(plan),
            flags=plan.flags,
            tags=plan.tags,
            trace=plan.trace,
        )
        for filing in decision.draft.filings
    )
    draft = replace(decision.draft, message_id="", subject="", header_from="", filings=filings)
    return Decision(draft, reply_to(draft.queue_id, [plan]))


def reply_to(queue_id: str, plans: Sequence[Plan], *, utf8: bool = False) -> Reply:
    """Say it in one reply: the rule's own words if every mailbox rejects, else where it is."""
    if plans and all(plan.disposition is Disposition.REJECT for plan in plans):
        text = next((plan.text for plan in plans if plan.text), _REFUSED)
        # Without SMTPUTF8 a reply is ASCII (RFC 6531 §3.7.4.2): question marks tell nobody anything
        return Reply(550, "5.7.1", printable(text, 400) if text.isascii() or utf8 else _REFUSED)
    return Reply(250, "2.0.0", f"Ok: queued as {queue_id}")


def refuse_loops(headers: HeaderSection, max_hops: int) -> None:
    """Raise PermanentError if the message has passed too many hosts (RFC 5321 §6.3)."""
    if 0 < max_hops < count_hops(headers):
        raise PermanentError(TOO_MANY_HOPS)


def fold(plans: Sequence[Plan], *, others: bool = False) -> list[Plan]:
    """Make one answer possible: a rejection stands only if every mailbox rejects.

    `others`: there are recipients of other hosts as well, who get it.

    Otherwise the rejecting mailbox's copy is quarantined: SMTP has one reply for all recipients,
    and a bounce would go to whoever was named as sender.
    """
    if not others and all(plan.disposition is Disposition.REJECT for plan in plans):
        return list(plans)
    return [
        _not_rejected(plan) if plan.disposition is Disposition.REJECT else plan for plan in plans
    ]


def _not_rejected(plan: Plan) -> Plan:
    result = f"{plan.trace.result}; kept in quarantine, since another recipient accepts it"
    trace = replace(plan.trace, result=result)
    return replace(plan, disposition=Disposition.QUARANTINE, trace=trace)


def file(arrival: Arrival, plans: Sequence[Plan]) -> tuple[Filing, ...]:
    """Turn the plans into what is written for each mailbox."""
    return_path = return_path_field(arrival.envelope.reverse_path)
    return tuple(
        Filing(
            mailbox_id=target.mailbox.id,
            recipient=paths[0],
            outcome=_OUTCOMES[plan.disposition],
            folders=_folders(plan),
            flags=plan.flags,
            tags=plan.tags,
            prefix=return_path + delivered_to_field(paths[0]),
            trace=plan.trace,
            others=paths[1:],
        )
        for (target, paths), plan in zip(arrival.targets, plans, strict=True)
    )


def _folders(plan: Plan) -> tuple[str, ...]:
    if plan.disposition is Disposition.QUARANTINE:
        return (QUARANTINE,)
    if plan.disposition is not Disposition.KEEP:
        return ()
    return (plan.folder, *(copy for copy in plan.copies if copy != plan.folder))


def _received(arrival: Arrival, hostname: str) -> bytes:
    recipients = arrival.envelope.recipients
    # Naming one of several recipients would show a blind copy to the others (RFC 5321 §7.2).
    only = str(recipients[0].address) if len(recipients) == 1 else None
    return received_field(
        arrival.envelope.client, hostname, arrival.queue_id, only, arrival.received
    )
