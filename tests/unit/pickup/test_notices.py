"""Who hears that a message of the pickup directory was refused, and why."""

from __future__ import annotations

import os
from email import message_from_bytes
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.mime.dsn_reading import read_bounce
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.dsn import Action
from bitrixmail.model.errors import StoreUnavailableError
from bitrixmail.model.reply import NO_SUCH_MAILBOX, Reply
from bitrixmail.pickup.bringing import PickupRules
from bitrixmail.pickup.door import PickupDoor
from bitrixmail.pickup.letter import Terms
from bitrixmail.tasks import InlineThreads
from tests.fakes.gate import RecordingTransaction
from tests.fakes.real_gate import House as Office
from tests.fakes.stores import make_stores, result_of
from tests.unit.pickup.conftest import ME, House

OWN = Terms("mx.example.org", "example.org", 100_000)
FIRST = b"bitrixmail-pickup 1\n"
BOSS = FIRST + b"sender boss@example.net\nrecipient b@example.net\n\nSubject: x\n\nHi\n"
SHOP = FIRST + b"sender shop@example.org\nrecipient b@example.net\n\nSubject: x\n\nHi\n"


def told(house: House) -> list[str]:
    """Return to whom notices went."""
    return [str(each.recipients[0].address) for each in house.notices]


def text_of(house: House) -> str:
    """Return what the only notice says to people, on one line."""
    (notice,) = house.notices
    first = message_from_bytes(notice.content).get_payload(0)
    octets = first.get_payload(decode=True)  # type: ignore[union-attr] # it is a multipart
    return " ".join(cast("bytes", octets).decode().split())


def test_who_may_not_send_so_is_told_how_it_is_allowed(house: House) -> None:
    house.put(BOSS)
    house.look()
    assert told(house) == ["postmaster"]  # the user has no mailbox here
    (notice,) = house.notices
    assert (notice.sender, notice.client.account) == (None, None)
    text = text_of(house)
    assert f"user {ME} may not send as boss@example.net" in text
    assert f'senders = {{ "{ME}" = ["boss@example.net"] }}' in text
    assert "to the administrator of your server, who can mend it" in text
    assert b"Subject: x" in notice.content
    assert house.left() == []
    assert (house.path / "refused" / "m.1795873347.1.1").is_file()


def test_who_may_send_so_is_told_as_that_address(house: House) -> None:
    house.gate.refuse["b@example.net"] = NO_SUCH_MAILBOX
    house.put(SHOP + b"." * 100)
    house.look()
    assert told(house) == ["shop@example.org"]
    (notice,) = house.notices
    bounce = read_bounce(notice.content, HeaderSection.parse(notice.content))
    assert bounce is not None
    (recipient,) = bounce.recipients
    assert (recipient.address, recipient.action, recipient.status) == (
        "b@example.net",
        Action.FAILED,
        "5.1.1",
    )


def test_a_user_with_a_mailbox_here_hears_before_the_postmaster(tmp_path: Path) -> None:
    house = House(tmp_path / "other", PickupRules(OWN, trusted_uids=frozenset()))
    house.put(BOSS)
    house.look()
    assert told(house) == [f"{ME}@example.org"]
    house.gate.refuse[f"{ME}@example.org"] = NO_SUCH_MAILBOX
    house.put(BOSS)
    house.look()
    assert told(house)[1:] == ["postmaster"]


@pytest.mark.parametrize(
    ("slip", "replied"),
    [(b"sender <>\n", NO_SUCH_MAILBOX), (b"notify never\n", NO_SUCH_MAILBOX)],
)
def test_who_wants_to_hear_nothing_does_not(house: House, slip: bytes, replied: Reply) -> None:
    house.gate.refuse["b@example.net"] = replied
    house.put(FIRST + slip + b"recipient b@example.net\n\n\n")
    house.look()
    assert told(house) == []
    assert len(house.reasons("refused")) == 1


def test_nobody_can_be_told(house: House) -> None:
    house.gate.refuse["b@example.net"] = house.gate.refuse["postmaster"] = NO_SUCH_MAILBOX
    house.put(BOSS)
    house.look()
    assert told(house) == []
    assert (house.path / "refused" / "m.1795873347.1.1").is_file()


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (FIRST + b"recipient a@x.org\n\n" + b"x" * 100_001, "has more than 100000 octets"),
        (b"Subject: x\n\n", "is not a message for the pickup directory"),
    ],
)
def test_what_is_no_message_is_told_to_its_owner(house: House, octets: bytes, said: str) -> None:
    house.put(octets)
    house.look()
    assert told(house) == ["postmaster"]
    assert f"what was handed over {said}" in text_of(house)


def test_what_is_no_file_is_told_to_nobody(house: House) -> None:
    (house.path / "m.1.1.1").symlink_to("/etc/passwd")
    os.mkfifo(house.path / "m.1.1.2")
    house.look()
    assert told(house) == []
    assert len(house.reasons("bad")) == 2


def test_a_user_is_told_so_often_an_hour(house: House) -> None:
    for number in range(30):
        house.put(BOSS, f"m.1.1.{number}")
    house.look()
    assert len(told(house)) == 20
    assert len(house.reasons("refused")) == 30
    house.clock.advance(3600)
    house.put(BOSS)
    house.look()
    assert len(told(house)) == 21


def test_where_very_much_lies_what_was_given_back_goes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bitrixmail.pickup.folder._MOST_BAD", 2)
    house.gate.refuse["b@example.net"] = NO_SUCH_MAILBOX
    for number in range(5):
        house.put(SHOP, f"m.1.1.{number}")
    house.look()
    assert len(told(house)) == 5
    assert len(list((house.path / "refused").iterdir())) == 4
    house.put(FIRST + b"sender <>\nrecipient b@example.net\n\n\n", "m.1.1.9")
    house.look()
    assert (house.path / "refused" / "m.1.1.9").is_file()


def test_a_store_that_is_away_is_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_arguments: object) -> None:
        raise StoreUnavailableError("the disk is away")

    house.put(BOSS)
    with monkeypatch.context() as patch:
        patch.setattr(RecordingTransaction, "recipient", away)
        house.look()
    assert house.left() == ["m.1795873347.1.1"]
    house.clock.advance(11)
    house.look()
    assert (told(house), house.left()) == (["postmaster"], [])


def test_a_notice_is_written_once_and_comes_to_its_mailbox(tmp_path: Path) -> None:
    clock = Clock()
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        result_of(stores.directory.add_domain(Domain("example.org")))
        result_of(stores.directory.add_mailbox(Mailbox(0, "shop@example.org"), None))
        office = Office(stores, clock)
        house = House(tmp_path / "pickup")

        async def is_own(domain: str) -> bool:
            return domain == "example.org"

        door = PickupDoor(
            folder=house.folder,
            gate=office.gate,
            is_own=is_own,
            threads=InlineThreads(),
            maillog=house.maillog,
            clock=cast("IReactorTime", clock),
            rules=house.rules,
        )
        door.startService()
        for _ in range(2):  # the second time as after a crash
            house.put(SHOP.replace(b"b@example.net", b"nobody@example.org"))
            door.wake()
        (letter,) = office.folder("shop@example.org")
        assert b"Return-Path: <>" in letter
        assert b"Action: failed" in letter
        door.stopService()
        house.door.stopService()
