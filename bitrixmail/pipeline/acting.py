"""The jobs of what rules want done outside: written with the message, carried out later."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from bitrixmail.model.job import Kind, NewJob
from bitrixmail.model.plan import Plan
from bitrixmail.model.route import Target
from bitrixmail.model.work import Order, Work, plain

_LIFETIME = timedelta(days=3)


def action_jobs(
    queue_id: str,
    received: datetime,
    targets: Sequence[tuple[Target, tuple[str, ...]]],
    plans: Sequence[Plan],
    lifetime: timedelta = _LIFETIME,
) -> tuple[NewJob, ...]:
    """Make the jobs of the plans of a message; of rules for many mailboxes each is done once."""
    jobs = {}
    for (target, paths), plan in zip(targets, plans, strict=True):
        for work in plan.work:
            key = f"{queue_id}:{_name(work, target.mailbox.id)}"
            if key not in jobs:
                order = _order(work, target.mailbox.address, paths[0], plan)
                jobs[key] = _job(key, work, order, received, received + lifetime)
    return tuple(jobs.values())


def _name(work: Work, mailbox_id: int) -> str:
    """Name the work within its message: by rule and action, and by whose rule it is."""
    told = hashlib.sha256(f"{work.rule}\0{work.number}".encode()).hexdigest()[:16]
    return f"{work.do}:{told}:{mailbox_id}" if work.own else f"{work.do}:{told}"


def _order(work: Work, mailbox: str, recipient: str, plan: Plan) -> Order:
    return Order(
        do=work.do,
        rule=work.rule,
        mailbox=mailbox,
        recipient=recipient,
        folder=plan.folder,
        argument=work.argument,
        flags=tuple(sorted(plan.flags)),
        tags=tuple(sorted(plan.tags)),
        settings=plain(work.settings),
    )


def _job(key: str, work: Work, order: Order, due: datetime, expires: datetime) -> NewJob:
    return NewJob(
        key=key,
        kind=work.kind,
        destination=work.reach,
        recipient=order.mailbox,
        not_before=due,
        expires=expires,
        payload=order.to_json(),
        # For each mailbox, and each that is reached, in the order in which they came; what is
        # learned first does not matter
        lane="" if work.kind is Kind.LEARN else f"{work.kind}:{order.mailbox}:{work.reach}",
    )
