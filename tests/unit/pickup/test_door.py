"""The pickup door: what it brings to the gate, and what becomes of the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twisted.python.failure import Failure

from bitrixmail.model.errors import StoreUnavailableError
from bitrixmail.model.reply import MAILBOX_FULL, NO_SUCH_MAILBOX, TOO_MANY_HOPS, Reply
from bitrixmail.pickup.bringing import PickupRules
from tests.fakes.gate import RecordingTransaction
from tests.unit.pickup.conftest import ME, MESSAGE, TERMS, House

FIRST = b"bitrixmail-pickup 1\n"
DEFAULT = f"{ME}@mx.example.org"


def recipients(house: House) -> list[str]:
    return [str(found.address) for found in house.brought[-1].recipients]


def test_a_message_is_taken_in_and_removed(house: House) -> None:
    house.put(
        FIRST + b"sender info@example.org\nret hdrs\nenvid 7\nrecipient b@example.net\n"
        b"notify never\n\nSubject: x\nBcc: c@example.net\n\nOne\r\nTwo\rThree"
    )
    house.look()
    (message,) = house.brought
    assert house.left() == []
    assert (message.client.door, message.client.address) == ("pickup", "")
    assert (message.client.account, message.client.session_id) == (ME, "1795873347.1.1")
    assert str(message.sender) == "info@example.org"
    assert (message.parameters.ret, message.parameters.envid) == ("HDRS", "7")
    assert message.recipients[0].parameters.notify == frozenset({"NEVER"})
    head, _, body = message.content.partition(b"\r\n\r\n")
    assert body == b"One\r\nTwo\r\nThree\r\n"
    assert b"Bcc" not in head
    assert b"\r\nMessage-ID: <1795873347.1.1@mx.example.org>" in head
    assert f"<{'info@example.org'}>".encode() in head


def test_recipients_come_from_the_fields_too(house: House) -> None:
    house.put(FIRST + b"fields\nrecipient a@x.org\n\nTo: b@x.org, a@x.org\nBcc: c@x.org\n\n")
    house.look()
    assert recipients(house) == ["a@x.org", "b@x.org", "c@x.org"]


@pytest.mark.parametrize(
    ("slip", "fields", "sender"),
    [
        (b"", b"", DEFAULT),
        (b"", b"From: Shop <shop@example.org>\n", "shop@example.org"),
        (b"", b"From: shop@example.org\nSender: info@example.org\n", "info@example.org"),
        (b"", b"From: a visitor <v@example.net>\n", DEFAULT),
        (b"", b"From: a@example.org, b@example.org\n", DEFAULT),
        (b"sender root\n", b"", None),
        (b"sender\n", b"From: shop@example.org\n", "None"),
        (b"sender <shop@example.org>\n", b"", "shop@example.org"),
    ],
)
def test_the_sender(house: House, slip: bytes, fields: bytes, sender: str | None) -> None:
    house.put(FIRST + slip + b"recipient b@example.net\n\n" + fields + b"\n")
    house.look()
    if sender is None:
        sender = "root@mx.example.org"
        if sender != DEFAULT:
            assert not house.brought
            return
    assert str(house.brought[0].sender) == sender


def test_who_may_not_send_as_an_address_is_refused(house: House) -> None:
    house.put(FIRST + b"sender boss@example.net\nrecipient b@example.net\n\n")
    house.look()
    assert not house.brought
    assert house.left() == []
    (reason,) = house.reasons("refused")
    assert reason == (
        f"of user {ME} is refused\n"
        "b@example.net: 550 5.7.1 This user may not send as that address\n"
    )
    assert (house.path / "refused" / "m.1795873347.1.1").is_file()
    assert house.maillog.lines[0][0] == "refused"


def test_the_trusted_may(tmp_path: Path) -> None:
    rules = PickupRules(TERMS, trusted_uids=frozenset({os.geteuid()}))
    house = House(tmp_path / "pickup", rules)
    house.put(FIRST + b"sender boss@example.net\nrecipient b@example.net\n\n")
    house.put(FIRST + b"recipient b@example.net\n\nFrom: boss@example.net\n\n", "m.1795873348.1.1")
    house.look()
    assert [str(each.sender) for each in house.brought] == ["boss@example.net", DEFAULT]


def test_other_rules_hold_for_what_comes_next(house: House) -> None:
    letter = FIRST + b"sender boss@example.net\nrecipient b@example.net\n\n"
    house.put(letter)
    house.look()
    assert not house.brought
    house.door.take(PickupRules(TERMS, trusted_uids=frozenset({os.geteuid()})))
    house.put(letter, "m.1795873348.1.1")
    house.look()
    assert [str(each.sender) for each in house.brought] == ["boss@example.net"]


def test_one_refused_recipient_costs_the_others_nothing(house: House) -> None:
    house.gate.refuse["b@example.net"] = NO_SUCH_MAILBOX
    house.put(FIRST + b"recipient a@example.net, b@example.net, c..d@x\n\n")
    house.look()
    assert recipients(house) == ["a@example.net"]
    (reason,) = house.reasons("refused")
    assert reason == (
        f"of user {ME} is refused\nc..d@x: 553 5.1.3 Not an address\n"
        "b@example.net: 550 5.1.1 No such mailbox here\n"
    )


def test_a_rule_that_rejects_is_a_refusal(house: House) -> None:
    house.gate.outcomes["b@example.net"] = Reply(550, "5.7.1", "Not wanted")
    house.put()
    house.look()
    assert house.reasons("refused") == [
        f"of user {ME} is refused\nb@example.net: 550 5.7.1 Not wanted\n"
    ]


def test_a_refused_commit_keeps_the_message(house: House) -> None:
    house.gate.refuse["commit"] = TOO_MANY_HOPS
    house.put()
    house.look()
    assert "554 5.4.6" in house.reasons("refused")[0]


def test_what_cannot_be_taken_now_is_tried_again(house: House) -> None:
    house.gate.refuse["commit"] = Reply(451, "4.3.0", "Later")
    house.put()
    house.door.begin()
    house.clock.pump([1] * 29)
    assert len(house.gate.opened) == 1
    del house.gate.refuse["commit"]
    house.clock.pump([1] * 2)
    assert len(house.brought) == 1
    assert house.left() == []


def test_a_full_mailbox_is_not_waited_for_without_end(house: House) -> None:
    house.gate.refuse["b@example.net"] = MAILBOX_FULL
    house.put(FIRST + b"recipient a@example.net, b@example.net\n\n")
    house.door.begin()
    house.clock.pump([30] * 9)
    assert not house.brought
    house.clock.pump([30] * 8)
    assert recipients(house) == ["a@example.net"]
    assert "452 4.2.2" in house.reasons("refused")[0]


def test_a_store_that_is_away_stops_the_door_for_a_while(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_arguments: object) -> None:
        raise StoreUnavailableError("the disk is away")

    house.put()
    house.put(name="m.1795873348.1.1")
    with monkeypatch.context() as patch:
        patch.setattr(RecordingTransaction, "recipient", away)
        house.look()
        assert len(house.gate.opened) == 1
        house.look()
        assert len(house.gate.opened) == 1
    house.clock.advance(11)
    house.look()
    assert len(house.brought) == 2


def test_a_store_that_is_away_refuses_nobody_who_has_waited_long(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_arguments: object) -> None:
        raise StoreUnavailableError("the disk is away")

    house.gate.refuse["b@example.net"] = MAILBOX_FULL
    house.put()
    house.look()
    house.clock.advance(3600)
    monkeypatch.setattr(RecordingTransaction, "recipient", away)
    house.look()
    assert house.left() == ["m.1795873347.1.1"]


def test_too_old_to_be_tried_again(tmp_path: Path) -> None:
    house = House(tmp_path / "pickup", PickupRules(TERMS, lifetime_s=3600))
    house.gate.refuse["sender"] = Reply(450, "4.7.1", "Later")
    house.put()
    house.look()
    assert house.left() == ["m.1795873347.1.1"]
    house.clock.advance(3700)
    house.look()
    assert house.left() == []
    assert "450 4.7.1" in house.reasons("refused")[0]


def test_many_recipients_go_in_several_transactions(tmp_path: Path) -> None:
    house = House(tmp_path / "pickup", PickupRules(TERMS, recipients=2))
    house.put(FIRST + b"recipient a@x.org, b@x.org, c@x.org\n\nSubject: x\n\nHi\n")
    house.look()
    assert [len(each.recipients) for each in house.brought] == [2, 1]
    assert [each.client.session_id for each in house.brought] == [
        "1795873347.1.1",
        "1795873347.1.1/1",
    ]
    assert house.brought[0].content == house.brought[1].content


def test_a_part_of_a_message_is_not_taken_for_it(house: House) -> None:
    """As it may lie there after a power failure, when its program had not returned yet."""
    message = b"Subject: x\n\n" + b"0123456789abcdef\n" * 300
    slip = FIRST + b"recipient b@example.net\nwhole %d %d\n\n" % (len(message), sum(message))
    octets = slip + message
    for wrong in (octets[:-1], octets[:4096], slip, octets[:-4096] + bytes(4096), octets + b"x"):
        house.put(wrong)
        house.look()
    assert not house.brought
    assert len(house.reasons("bad")) == 5
    assert all("is not all of the message" in reason for reason in house.reasons("bad"))
    house.put(octets)
    house.look()
    assert house.left() == []
    assert house.brought[0].content.endswith(b"\r\n" * 2 + b"0123456789abcdef\r\n" * 300)


def test_a_large_message_comes_whole(house: House) -> None:
    body = b"".join(b"%06d\n" % number for number in range(14_000))
    house.put(MESSAGE + body)
    house.look()
    content = house.brought[0].content
    assert content.endswith(b"Hi\r\n" + body.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "ends before its message begins"),
        (b"Subject: x\n\n", "is not a message for the pickup directory"),
        (FIRST + b"recipient a@x.org\n", "ends before its message begins"),
        (FIRST + b"fields\n\nTo: undisclosed-recipients:;\n\n", "names no recipient"),
        (MESSAGE + b"x" * 100_001, "has more than 100000 octets"),
        (MESSAGE + b"x" * 2_000_000, "has more than 100000 octets"),
        (FIRST + b"recipient " + b"a@x.org," * 10_001 + b"\n\n", None),
        (FIRST + b"".join(b"recipient a%d@x.org\n" % n for n in range(10_001)) + b"\n",
         "has more than 10000 recipients"),
    ],
)  # fmt: skip
def test_what_is_no_message_is_moved_away(house: House, octets: bytes, reason: str | None) -> None:
    house.put(octets)
    house.look()
    assert house.left() == []
    if reason is None:
        assert recipients(house) == ["a@x.org"]  # the same one, again and again
        return
    assert not house.brought
    assert reason in house.reasons("bad")[0]


def test_a_sender_that_is_none_counts_as_not_given(house: House) -> None:
    house.put(FIRST + b"sender a..b@x\nrecipient a@x.org\n\nSubject: x\n\n")
    house.look()
    assert [str(each.sender) for each in house.brought] == ["root@mx.example.org"]


def test_a_recipient_of_whom_nothing_is_left_is_refused(house: House) -> None:
    house.put(FIRST + b"recipient (Bob)\nrecipient a@x.org\n\nSubject: x\n\n")
    house.look()
    assert recipients(house) == ["a@x.org"]
    assert "(Bob): 553 5.1.3 Not an address" in house.reasons("refused")[0]


def test_hostile_things_hold_nothing_up(house: House) -> None:
    os.mkfifo(house.path / "m.1.1.1")
    (house.path / "m.1.1.2").symlink_to("/etc/passwd")
    (house.path / "notes").write_bytes(MESSAGE)
    house.put()
    house.look()
    assert len(house.brought) == 1
    assert house.left() == []
    assert len(house.reasons("bad")) == 3


def test_a_bug_at_one_message_holds_up_no_other(
    house: House, nothing_lost_or_left: list[Failure]
) -> None:
    house.put(FIRST + b"recipient bug@x.org\n\n", "m.1.1.1")
    house.put()
    house.gate.bugs.add("commit")
    house.look()
    assert len(nothing_lost_or_left) == 2
    nothing_lost_or_left.clear()
    assert house.left() == ["m.1.1.1", "m.1795873347.1.1"]
    house.gate.bugs.clear()
    house.look()
    assert not house.brought
    house.clock.advance(3601)
    house.look()
    assert len(house.brought) == 2


def test_the_directory_is_looked_at_again_and_again(house: House) -> None:
    house.door.begin()
    house.put()
    assert not house.brought
    house.clock.advance(0.25)
    assert len(house.brought) == 1


def test_the_end_waits_for_what_is_on_its_way(house: House) -> None:
    house.gate.hold.add("commit")
    house.put()
    house.put(name="m.1795873348.1.1")
    house.look()
    ended = house.door.stopService()
    assert ended is not None
    assert not ended.called
    house.gate.release()
    house.gate.release()
    assert ended.called
    assert house.left() == []


def test_no_more_at_a_time_than_is_allowed(tmp_path: Path) -> None:
    house = House(tmp_path / "pickup", PickupRules(TERMS, at_a_time=3))
    house.gate.hold.add("commit")
    for number in range(10):
        house.put(name=f"m.1.1.{number}")
    house.look()
    assert len(house.gate.opened) == 3
    while house.gate.waiting:
        house.gate.release()
    assert len(house.brought) == 10
