"""From the reverse-path to the durable line, over the real store."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from bitrixmail.model.address import Address
from bitrixmail.model.envelope import RecipientParameters
from bitrixmail.model.errors import MailError, PermanentError, StoreFullError, TemporaryError
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.model.message import Draft
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.store.opening import InlineStores, done
from tests.fakes.real_gate import House

LETTER = b"From: a@b.c\r\nSubject: hello\r\n\r\nbody\r\n"


@pytest.fixture
def house(stores: InlineStores, clock: Clock) -> House:
    return House(stores, clock)


def refusal(caught: pytest.ExceptionInfo[MailError]) -> str:
    return str(caught.value.reply)


@pytest.mark.parametrize("size", [10, 999, 1000, 1001, 300_000])
def test_a_message_is_kept_byte_equal(house: House, size: int) -> None:
    octets = LETTER + b"x" * size + b"\r\n"
    assert house.sent(octets, "info@example.org").startswith("250 2.0.0 Ok: queued as ")
    (kept,) = house.folder("info@example.org")
    prefix = kept.removesuffix(octets)
    assert kept.endswith(octets)
    lines = prefix.split(b"\r\n")
    assert lines[0] == b"Return-Path: <boss@example.net>"
    assert lines[1] == b"Delivered-To: info@example.org"
    assert lines[2].startswith(b"Received: from client.example")


def test_octets_may_come_in_any_cuts(house: House) -> None:
    octets = LETTER + b"y" * 5000 + b"\r\n"
    transaction = house.opened("info@example.org")
    sink = transaction.body()
    for start in range(0, len(octets), 7):
        sink.write(octets[start : start + 7])
    done(transaction.commit())
    assert house.folder("info@example.org")[0].endswith(octets)


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        ("nobody@example.org", "550 5.1.1 No such mailbox here"),
        ("info@example.net", "550 5.7.1 Relaying denied: not a domain of this server"),
    ],
)
def test_refused_recipients_are_refused_at_rcpt(house: House, recipient: str, reply: str) -> None:
    with pytest.raises(PermanentError) as caught:
        house.opened(recipient)
    assert refusal(caught) == reply
    done(house.gate.refusals.write())
    (event,) = done(house.stores.messages.events(None, recipient, 10))
    assert event.kind == "refused"
    assert reply in event.text


def test_many_refusals_of_one_source_are_one_event(house: House) -> None:
    for number in range(50):
        with pytest.raises(PermanentError):
            house.opened(f"guess{number}@example.org")
    done(house.gate.refusals.write())
    events = done(house.stores.messages.events(None, None, 100))
    (refused,) = [event for event in events if event.kind == "refused"]
    assert "50 times" in refused.text


def test_too_many_recipients(stores: InlineStores, clock: Clock) -> None:
    house = House(stores, clock, SMTPLimits(max_recipients=2))
    with pytest.raises(TemporaryError) as caught:
        house.opened("info@example.org", "plus@example.org", "postmaster@example.org")
    assert refusal(caught).startswith("452 4.5.3")


def test_messages_and_recipients_of_an_address_are_counted(
    stores: InlineStores, clock: Clock
) -> None:
    house = House(stores, clock, SMTPLimits(messages_per_minute_per_ip=2))
    for _ in range(2):
        house.opened("info@example.org")
    with pytest.raises(TemporaryError) as caught:
        house.opened("info@example.org")
    assert refusal(caught).startswith("450 4.7.1 Too many messages")
    house = House(stores, clock, SMTPLimits(recipients_per_minute_per_ip=3))
    house.opened("info@example.org")
    with pytest.raises(PermanentError):
        house.opened("guess@example.org")
    with pytest.raises(TemporaryError) as caught:
        house.opened("info@example.org", "plus@example.org")
    assert refusal(caught).startswith("450 4.7.1 Too many recipients")


def test_each_mailbox_gets_one_place(house: House) -> None:
    house.sent(LETTER, "team@example.org", "info@example.org", "plus@example.org")
    assert len(house.folder("info@example.org")) == 1
    assert len(house.folder("plus@example.org")) == 1


def test_rules_see_every_address_that_led_to_a_mailbox(house: House) -> None:
    done(
        house.stores.rulebook.replace(
            parse_rules(
                '[[rule]]\nname="team"\n[[rule.condition]]\nfield="envelope_recipient"\nop="equals"\n'
                'value="team@example.org"\n[[rule.action]]\ndo="move"\nfolder="Team"\n',
                "rules.toml",
            ),
            "test",
            "",
        )
    )
    done(house.judge.load())
    assert house.sent(LETTER, "info@example.org", "team@example.org").startswith("250 ")
    assert b"Delivered-To: info@example.org\r\n" in house.folder("info@example.org", "Team")[0]
    assert b"Delivered-To: team@example.org\r\n" in house.folder("plus@example.org", "Team")[0]


def test_a_full_mailbox_is_refused_and_a_small_overrun_is_not(house: House) -> None:
    house.sent(LETTER + b"x" * 2000 + b"\r\n", "small@example.org")
    with pytest.raises(TemporaryError) as caught:
        house.opened("small@example.org")
    assert refusal(caught).startswith("452 4.2.2")
    house.opened("small@example.org".replace("small", "info"))


def test_a_declared_size_counts_against_the_quota(house: House) -> None:
    transaction = house.opened(size=5000)
    with pytest.raises(TemporaryError):
        done(transaction.recipient(Address("small", "example.org"), RecipientParameters()))


def test_rules_of_the_store_are_obeyed_as_soon_as_loaded(house: House) -> None:
    text = """
[[rule]]
name = "Hello"
  [[rule.condition]]
  field = "subject"
  op = "equals"
  value = ["hello"]
  [[rule.action]]
  do = "move"
  folder = "Greetings"
"""
    rules = parse_rules(text, "rules.toml")
    done(house.stores.rulebook.replace(rules, "test", ""))
    done(house.judge.load())
    house.sent(LETTER, "info@example.org")
    assert len(house.folder("info@example.org", "Greetings")) == 1
    assert house.folder("info@example.org") == []
    (transition, fields) = house.log.lines[-1]
    assert transition == "accepted"
    assert fields["folder"] == "Greetings"


class FullStore:
    """A message store whose disk has no room."""

    async def append(self, draft: Draft) -> None:
        raise StoreFullError("No space left on device")


def test_a_full_disk_is_452_and_leaves_no_blob(house: House) -> None:
    transaction = house.opened("info@example.org")
    shop = transaction._shop
    object.__setattr__(shop, "messages", FullStore())
    transaction.body().write(LETTER + b"z" * 5000)
    with pytest.raises(TemporaryError) as caught:
        done(transaction.commit())
    assert refusal(caught).startswith("452 4.3.1")
    assert [path for path in (house.stores.data_dir / "blobs").rglob("*") if path.is_file()] == []
    assert house.log.lines[-1][0] == "deferred"


def test_abort_leaves_nothing(house: House) -> None:
    transaction = house.opened("info@example.org")
    transaction.body().write(LETTER + b"z" * 5000)
    transaction.abort()
    transaction.abort()
    assert [path for path in (house.stores.data_dir / "blobs").rglob("*") if path.is_file()] == []
    assert house.folder("info@example.org") == []
