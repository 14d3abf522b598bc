from __future__ import annotations

from collections.abc import Sequence

import pytest

from bitrixmail.app.receiving.helping import WINDOW_S, Helping, Load, Step, Thresholds

# What a window brings: connections, messages, CPU seconds
KEPT = Load(5, 400, 0.9 * WINDOW_S)
SHORT = Load(200, 200, 0.9 * WINDOW_S)
IDLE = Load(1, 1, 0.01)


class Watch:
    """A Helping, and what is told it: totals, window after window."""

    def __init__(self) -> None:
        self.helping = Helping(Thresholds())
        self.now_s = 1000.0
        self.total = Load(7, 90, 33.0)
        assert self.helping.look(self.now_s, self.total) is None

    def window(
        self, load: Load, seconds: float = WINDOW_S, *, crowded: bool = False
    ) -> Step | None:
        self.now_s += seconds
        self.total += load
        return self.helping.look(self.now_s, self.total, crowded=crowded)

    def steps(self, loads: Sequence[Load]) -> list[Step | None]:
        return [self.window(load) for load in loads]

    def pass_time(self, seconds: float) -> list[Step]:
        """Let time pass with little to do; return the steps taken in it."""
        steps = [self.window(IDLE, 1.0) for _ in range(round(seconds))]
        return [step for step in steps if step is not None]


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_two_busy_windows_of_kept_connections_are_enough_and_need_not_meet(watch: Watch) -> None:
    assert watch.window(KEPT) is None
    assert not watch.pass_time(50)
    assert watch.window(KEPT) is Step.HELP
    assert round(watch.helping.share, 2) == 0.9
    assert watch.helping.rate == 1600
    assert watch.steps([KEPT] * 20) == [None] * 20


def test_one_that_is_long_ago_does_not_count(watch: Watch) -> None:
    assert watch.window(KEPT) is None
    watch.pass_time(61)
    assert watch.window(KEPT) is None


@pytest.mark.parametrize(
    "load",
    [
        SHORT,
        Load(0, 400, 0.6 * WINDOW_S),  # one core is not all used
        Load(0, 4, 0.9 * WINDOW_S),  # something else used it
        Load(150, 400, 0.9 * WINDOW_S),  # neither kept nor short
        Load(),
    ],
)
def test_nothing_else_is_helped(watch: Watch, load: Load) -> None:
    assert watch.steps([load] * 20) == [None] * 20


def test_they_rest_while_connections_are_short(watch: Watch) -> None:
    watch.steps([KEPT] * 2)
    half = Load(100, 100, 0.4 * WINDOW_S)
    assert watch.steps([half] * 5) == [None, Step.REST, None, None, None]
    assert watch.steps([KEPT, SHORT, KEPT, SHORT, KEPT]) == [None] * 5
    assert watch.window(KEPT) is Step.HELP


def test_a_mixture_changes_nothing(watch: Watch) -> None:
    watch.steps([KEPT] * 2)
    assert watch.steps([SHORT, KEPT] * 20) == [None] * 40
    assert watch.steps([Load(150, 400, 0.9 * WINDOW_S)] * 20) == [None] * 20


@pytest.mark.parametrize("last", [KEPT, SHORT])
def test_ten_minutes_without_kept_connections_end_them(watch: Watch, last: Load) -> None:
    watch.steps([KEPT] * 2 + [last] * 2)
    assert not watch.pass_time(590)
    assert watch.pass_time(20) == [Step.END]
    assert not watch.pass_time(1000)
    assert watch.steps([KEPT] * 2) == [None, Step.HELP]


def test_who_is_used_stays(watch: Watch) -> None:
    watch.steps([KEPT] * 2)
    for _ in range(5):
        assert not watch.pass_time(500)
        assert watch.window(KEPT) is None


def test_a_crowd_is_left_its_places(watch: Watch) -> None:
    assert [watch.window(KEPT, crowded=True) for _ in range(5)] == [None] * 5
    assert watch.window(KEPT) is Step.HELP
    assert watch.window(KEPT, crowded=True) is Step.END
    assert watch.steps([KEPT] * 2) == [None, Step.HELP]  # what was before does not count twice


def test_a_clock_that_stands_still_does_no_harm(watch: Watch) -> None:
    assert watch.window(KEPT, 0.0) is None
