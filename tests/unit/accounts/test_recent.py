"""Passwords that were right a moment ago."""

from __future__ import annotations

from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.accounts import recent
from bitrixmail.accounts.recent import RecentPasswords
from bitrixmail.model.directory import Credential

KEPT, CHANGED = Credential("hash", "scram"), Credential("other hash", "scram")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def passwords(clock: Clock) -> RecentPasswords:
    return RecentPasswords(cast("IReactorTime", clock))


def test_a_password_is_remembered_for_five_minutes(
    clock: Clock, passwords: RecentPasswords
) -> None:
    assert not passwords.has("secret", KEPT)
    passwords.add("secret", KEPT)
    clock.advance(299)
    assert passwords.has("secret", KEPT)
    clock.advance(1)
    assert not passwords.has("secret", KEPT)


def test_it_is_that_password_of_that_hash(passwords: RecentPasswords) -> None:
    passwords.add("secret", KEPT)
    assert not passwords.has("other", KEPT)
    assert not passwords.has("secret", CHANGED)
    assert not passwords.has("hash\0secret", Credential("", ""))


def test_a_clock_put_back_makes_it_forget(clock: Clock, passwords: RecentPasswords) -> None:
    clock.advance(1000)
    passwords.add("secret", KEPT)
    clock.rightNow = 0
    assert not passwords.has("secret", KEPT)


def test_nobody_finds_the_password_in_memory(passwords: RecentPasswords) -> None:
    passwords.add("secret", KEPT)
    assert "secret" not in repr(vars(passwords))
    other = RecentPasswords(cast("IReactorTime", Clock()))
    other.add("secret", KEPT)
    assert other._until.keys() != passwords._until.keys()


def test_so_many_are_remembered_and_the_oldest_goes_first(
    passwords: RecentPasswords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "_REMEMBERED", 2)
    for password in ("one", "two", "one", "three"):
        passwords.add(password, KEPT)
    found = [word for word in ("one", "two", "three") if passwords.has(word, KEPT)]
    assert found == ["one", "three"]
