"""The jobs of what rules want done outside: written with the message, carried out later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bitrixmail.model.job import NewJob
from bitrixmail.model.orders import LIFETIME, job_of, work_name
from bitrixmail.model.plan import Plan
from bitrixmail.model.route import Target


def action_jobs(
    queue_id: str,
    received: datetime,
    targets: Sequence[tuple[Target, tuple[str, ...]]],
    plans: Sequence[Plan],
    lifetime: timedelta = LIFETIME,
) -> tuple[NewJob, ...]:
    """Make the jobs of the plans of a message; of rules for many mailboxes each is done once."""
    jobs = {}
    for (target, paths), plan in zip(targets, plans, strict=True):
        mailbox = target.mailbox
        for work in plan.work:
            key = f"{queue_id}:{work_name(work, mailbox.id)}"
            if key not in jobs:
                jobs[key] = job_of(key, work, plan, mailbox.address, paths[0], received, lifetime)
    return tuple(jobs.values())
