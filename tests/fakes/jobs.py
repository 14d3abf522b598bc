"""Jobs as the pipeline would make them, and what couriers say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bitrixmail.model.job import Attempt, Kind, NewJob, Priority, Result
from bitrixmail.model.message import Draft
from bitrixmail.model.orders import job_of
from bitrixmail.model.plan import Plan
from bitrixmail.model.work import Work
from tests.fakes.drafts import BODY, RECEIVED, make_draft


def make_job(
    recipient: str = "bob@example.com",
    *,
    key: str = "",
    at: datetime = RECEIVED,
    priority: Priority = Priority.NORMAL,
    lane: str = "",
) -> NewJob:
    return NewJob(
        key=key or f"remote:{recipient}",
        kind=Kind.REMOTE,
        destination=recipient.rpartition("@")[2],
        recipient=recipient,
        not_before=at,
        expires=at + timedelta(days=5),
        priority=priority,
        lane=lane,
    )


def make_work(at: datetime = RECEIVED, *, do: str = "command", rule: str = "Orders") -> NewJob:
    """Return a job of what a rule wants done for ann@example.net."""
    work = Work(do, rule, 1, own=True, argument="order", reach="order")
    return job_of(f"{do}:1", work, Plan(), "ann@example.net", "ann@example.net", at)


def make_letter(queue_id: str, *jobs: NewJob, octets: bytes = BODY, once: str = "") -> Draft:
    """Make a draft that is only sent on; keys of its jobs get its queue id."""
    named = tuple(replace(job, key=f"{queue_id}:{job.key}") for job in jobs)
    return replace(make_draft(queue_id, octets=octets), jobs=named, once=once)


def make_attempt(result: Result = Result.DELIVERED, reply: str = "250 2.0.0 Ok") -> Attempt:
    return Attempt(
        at=RECEIVED,
        result=result,
        host="mx.example.com",
        address="192.0.2.25",
        enhanced="2.0.0",
        reply=reply,
        duration_s=0.25,
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
    )
