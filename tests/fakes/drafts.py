"""Drafts of messages, as the pipeline would make them."""

from __future__ import annotations

from datetime import UTC, datetime

from bitrixmail.model.client import Client
from bitrixmail.model.message import Content, Draft, Filing
from bitrixmail.model.plan import RuleStep, TestResult, Trace

RECEIVED = datetime(2026, 5, 4, 3, 2, 1, 123456, tzinfo=UTC)
BODY = b"Subject: Invoice\r\nFrom: Ann <ann@example.net>\r\n\r\nhello\r\n"
TRACE = Trace(
    rule_set_version=3,
    steps=(
        RuleStep("spam", matched=False),
        RuleStep(
            "Invoices",
            matched=True,
            tests=(
                TestResult("subject", "contains", ("invoice", "счёт"), "Invoice", matched=True),
            ),
            actions=("move Invoices",),
        ),
    ),
    result="kept in Invoices",
    elapsed_us=42,
)


def make_filing(mailbox_id: int, *folders: str, recipient: str = "info@example.org") -> Filing:
    return Filing(
        mailbox_id=mailbox_id,
        recipient=recipient,
        outcome="kept" if folders else "discarded",
        folders=folders,
        flags=frozenset({"\\Flagged"}),
        tags=frozenset({"work", "счёт"}),
        prefix=b"Return-Path: <ann@example.net>\r\n",
        trace=TRACE,
    )


def make_draft(
    queue_id: str,
    *filings: Filing,
    octets: bytes = BODY,
    blob_id: str | None = None,
    received: datetime = RECEIVED,
    sender: str = "ann@example.net",
    subject: str = "Invoice",
) -> Draft:
    return Draft(
        queue_id=queue_id,
        received=received,
        client=Client("192.0.2.1", 4242, "S1", helo="mx.example.net", esmtp=True),
        sender=sender,
        content=Content(
            size_octets=len(octets),
            head=octets[:49],
            head_complete=True,
            inline=None if blob_id else octets,
            blob_id=blob_id,
        ),
        prefix=b"Received: from mx.example.net\r\n",
        message_id="<1@example.net>",
        subject=subject,
        header_from="Ann",
        filings=filings,
    )
