"""Jobs of one lane go one after the other, and nobody has to look for the next."""

from __future__ import annotations

from pathlib import Path

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
