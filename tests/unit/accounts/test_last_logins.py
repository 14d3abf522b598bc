"""When mailboxes were last logged in to: bounded, the last of them stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bitrixmail.accounts import last_logins
from bitrixmail.accounts.last_logins import LastLogins
from bitrixmail.model.directory import RefusedLogin

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_the_last_of_them_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_logins, "_REMEMBERED", 2)
    times = iter(NOW + timedelta(minutes=number) for number in range(9))
    logins = LastLogins(lambda: next(times))
    for name in ("a", "b", "a", "c"):
        logins.note(f"{name}@example.org")
    found = [logins.of(f"{name}@example.org") for name in "abc"]
    assert found == [NOW + timedelta(minutes=2), None, NOW + timedelta(minutes=3)]


def test_of_those_refused_the_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_logins, "_REFUSED", 2)
    logins = LastLogins(lambda: NOW)
    for name, peer in (("a", "1"), ("b", "2"), ("a", "3"), ("x" * 400, "4"), ("c", "5")):
        logins.note_refused(name, peer)
    found = [logins.refused_of(name) for name in ("a", "b", "c", "x" * 400)]
    assert found == [RefusedLogin(NOW, "3"), None, RefusedLogin(NOW, "5"), None]
