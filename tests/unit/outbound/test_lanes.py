"""Jobs of one lane go one after the other, and nobody has to look for the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bitrixmail.model.job import JobState
from tests.unit.outbound.test_dispatcher import Office


def test_one_of_a_lane_follows_the_other_at_once(tmp_path: Path) -> None:
    office = Office(tmp_path)
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
    office.stores.close_now()


def test_behind_one_that_waits_for_its_time_nothing_is_looked_for(tmp_path: Path) -> None:
    """A lane may be ten thousand long, and each look at it goes through all of it."""
    office = Office(tmp_path)
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
    office.stores.close_now()
