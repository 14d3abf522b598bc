"""Mail for other hosts is taken from whom it may be taken from, and made into jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from twisted.internet.task import Clock

from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.destination import RelayRoute
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.job import JobState, Kind, NewJob, Priority
from bitrixmail.model.queue import Queued, Search
from bitrixmail.model.remote import RemoteOptions
from bitrixmail.model.suppression import Suppressed
from bitrixmail.model.way import RouteRule
from bitrixmail.pipeline.relaying import Relaying
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.store.opening import InlineStores, done
from tests.fakes.real_gate import House

STRANGER = Client("192.0.2.1", 4242, "S1", helo="c.example.net", esmtp=True)
LETTER = b"From: info@example.org\r\nSubject: x\r\n\r\nbody\r\n"
ASKED = RecipientParameters(frozenset({"SUCCESS", "FAILURE"}), "rfc822;bob@example.com")
GIVEN = SenderParameters(body="8BITMIME", smtputf8=True, ret="HDRS", envid="QQ314159")


@pytest.fixture
def house(stores: InlineStores, clock: Clock) -> House:
    return House(stores, clock)


def sent(
    house: House,
    *recipients: str,
    client: Client = replace(STRANGER, account="info@example.org"),  # noqa: B008 - it is frozen
    content: bytes = LETTER,
    once: str = "",
    given: SenderParameters = GIVEN,
) -> str:
    transaction = house.gate.open(client, once)
    done(transaction.sender(Address("info", "example.org"), given))
    for recipient in recipients:
        local_part, _, domain = recipient.rpartition("@")
        done(transaction.recipient(Address(local_part, domain), ASKED))
    transaction.body().write(content)
    return str(done(transaction.commit())[0].reply)


def queued(house: House) -> list[Queued]:
    return list(done(house.stores.queue.find(Search(kind=Kind.REMOTE), 100)))


@pytest.mark.parametrize("door", ["smtp", "submission", "lmtp", ""])
def test_a_stranger_relays_nothing(house: House, door: str) -> None:
    with pytest.raises(PermanentError, match="Relaying denied"):
        sent(house, "bob@elsewhere.example", client=replace(STRANGER, door=door))
    assert queued(house) == []


@pytest.mark.parametrize(
    "client",
    [
        replace(STRANGER, account="info@example.org"),
        replace(STRANGER, address="", door="pickup"),
        replace(STRANGER, address="192.0.2.77"),
    ],
)
def test_who_may_relays(house: House, client: Client) -> None:
    house.gate.relaying = Relaying((ip_network("192.0.2.64/26"),))
    assert sent(house, "bob@elsewhere.example", client=client).startswith("250 2.0.0 Ok: queued as")
    (job,) = queued(house)
    assert (job.kind, job.recipient, job.destination) == (
        Kind.REMOTE,
        "bob@elsewhere.example",
        "elsewhere.example",
    )
    assert job.expires - job.created == timedelta(days=5)
    assert (job.state, job.priority) == (JobState.WAITING, Priority.NORMAL)


def test_each_recipient_elsewhere_is_a_job_and_told_of(house: House) -> None:
    told: list[NewJob] = []
    house.gate.queued = told.extend
    sent(house, "bob@elsewhere.example", "info@example.org", "eve@other.example")
    assert [job.recipient for job in queued(house)] == [
        "bob@elsewhere.example",
        "eve@other.example",
    ]
    told = [job for job in told if job.kind is Kind.REMOTE]
    assert [job.recipient for job in told] == ["bob@elsewhere.example", "eve@other.example"]
    assert len(house.folder("info@example.org")) == 1
    options = RemoteOptions.from_json(told[0].payload)
    assert options.recipient == ASKED
    assert options.sender == replace(GIVEN, size_octets=None)
    lines = [(what, fields["recipient"]) for what, fields in house.log.lines]
    assert ("queued", "bob@elsewhere.example") in lines
    assert ("accepted", "info@example.org") in lines


def test_a_rule_that_rejects_does_not_reject_for_the_others(house: House) -> None:
    rules = '[[rule]]\nname = "no"\naction = [{do = "reject"}]\n'
    done(house.stores.rulebook.replace(parse_rules(rules, "rules.toml"), "test", ""))
    done(house.judge.load())
    sent(house, "bob@elsewhere.example", "info@example.org")
    assert len(queued(house)) == 1
    assert len(house.folder("info@example.org", "Quarantine")) == 1


@pytest.mark.parametrize(
    ("field", "priority"),
    [
        (b"Precedence: bulk", Priority.BULK),
        (b"List-Unsubscribe: <https://example.org/x>", Priority.BULK),
        (b"Priority: urgent", Priority.URGENT),
        (b"Priority: normal", Priority.NORMAL),
    ],
)
def test_what_its_header_says_of_haste(house: House, field: bytes, priority: Priority) -> None:
    sent(house, "bob@elsewhere.example", content=field + b"\r\n" + LETTER)
    assert [job.priority for job in queued(house)] == [priority]


@pytest.mark.parametrize(
    ("asked", "priority"),
    [(9, Priority.URGENT), (1, Priority.URGENT), (0, Priority.NORMAL), (-4, Priority.BULK)],
)
def test_what_was_asked_for_goes_before_what_the_header_says(
    house: House, asked: int, priority: Priority
) -> None:
    told: list[NewJob] = []
    house.gate.queued = told.extend
    field = b"Priority: urgent" if asked <= 0 else b"Precedence: bulk"
    parameters = replace(GIVEN, mt_priority=asked)
    sent(house, "bob@elsewhere.example", content=field + b"\r\n" + LETTER, given=parameters)
    assert [job.priority for job in queued(house)] == [priority]
    # and the next host is told the same
    assert RemoteOptions.from_json(told[0].payload).sender.mt_priority == asked


def test_a_route_is_the_destination_and_gives_the_lifetime(house: House) -> None:
    relay = RelayRoute("smtp.example.net")
    rules = (
        RouteRule(relay, "short", domains=("*.example",), lifetime=timedelta(hours=1)),
        RouteRule(RelayRoute(), "own", senders=("@example.org",)),
    )
    house.gate.relaying = Relaying(routes=rules)
    sent(house, "bob@elsewhere.example", "eve@other.example", "joe@elsewhere.test")
    assert [(job.destination, job.expires - job.created) for job in queued(house)] == [
        ("route:short", timedelta(hours=1)),
        ("route:short", timedelta(hours=1)),
        ("route:own:elsewhere.test", timedelta(days=5)),
    ]


def test_the_same_is_taken_once(house: House) -> None:
    sent(house, "bob@elsewhere.example", "info@example.org", once="pickup:1")
    sent(house, "bob@elsewhere.example", "info@example.org", once="pickup:1")
    assert len(queued(house)) == 1
    assert len(house.folder("info@example.org")) == 1


def test_what_is_brought_again_is_called_as_the_first(house: House) -> None:
    client = replace(STRANGER, door="api", account="admin")
    for _ in range(2):
        transaction = house.gate.open(client, "api:1", "Z1")
        done(transaction.sender(Address("info", "example.org"), GIVEN))
        done(transaction.recipient(Address("bob", "elsewhere.example"), ASKED))
        transaction.body().write(b"Bcc: eve@elsewhere.example\r\n" + LETTER)
        (outcome,) = done(transaction.commit())
        assert outcome.reply.text.endswith("queued as Z1")
    assert [job.queue_id for job in queued(house)] == ["Z1"]
    assert b"Bcc" not in done(house.stores.messages.export("Z1"))


def test_programs_may_have_mail_wait_for_its_time(house: House, clock: Clock) -> None:
    later = datetime.fromtimestamp(clock.seconds(), UTC) + timedelta(hours=1)
    client = replace(STRANGER, door="api", account="admin")
    given = replace(GIVEN, hold_until=later)
    sent(house, "info@example.org", client=client, given=given)
    assert house.folder("info@example.org") == []
    (job,) = done(house.stores.queue.find(Search(kind=Kind.LOCAL), 100))
    assert job.not_before == later


def test_mail_that_goes_in_circles_is_not_relayed(house: House) -> None:
    with pytest.raises(PermanentError, match="Too many hops"):
        sent(house, "bob@elsewhere.example", content=b"Received: x\r\n" * 60 + LETTER)
    assert queued(house) == []


def test_nothing_is_taken_for_an_address_that_is_suppressed(house: House) -> None:
    since = datetime(2026, 5, 4, tzinfo=UTC)
    entry = Suppressed("bob@elsewhere.example", "unknown user", since)
    done(house.stores.suppressions.add(entry))
    with pytest.raises(PermanentError, match=r"Nothing is sent to Bob@elsewhere\.example: unknown"):
        sent(house, "Bob@elsewhere.example")
    sent(house, "eve@elsewhere.example")
    assert [job.recipient for job in queued(house)] == ["eve@elsewhere.example"]
