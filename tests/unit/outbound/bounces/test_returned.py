"""Bounces that come in are matched with the message they tell of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.courier import ICourier
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.job import Job, JobState, Kind, Settlement
from bitrixmail.store.opening import InlineStores, done
from bitrixmail.tasks import utcnow
from tests.fakes.bounce_reader import leased, reader_of
from tests.fakes.gate import RecordingMailLog
from tests.fakes.jobs import make_attempt, make_job, make_letter
from tests.fakes.real_gate import House
from tests.fakes.stores import make_stores

QUEUE_ID = "1K1ATXK8K3A1NQ"
OUTSIDE = Client("192.0.2.1", 4242, "S1", door="smtp", helo="mx.example.com", esmtp=True)
REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: info@example.org
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: message/rfc822

Received: from ann (local)
 by mx.example.org (bitrixmail) with SMTP id {queue_id};
 Sat, 28 Nov 2026 14:09:56 +0000
From: info@example.org
Message-ID: <1@example.net>
Subject: Invoice

--b--
"""


class Desk:
    """A reader of bounces over real stores, and the door by which they come."""

    def __init__(self, stores: InlineStores, clock: Clock) -> None:
        self.house = House(stores, clock)
        self.stores = stores
        self.log = RecordingMailLog()
        self.clock = cast("IReactorTime", clock)
        self.reader = reader_of(stores, self.log, self.clock)

    def sent(self, recipient: str) -> None:
        """Have a message sent to one recipient elsewhere."""
        done(self.stores.messages.append(make_letter(QUEUE_ID, make_job(recipient))))
        (job,) = self.leased(Kind.REMOTE, recipient.rpartition("@")[2])
        done(self.stores.jobs.settle([Settlement(job, JobState.DONE, make_attempt())]))

    def leased(self, kind: Kind, destination: str) -> tuple[Job, ...]:
        return leased(self.stores, self.clock, kind, destination)

    def receive(self, text: str, sender: Address | None = None, client: Client = OUTSIDE) -> None:
        transaction = self.house.gate.open(client)
        done(transaction.sender(sender, SenderParameters()))
        done(transaction.recipient(Address("info", "example.org"), RecipientParameters()))
        transaction.body().write(text.replace("\n", "\r\n").encode())
        done(transaction.commit())

    def read(self) -> str:
        jobs = self.leased(Kind.BOUNCE, "")
        (attempt,) = done(self.reader.deliver(jobs)).attempts
        return str(attempt.reply)

    def suppressed(self, address: str) -> str | None:
        entry = done(self.stores.suppressions.find(address, utcnow(self.clock)))
        return None if entry is None else str(entry.reason)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = Clock()
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        done(stores.directory.add_domain(Domain("example.org")))
        done(stores.directory.add_mailbox(Mailbox(0, "info@example.org"), None))
        yield Desk(stores, clock)


def report(
    recipient: str = "bob@far.example",
    status: str = "5.1.1",
    said: str = "550 5.1.1 No such user",
    queue_id: str = QUEUE_ID,
) -> str:
    return REPORT.format(recipient=recipient, status=status, said=said, queue_id=queue_id)


def test_it_keeps_its_interface(desk: Desk) -> None:
    verifyObject(ICourier, desk.reader)


def test_a_hard_bounce_is_noted_and_suppresses_its_address(desk: Desk) -> None:
    desk.sent("Bob@far.example")
    desk.receive(report())
    assert desk.read() == "a bounce of 1K1ATXK8K3A1NQ for Bob@far.example"
    assert desk.suppressed("bob@far.example") == "unknown user"
    events = done(desk.stores.messages.events(QUEUE_ID, None, 10))
    assert events[-1].kind == "bounced"
    assert "unknown user (hard): 550 5.1.1 No such user" in events[-1].text
    (what, fields) = desk.log.lines[-1]
    assert (what, fields["queue_id"], fields["recipient"]) == (
        "returned",
        QUEUE_ID,
        "Bob@far.example",
    )
    # and whoever sent it reads it as well
    assert len(desk.house.folder("info@example.org")) == 1


def test_a_soft_bounce_is_noted_only(desk: Desk) -> None:
    desk.sent("bob@far.example")
    desk.receive(report(status="5.2.2", said="552 5.2.2 Mailbox full"))
    assert desk.read() == "a bounce of 1K1ATXK8K3A1NQ for bob@far.example"
    assert desk.suppressed("bob@far.example") is None


@pytest.mark.parametrize(
    "text",
    [
        report("eve@far.example"),
        report(queue_id="1K1ATXK8K3A1NR"),
        "From: a@b.example\nSubject: read me\n\nYour mail was read.\n",
    ],
)
def test_what_names_nothing_of_ours_suppresses_nobody(desk: Desk, text: str) -> None:
    desk.sent("bob@far.example")
    desk.receive(text)
    assert "bounce of" not in desk.read()
    assert desk.suppressed("bob@far.example") is None
    assert desk.suppressed("eve@far.example") is None


def test_only_mail_with_a_null_sender_from_outside_is_read(desk: Desk) -> None:
    desk.sent("bob@far.example")
    desk.receive(report(), sender=Address("bob", "far.example"))
    desk.receive(report(), client=Client("", 0, "S2", door="local"))
    assert desk.leased(Kind.BOUNCE, "") == ()
