"""Jobs of a lane go one after the other, and none waits longer than for the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def test_one_of_a_lane_follows_the_other_at_once(office: Office) -> None:
    office.dispatcher.begin()
    office.courier.slow = True
    for number in range(4):
        office.dispatcher.take_note(office.write(f"{number}@example.com", lane="a"))
    office.dispatcher.take_note(office.write("b@example.com", lane="b"))
    assert sorted(office.courier.delivered) == ["0@example.com", "b@example.com"]
    for _ in range(5):
        office.courier.let_go()
    assert [each for each in office.courier.delivered if each[0] != "b"] == [
        f"{number}@example.com" for number in range(4)
    ]
    assert set(office.states().values()) == {JobState.DONE}


def test_behind_one_that_waits_for_its_time_nothing_is_looked_for(office: Office) -> None:
    """A lane may be ten thousand long, and each look at it goes through all of it."""
    office.courier.down.add("example.com")
    office.dispatcher.begin()
    office.dispatcher.take_note(office.write("0@example.com", lane="a"))
    office.courier.down.clear()
    office.clock.advance(300)  # the pause ends, and the job is due in five minutes more
    asked: list[object] = []
    lease = office.stores.jobs.lease

    async def counted(*arguments: Any) -> Any:
        asked.append(arguments)
        return await lease(*arguments)

    office.stores.jobs.lease = counted  # type: ignore[method-assign,assignment]
    before = len(asked)
    for number in range(1, 5):
        office.dispatcher.take_note(office.write(f"{number}@example.com", lane="a"))
    assert len(asked) - before <= 1
    office.dispatcher.take_note(office.write("b@example.com", lane="b"))
    assert office.courier.delivered == ["0@example.com", "b@example.com"]
    office.clock.advance(300)
    assert office.courier.delivered[2:] == [f"{number}@example.com" for number in range(5)]
