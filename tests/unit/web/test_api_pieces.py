"""Small parts of the API: cursors, how often one may call, what was answered before."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.web.api.limits import CallRate
from bitrixmail.web.api.paging import (
    cursor_of,
    falling,
    key_in,
    mark_in,
    mark_of,
    number_in,
    sliced,
)
from bitrixmail.web.api.problem import ProblemError
from bitrixmail.web.api.repeats import Repeats


@given(st.text(min_size=1, max_size=50))
def test_a_cursor_is_read_back(key: str) -> None:
    assert key_in(cursor_of(key)) == key


@given(st.text(max_size=60))
def test_a_cursor_of_somebody_else_is_a_fault_and_no_bug(text: str) -> None:
    for read in (key_in, number_in):
        with suppress(ProblemError):
            read(text)


def test_pages_follow_one_another_though_items_go() -> None:
    items = [f"{number:02}" for number in range(10)]
    first = sliced(items, str, "", 4)
    assert (first.items, first.next) == (("00", "01", "02", "03"), "03")
    items.remove("03")
    second = sliced(items, str, first.next or "", 4)
    assert (second.items, second.next) == (("04", "05", "06", "07"), "07")
    assert sliced(items, str, "07", 4).next is None
    assert sliced([], str, "07", 4).items == ()


def test_pages_go_by_their_keys_though_others_come() -> None:
    """Also where the list was handed in by another order."""
    items = [9, 3, 11, 20, 1]
    first = sliced(items, falling, "", 2)
    assert first.items == (20, 11)
    items.remove(11)
    items += [30, 10]
    second = sliced(items, falling, first.next or "", 3)
    assert (second.items, sliced(items, falling, second.next or "", 3).items) == ((10, 9, 3), (1,))


def test_a_mark_is_read_back() -> None:
    at = datetime(2026, 3, 1, 9, 0, 0, 17, UTC)
    assert mark_in(cursor_of(mark_of(at, 5, 7)), 2) == (at, (5, 7))
    assert mark_in("", 1) is None
    for key in ("1", "1-2-3", "1--2", "x-1", "9" * 18 + "-1", "1-" + "9" * 19):
        with pytest.raises(ProblemError):
            mark_in(cursor_of(key), 1)


def test_a_bucket_fills_again() -> None:
    clock = Clock()
    rate = CallRate(clock, lambda: 60)
    assert [rate.wait_s("a") for _ in range(60)] == [0] * 60
    assert rate.wait_s("a") == 1
    assert rate.wait_s("b") == 0
    clock.advance(2)
    assert [rate.wait_s("a") for _ in range(3)] == [0, 0, 1]
    assert CallRate(clock, lambda: 0).wait_s("a") == 0


def test_so_many_callers_are_remembered_at_most() -> None:
    rate = CallRate(Clock(), lambda: 1)
    for number in range(10_001):
        rate.wait_s(str(number))
    assert rate.wait_s("10000") > 0
    assert rate.wait_s("0") == 0


def test_what_was_answered_is_answered_again() -> None:
    repeats = _repeats(Clock())
    assert repeats.begin("ann", "a", "1") is None
    with pytest.raises(ProblemError, match="being done"):
        repeats.begin("ann", "a", "1")
    repeats.end("ann", "a", b"made")
    assert repeats.begin("ann", "a", "1") == b"made"
    assert repeats.begin("bob", "a", "1") is None
    with pytest.raises(ProblemError) as caught:
        repeats.begin("ann", "a", "2")
    assert caught.value.status == 422
    assert repeats.begin("ann", "b", "1") is None
    repeats.end("ann", "b", None)
    assert repeats.begin("ann", "b", "2") is None


def _repeats(clock: Clock) -> Repeats[bytes]:
    return Repeats(cast("IReactorTime", clock), len)


def _made(repeats: Repeats[bytes], user: str, name: str, octets: int) -> None:
    assert repeats.begin(user, name, "1") is None
    repeats.end(user, name, b"x" * octets)


def test_answers_are_forgotten_after_a_day() -> None:
    clock = Clock()
    repeats = _repeats(clock)
    _made(repeats, "ann", "a", 1)
    clock.advance(24 * 3600 - 1)
    assert repeats.begin("ann", "a", "1") == b"x"
    clock.advance(1)
    assert repeats.begin("ann", "a", "1") is None


def test_nobodys_calls_push_out_those_of_others() -> None:
    repeats = _repeats(Clock())
    _made(repeats, "bob", "a", 1)
    for number in range(2000):
        _made(repeats, "ann", str(number), 1)
    assert repeats.begin("bob", "a", "1") == b"x"
    assert repeats.begin("ann", "1999", "1") == b"x"
    assert repeats.begin("ann", "1", "1") is None


def test_answers_take_bounded_memory() -> None:
    repeats, large = _repeats(Clock()), 64 * 1024
    for number in range(200):
        _made(repeats, f"user {number}", "a", large)
    assert repeats.begin("user 199", "a", "1") == b"x" * large
    assert repeats.begin("user 0", "a", "1") is None
    # It was made, so it is not made again, though nobody can be told what was answered
    _made(repeats, "ann", "a", large + 1)
    with pytest.raises(ProblemError, match="too large to be kept"):
        repeats.begin("ann", "a", "1")
