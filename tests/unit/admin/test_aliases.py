"""Circles of aliases, found before they are stored."""

from __future__ import annotations

import pytest

from bitrixmail.admin.aliases import alias_loops, targets_first


@pytest.mark.parametrize(
    ("aliases", "changed", "circle"),
    [
        ({"a@x": ["b@x"], "b@x": ["c@x"]}, "a@x", ""),
        ({"a@x": ["a@x"]}, "a@x", "a@x → a@x"),
        ({"a@x": ["b@x", "c@x"], "c@x": ["d@x", "a@x"]}, "a@x", "a@x → c@x → a@x"),
        # By a detail, which leads where the alias without it leads.
        ({"a@x": ["b+y@x"], "b@x": ["a+z@x"]}, "a@x", "a@x → b+y@x → a+z@x"),
        # An alias that has the whole address answers for itself.
        ({"a@x": ["b+y@x"], "b@x": ["a@x"], "b+y@x": ["c@x"]}, "a@x", ""),
        # A circle of others is not its own.
        ({"a@x": ["b@x"], "b@x": ["c@x"], "c@x": ["b@x"]}, "a@x", ""),
        # Two ways to the same are no circle.
        ({"a@x": ["b@x", "c@x"], "b@x": ["d@x"], "c@x": ["d@x"]}, "a@x", ""),
    ],
)
def test_a_circle_is_shown_whole(aliases: dict[str, list[str]], changed: str, circle: str) -> None:
    faults = alias_loops(aliases, [changed])
    assert [fault.what for fault in faults] == (
        [f"leads back to itself: {circle}"] if circle else []
    )
    assert all(fault.where == f"alias {changed}" and fault.remedy for fault in faults)


def test_each_of_the_changed_is_told() -> None:
    aliases = {"a@x": ["b@x"], "b@x": ["a@x"], "c@x": ["c@x"]}
    assert [fault.where for fault in alias_loops(aliases, ["a@x", "b@x"])] == [
        "alias a@x",
        "alias b@x",
    ]


def test_a_long_way_is_no_trouble() -> None:
    aliases = {f"{number}@x": [f"{number + 1}@x"] for number in range(20_000)}
    assert alias_loops(aliases, ["0@x"]) == []
    assert len(alias_loops({**aliases, "20000@x": ["0@x"]}, ["0@x"])) == 1
    assert targets_first(aliases, aliases)[:2] == ["19999@x", "19998@x"]


def test_what_is_led_to_comes_first() -> None:
    aliases = {"a@x": ["b+y@x", "c@x"], "b@x": ["d@x"], "c@x": ["e@x"], "d@x": ["c@x"]}
    assert targets_first(aliases, ["a@x", "b@x", "c@x", "d@x"]) == ["c@x", "d@x", "b@x", "a@x"]
    # Those between need not be changed.
    assert targets_first(aliases, ["a@x", "c@x"]) == ["c@x", "a@x"]
    assert targets_first({}, ["a@x"]) == ["a@x"]
