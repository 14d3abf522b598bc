"""What everything does that remembers destinations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.destinations import IDestinations
from bitrixmail.model.destination import Level, Security
from bitrixmail.store.destinations import DatabaseDestinations
from tests.fakes.stores import make_stores, result_of

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.fixture
def destinations(tmp_path: Path) -> Iterator[DatabaseDestinations]:
    with make_stores(tmp_path) as stores:
        yield stores.destinations


def test_it_is_one(destinations: DatabaseDestinations) -> None:
    verifyObject(IDestinations, destinations)
    assert result_of(destinations.security("example.org")) is None


def test_level_and_policy_are_kept_apart(destinations: DatabaseDestinations) -> None:
    until = NOW + timedelta(days=7)
    result_of(destinations.keep_policy("example.org", "id1", "version: STSv1\n", until))
    assert result_of(destinations.security("example.org")) == Security(
        "example.org", Level.NONE, None, "id1", "version: STSv1\n", until
    )
    result_of(destinations.remember_level("example.org", Level.VERIFIED, NOW))
    result_of(destinations.keep_policy("example.org", "id2", "other", until))
    assert result_of(destinations.security("example.org")) == Security(
        "example.org", Level.VERIFIED, NOW, "id2", "other", until
    )
    result_of(destinations.remember_level("example.org", Level.ENCRYPTED, NOW))
    found = result_of(destinations.security("example.org"))
    assert found is not None
    assert (found.level, found.sts_id) == (Level.ENCRYPTED, "id2")


def test_what_is_old_is_forgotten_but_no_policy_in_force(
    destinations: DatabaseDestinations,
) -> None:
    old, day = NOW - timedelta(days=100), timedelta(days=1)
    result_of(destinations.remember_level("old.example", Level.ENCRYPTED, old))
    result_of(destinations.remember_level("kept.example", Level.ENCRYPTED, old))
    result_of(destinations.keep_policy("kept.example", "id", "policy", NOW + day))
    result_of(destinations.remember_level("new.example", Level.ENCRYPTED, NOW))
    result_of(destinations.forget(NOW - day))
    assert result_of(destinations.security("old.example")) is None
    assert result_of(destinations.security("kept.example")) is not None
    assert result_of(destinations.security("new.example")) is not None
