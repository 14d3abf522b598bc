"""Which keys sign when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bitrixmail.model.dkim import Algorithm, DKIMKey, KeyState, after_seen, signing_keys

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = DKIMKey("example.org", "old", Algorithm.RSA, "cA==", NOW - 99 * DAY, NOW - 92 * DAY)
OLD_ED = replace(OLD, selector="old-ed", algorithm=Algorithm.ED25519)
NEW = replace(OLD, selector="new", created=NOW, active_from=NOW + 7 * DAY)
NEW_ED = replace(NEW, selector="new-ed", algorithm=Algorithm.ED25519)


def selectors(keys: tuple[DKIMKey, ...]) -> list[str]:
    return [key.selector for key in keys]


def test_states_follow_one_another() -> None:
    key = replace(NEW, active_until=NOW + 20 * DAY)
    states = [key.state(NOW + days * DAY) for days in (0, 7, 19, 20, 49, 50)]
    assert states == [
        KeyState.NEW,
        KeyState.SIGNING,
        KeyState.SIGNING,
        KeyState.RETIRED,
        KeyState.RETIRED,
        KeyState.GONE,
    ]
    assert replace(NEW, active_from=None).state(NOW + 999 * DAY) is KeyState.NEW


def test_the_old_key_signs_until_the_new_one_was_seen() -> None:
    keys = (OLD, NEW)
    assert selectors(signing_keys(keys, NOW)) == ["old"]
    assert selectors(signing_keys(keys, NOW + 8 * DAY)) == ["old", "new"]
    at = NOW + DAY
    changed = after_seen(keys, {"old", "new"}, at)
    assert changed == (replace(NEW, active_from=at), replace(OLD, active_until=at))
    assert selectors(signing_keys(changed, at)) == ["new"]
    assert selectors(signing_keys(changed, at - timedelta(microseconds=1))) == ["old"]


def test_each_algorithm_by_itself() -> None:
    keys = (OLD, OLD_ED, NEW, NEW_ED)
    assert selectors(after_seen(keys, {"new-ed"}, NOW)) == ["new-ed", "old-ed"]
    assert after_seen(keys, {"old", "old-ed"}, NOW) == ()
    assert after_seen(keys, (), NOW) == ()


def test_what_is_settled_stays() -> None:
    keys = after_seen((OLD, NEW), {"new"}, NOW)
    assert after_seen(keys, {"old", "new"}, NOW + DAY) == ()


def test_seen_late_retires_the_old_one_all_the_same() -> None:
    at = NOW + 9 * DAY
    assert after_seen((OLD, NEW), {"new"}, at) == (replace(OLD, active_until=at),)


def test_names_and_records() -> None:
    assert OLD.name == "old._domainkey.example.org"
    assert OLD_ED.record == "v=DKIM1; k=ed25519; p=cA=="
