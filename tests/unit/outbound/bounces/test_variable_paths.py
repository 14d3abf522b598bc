"""Return paths for each recipient: made, taken back, matched without a word of the message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.return_paths import IReturnPaths
from bitrixmail.model.address import Address
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.job import Job, JobState, Kind, Settlement
from bitrixmail.model.queue import SentTo
from bitrixmail.outbound.bounces.return_paths import ReturnPaths
from bitrixmail.outbound.bounces.variable_paths import VariablePaths
from bitrixmail.store.opening import InlineStores, done
from bitrixmail.tasks import utcnow
from tests.fakes.bounce_reader import leased, reader_of
from tests.fakes.gate import RecordingMailLog
from tests.fakes.jobs import make_attempt, make_job, make_letter
from tests.fakes.real_gate import House
from tests.fakes.stores import make_stores
from tests.unit.outbound.bounces.test_returned import OUTSIDE, report

QUEUE_ID = "1K1ATXK8K3A1NQ"
KEY = b"k" * 32
BOB = "Bob@far.example"
# As hosts write them that never heard of RFC 3464: nothing in it is ours
PLAIN = """\
From: Mail Delivery Subsystem <mailer-daemon@mx.far.example>
Subject: Returned mail: see transcript for details

----- The following addresses had permanent fatal errors -----
<robert@further.example>
    (reason: 550 5.1.1 User unknown)
"""


class Office:
    """What sends with such paths and takes them back, over real stores."""

    def __init__(self, stores: InlineStores, clock: Clock) -> None:
        self.stores = stores
        self.clock = clock
        self.reactor = cast("IReactorTime", clock)
        self.paths = VariablePaths(_key, stores.queue, stores.directory, self.reactor, making=True)
        self.house = House(stores, clock, return_paths=self.paths)
        self.log = RecordingMailLog()
        self.reader = reader_of(stores, self.log, self.reactor)

    def leased(self, kind: Kind, destination: str) -> tuple[Job, ...]:
        return leased(self.stores, self.reactor, kind, destination)

    def job(self, sender: str = "info@example.org", recipient: str = BOB) -> Job:
        now = utcnow(self.reactor)
        letter = make_letter(QUEUE_ID, make_job(recipient, at=now))
        done(self.stores.messages.append(replace(letter, sender=sender, received=now)))
        (job,) = self.leased(Kind.REMOTE, recipient.rpartition("@")[2])
        return job

    def sent(self, sender: str = "info@example.org") -> Address:
        """Have a message sent, and return the sender under which it went."""
        job = self.job(sender)
        path = Address.of(done(self.paths.sender([job])))
        attempt = replace(make_attempt(), at=utcnow(self.reactor))
        done(self.stores.jobs.settle([Settlement(job, JobState.DONE, attempt)]))
        return path

    def receive(self, to: Address, text: str = PLAIN, sender: Address | None = None) -> str:
        transaction = self.house.gate.open(OUTSIDE)
        done(transaction.sender(sender, SenderParameters()))
        done(transaction.recipient(to, RecipientParameters()))
        transaction.body().write(text.replace("\n", "\r\n").encode())
        (outcome,) = done(transaction.commit())
        return str(outcome.reply)

    def refused(self, to: Address, sender: Address | None = None) -> str:
        with pytest.raises(PermanentError) as caught:
            self.receive(to, sender=sender)
        return str(caught.value.reply)

    def read(self) -> list[str]:
        jobs = self.leased(Kind.BOUNCE, "")
        delivery = done(self.reader.deliver(jobs)) if jobs else None
        return [] if delivery is None else [attempt.reply for attempt in delivery.attempts]

    def suppressed(self, address: str) -> str | None:
        entry = done(self.stores.suppressions.find(address, utcnow(self.reactor)))
        return None if entry is None else str(entry.reason)


async def _key() -> bytes:
    return KEY


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = Clock()
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        done(stores.directory.add_domain(Domain("example.org", catch_all="info@example.org")))
        done(stores.directory.add_domain(Domain("shop.example")))
        done(stores.directory.add_mailbox(Mailbox(0, "info@example.org"), None))
        yield Office(stores, clock)


def test_it_keeps_its_interface(office: Office) -> None:
    verifyObject(IReturnPaths, office.paths)


def test_one_is_made_for_each_recipient_and_is_the_same_at_each_attempt(office: Office) -> None:
    job = office.job()
    path = done(office.paths.sender([job]))
    assert path.startswith("b+")
    assert path.endswith("@example.org")
    office.clock.advance(3 * 86400)
    assert done(office.paths.sender([job])) == path
    assert done(office.paths.sender([replace(job, recipient="eve@far.example")])) != path
    assert done(office.paths.sent(Address.of(path))) == SentTo(QUEUE_ID, "info@example.org", BOB)


@pytest.mark.parametrize("sender", ["", "ann@elsewhere.example"])
def test_none_is_made_for_mail_that_is_not_of_ours(office: Office, sender: str) -> None:
    assert done(office.paths.sender([office.job(sender)])) == sender


def test_none_is_made_unless_they_are_wanted(office: Office) -> None:
    job = office.job()
    assert done(office.paths.sender([job, job])) == "info@example.org"
    office.paths.making = False
    assert done(office.paths.sender([job])) == "info@example.org"


def test_a_bounce_that_names_nothing_of_ours_is_matched_and_goes_to_the_sender(
    office: Office,
) -> None:
    path = office.sent()
    assert office.receive(path).startswith("250 2.0.0")
    assert office.read() == [f"a bounce of {QUEUE_ID} for {BOB}"]
    assert office.suppressed("bob@far.example") == "unknown user"
    assert office.suppressed("robert@further.example") is None
    (letter,) = office.house.folder("info@example.org")
    assert b"Delivered-To: info@example.org\r\n" in letter
    (what, fields) = office.log.lines[-1]
    assert (what, fields["sender"], fields["recipient"]) == ("returned", "info@example.org", BOB)


def test_hosts_may_write_it_in_capitals(office: Office) -> None:
    path = office.sent()
    office.receive(Address(path.local_part.upper(), path.domain))
    assert office.read() == [f"a bounce of {QUEUE_ID} for {BOB}"]


def test_of_several_recipients_its_own_counts(office: Office) -> None:
    path = office.sent()
    office.receive(path, report("bob@far.example", "5.2.2", "552 5.2.2 Mailbox full"))
    assert office.read() == [f"a bounce of {QUEUE_ID} for {BOB}"]
    assert office.suppressed("bob@far.example") is None


def test_a_report_of_success_is_no_failure(office: Office) -> None:
    path = office.sent()
    office.receive(path, report(status="2.0.0").replace("Action: failed", "Action: relayed"))
    assert office.read() == [f"{BOB} of {QUEUE_ID}: relayed"]
    assert office.log.lines == []


def test_one_is_known_when_its_job_is_long_forgotten(office: Office) -> None:
    path = office.sent()
    office.clock.advance(20 * 86400)
    done(office.stores.expire(utcnow(office.reactor)))
    office.receive(path)
    assert office.read() == [f"a bounce of {QUEUE_ID} for {BOB.lower()}"]
    assert office.suppressed("bob@far.example") == "unknown user"


def test_a_forged_one_is_nobodys_even_where_all_is_taken(office: Office) -> None:
    path = office.sent()
    assert office.receive(Address("whoever", "example.org")).startswith("250")
    forged = Address(
        path.local_part[:-1] + ("a" if path.local_part[-1] != "a" else "b"), path.domain
    )
    strange = ReturnPaths([b"s" * 32]).make(QUEUE_ID, "example.org", utcnow(office.reactor))
    other_domain = Address(path.local_part, "shop.example")
    for address in (forged, strange, other_domain):
        assert office.refused(address) == "550 5.1.1 No such mailbox here"
    office.read()
    office.clock.advance(40 * 86400)
    assert office.refused(path) == "550 5.1.1 No such mailbox here"


def test_a_sender_without_a_mailbox_has_his_bounces_read(office: Office) -> None:
    path = office.sent("www@shop.example")
    assert office.receive(path).startswith("250 2.0.0")
    assert office.read() == [f"a bounce of {QUEUE_ID} for {BOB}"]
    assert office.suppressed("bob@far.example") == "unknown user"
    assert office.refused(path, Address("ann", "far.example")) == "550 5.1.1 No such mailbox here"


def test_what_is_no_bounce_reaches_the_sender_and_means_nothing(office: Office) -> None:
    path = office.sent()
    vacation = "From: bob@far.example\nAuto-Submitted: auto-replied\nSubject: away\n\nUntil May.\n"
    office.receive(path, vacation)
    assert office.read() == ["it is no bounce"]
    office.receive(path, PLAIN, Address("bob", "far.example"))
    assert office.read() == []
    assert len(office.house.folder("info@example.org")) == 2
    assert office.suppressed("bob@far.example") is None
