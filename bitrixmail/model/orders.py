"""The jobs of what rules want done outside, made for one message: their names and their orders."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from bitrixmail.model.job import Kind, NewJob
from bitrixmail.model.plan import Disposition, Plan
from bitrixmail.model.testimony import verdict_of
from bitrixmail.model.work import IN_ORDER, Order, Work, plain

LIFETIME = timedelta(days=3)
"""How long it is attempted, unless somebody says otherwise."""


def work_name(work: Work, whose: object) -> str:
    """Name work within its message: by rule and action, and if it is one mailbox's by `whose`."""
    return f"{work_mark(work)}:{whose}" if work.own else work_mark(work)


def work_mark(work: Work) -> str:
    """Tell work of one action of one rule from that of all others; it is done once for a message.

    A rule of one mailbox has that in it: it holds for no other.
    """
    told = hashlib.sha256(f"{work.rule}\0{work.number}".encode()).hexdigest()[:16]
    return f"{work.do}:{told}"


def mark_in(key: str, queue_id: str) -> str:
    """Return the mark of the work that a job of a message is, by its key."""
    return ":".join(key.partition(f"{queue_id}:")[2].split(":")[:2])


def job_of(  # noqa: PLR0917 - a message, the mailbox, and when
    key: str,
    work: Work,
    plan: Plan,
    mailbox: str,
    recipient: str,
    due: datetime,
    lifetime: timedelta = LIFETIME,
) -> NewJob:
    """Return the job of one piece of work; `recipient` is the address that led to the mailbox."""
    told = plan.said if work.kind is Kind.WEBHOOK else ()
    verdict = verdict_of(told)
    order = Order(
        do=work.do,
        rule=work.rule,
        mailbox=mailbox,
        recipient=recipient,
        folder=plan.folder,
        argument=work.argument,
        flags=tuple(sorted(plan.flags)),
        tags=tuple(sorted(plan.tags)),
        settings=plain(work.settings),
        discarded=plan.disposition is Disposition.DISCARD,
        verdict=None if verdict is None else {"score": verdict.score, "spam": verdict.spam},
        checks=tuple(
            {"name": each.check, "score": each.score, "reason": each.text} for each in told
        ),
    )
    return NewJob(
        key=key,
        kind=work.kind,
        destination=work.reach,
        recipient=mailbox,
        not_before=due,
        expires=due + lifetime,
        payload=order.to_json(),
        # For each mailbox, and each that is reached, in the order in which they came
        lane=f"{work.kind}:{mailbox}:{work.reach}" if work.kind in IN_ORDER else "",
    )
