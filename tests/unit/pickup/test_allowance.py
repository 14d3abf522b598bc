"""What a user hands over beyond his allowance waits, and keeps nobody else waiting."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from bitrixmail.app.receiving.pickup import UserAllowance
from bitrixmail.app.settings.sending import Pickup
from bitrixmail.app.settings.tree import Settings
from bitrixmail.pickup import door
from bitrixmail.pickup.bringing import PickupRules
from bitrixmail.pickup.letter import Letter, read_letter
from tests.unit.pickup.conftest import MESSAGE, TERMS, House

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")


def house_with(home: Path, rules: PickupRules | None = None, **limits: int) -> House:
    clock = Clock()
    settings = replace(Settings(), pickup=replace(Pickup(), **limits))  # type: ignore[arg-type] # by name
    rules = rules or PickupRules(TERMS, trusted_uids=frozenset())
    return House(home / "pickup", rules, clock=clock, allowance=UserAllowance(settings, clock))


def names(count: int, first: int = 0) -> list[str]:
    return [f"m.1795873347.{number}.1" for number in range(first, first + count)]


def test_what_is_too_much_waits_until_the_next_minute(tmp_path: Path) -> None:
    house = house_with(tmp_path, messages_per_minute=3)
    for name in names(12):
        house.put(name=name)
    house.door.begin()
    # Eight are taken at a time in the server; here one after the other
    assert len(house.brought) == 3
    assert len(house.left()) == 9
    assert house.reasons("refused") == []
    house.clock.pump([5] * 11)
    assert len(house.gate.opened) == 3
    house.clock.advance(5)
    assert len(house.brought) == 6
    house.clock.pump([5] * 24)
    assert (len(house.brought), house.left()) == (12, [])


def test_what_waits_is_not_read_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_with(tmp_path, messages_per_minute=1)
    read: list[str] = []

    def noted(*given: Any) -> Letter:
        read.append(given[1])
        return read_letter(*given)

    monkeypatch.setattr(door, "read_letter", noted)
    for name in names(5):
        house.put(name=name)
    house.door.begin()
    assert len(read) == 5
    house.clock.pump([5] * 11)
    assert len(read) == 5
    house.clock.advance(5)
    assert len(read) < 5 + 5


def test_recipients_are_counted_with_their_number(tmp_path: Path) -> None:
    house = house_with(tmp_path, recipients_per_hour=4)
    octets = MESSAGE.replace(b"b@example.net", b"a@x.org, b@x.org, c@x.org")
    for name in names(3):
        house.put(octets, name)
    house.look()
    assert [len(each.recipients) for each in house.brought] == [3, 3]
    assert house.left() == [names(3)[2]]


@as_root
def test_others_do_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when there are more files than are looked at in one go."""
    monkeypatch.setattr(door, "_SEEN", 4)
    house = house_with(tmp_path, messages_per_day=2)
    for name in names(20):
        os.chown(house.put(name=name), 33, 33)
    (other,) = names(1, first=90)
    os.chown(house.put(name=other), 1, 1)
    house.look()
    assert [each.client.account for each in house.brought] == ["www-data"] * 2 + ["daemon"]
    assert len(house.left()) == 18


def test_trusted_users_have_none(tmp_path: Path) -> None:
    rules = PickupRules(TERMS, trusted_uids=frozenset({os.geteuid()}))
    house = house_with(tmp_path, rules, messages_per_minute=1)
    for name in names(3):
        house.put(name=name)
    house.look()
    assert len(house.brought) == 3


def test_it_does_not_wait_for_ever(tmp_path: Path) -> None:
    rules = PickupRules(TERMS, trusted_uids=frozenset(), lifetime_s=3600)
    house = house_with(tmp_path, rules, messages_per_day=1)
    for name in names(2):
        house.put(name=name)
    house.look()
    day = 86400
    house.clock.advance(day - 1)
    house.put(name=names(3)[2])
    os.utime(house.path / names(3)[2])
    house.look()
    assert len(house.brought) == 1
    (reason, *_) = house.reasons("refused")
    assert "has sent 1 messages within a day" in reason


def test_notes_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_MOST_NOTED", 3)
    house = house_with(tmp_path, messages_per_minute=1)
    for name in names(8):
        house.put(name=name)
    house.look()
    assert len(house.door._waits) == 3
    for _ in range(8):
        house.clock.advance(61)
        house.look()
    assert (len(house.brought), house.left()) == (8, [])


def test_other_limits_hold_from_now_on(tmp_path: Path) -> None:
    """A site was broken into: its limit is lowered while it sends."""
    clock = Clock()
    settings = Settings()
    allowance = UserAllowance(settings, clock)
    allowance.count("www-data", 1)
    assert allowance.spent("www-data") is None
    allowance.take(replace(settings, pickup=replace(Pickup(), messages_per_day=1)))
    allowance.count("www-data", 1)
    assert allowance.spent("www-data") is not None
