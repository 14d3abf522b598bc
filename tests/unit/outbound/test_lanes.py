"""Jobs of a lane go one after the other, and none waits longer than for the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bitrixmail.model.job import JobState
from tests.unit.outbound.test_dispatcher import Office

MANY = [f"{number}@example.com" for number in range(5)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.stores.close_now()


def test_the_next_one_follows_at_once(office: Office) -> None:
    for recipient in MANY:
        office.write(recipient, lane="one")
    office.write("x@example.com", lane="two")
    office.dispatcher.begin()
    assert [each for each in office.courier.delivered if each != "x@example.com"] == MANY
    assert set(office.states().values()) == {JobState.DONE}
