"""The list of addresses that nothing is sent to, a page at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.admin.suppressions import Suppressions
from bitrixmail.model.errors import InputError
from bitrixmail.store.opening import InlineStores
from tests.fakes.stores import result_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def suppressions(stores: InlineStores, clock: Clock) -> Suppressions:
    return Suppressions(stores.suppressions, cast("IReactorTime", clock))


def page(suppressions: Suppressions, after: str, limit: int) -> list[str]:
    return [each.address for each in result_of(suppressions.page(after, limit))]


def test_it_is_read_a_page_at_a_time(suppressions: Suppressions, clock: Clock) -> None:
    for name in "abcde":
        lasting = timedelta(days=1) if name in "bd" else None
        result_of(suppressions.add(f"{name}@example.net", "", lasting))
    assert page(suppressions, "", 2) == ["a@example.net", "b@example.net"]
    assert page(suppressions, "b@example.net", 2) == ["c@example.net", "d@example.net"]
    assert page(suppressions, "d@example.net", 2) == ["e@example.net"]
    clock.advance(86_401)
    assert page(suppressions, "", 2) == ["a@example.net", "c@example.net"]
    assert page(suppressions, "c@example.net", 9) == ["e@example.net"]


def test_what_holds_no_more_takes_no_place(suppressions: Suppressions, clock: Clock) -> None:
    for number in range(9):
        lasting = timedelta(days=1) if number < 7 else None
        result_of(suppressions.add(f"a{number}@example.net", "", lasting))
    clock.advance(86_401)
    assert page(suppressions, "", 1) == ["a7@example.net"]


def test_one_is_found(suppressions: Suppressions) -> None:
    result_of(suppressions.add("Ann@Example.net", "moved", None))
    found = result_of(suppressions.find("ann@example.net"))
    assert found is not None
    assert (found.address, found.detail) == ("ann@example.net", "moved")
    assert result_of(suppressions.find("bob@example.net")) is None
    with pytest.raises(InputError):
        result_of(suppressions.find("nobody"))
