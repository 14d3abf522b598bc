"""When mailboxes were last logged in to: bounded, the last of them stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bitrixmail.accounts import last_logins
from bitrixmail.accounts.last_logins import LastLogins

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_the_last_of_them_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_logins, "_REMEMBERED", 2)
    times = iter(NOW + timedelta(minutes=number) for number in range(9))
    logins = LastLogins(lambda: next(times))
    for name in ("a", "b", "a", "c"):
        logins.note(f"{name}@example.org")
    found = [logins.of(f"{name}@example.org") for name in "abc"]
    assert found == [NOW + timedelta(minutes=2), None, NOW + timedelta(minutes=3)]
