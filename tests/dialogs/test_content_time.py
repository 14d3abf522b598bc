"""How long a large content may take over a slow line: what comes buys time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.task import Clock

from bitrixmail.smtp.content_phase import OCTETS_A_SECOND_MORE
from tests.dialogs.dialog import MemoryConnection
from tests.fakes.door import Door

START = b"EHLO a.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<info@example.org>\r\nDATA\r\n"
LINE = b"x" * 62 + b"\r\n"
# What a line brings in ten seconds that has 20 KiB a second
PART = LINE * (10 * 20 * 1024 // len(LINE))


class GoingClock(Clock):
    """A clock that goes on between two looks, as real ones do. Made by a test."""

    looks = 0

    def seconds(self) -> float:
        self.looks += 1
        assert self.looks < 10_000, "it is looked at without end"
        self.rightNow += 1e-6
        return self.rightNow


def begun(**limits: float) -> tuple[Door, MemoryConnection]:
    door = Door()
    changed = replace(door.factory.limits, data_timeout_s=600.0, **limits)  # type: ignore[arg-type] # by name
    door.factory.limits = changed
    connection = MemoryConnection(door.factory)
    connection.send(START)
    connection.transport.clear()
    return door, connection


def test_thirteen_megabytes_come_at_20_kib_a_second() -> None:
    door, connection = begun()
    sent = 0
    while sent < 13 * 2**20:
        connection.send(PART)
        sent += len(PART)
        door.clock.advance(10)
    assert door.clock.seconds() > 660
    connection.send(b".\r\n")
    assert connection.transport.value() == b"250 2.0.0 queued as 1\r\n"
    connection.abort()


@pytest.mark.parametrize(("seconds", "cut"), [(599, False), (705, True)])
def test_what_came_buys_time_and_no_more(seconds: int, cut: bool) -> None:
    door, connection = begun(min_data_rate=0, data_block_timeout_s=10_000.0)
    connection.send(LINE * (100 * OCTETS_A_SECOND_MORE // len(LINE)))
    door.clock.advance(seconds)
    assert connection.transport.disconnecting is cut
    if not cut:
        door.clock.advance(100)
        assert not connection.transport.disconnecting
    connection.abort()


def test_what_is_beyond_the_maximum_buys_nothing() -> None:
    door, connection = begun(max_size_octets=OCTETS_A_SECOND_MORE)
    for _ in range(59):
        connection.send(PART)
        door.clock.advance(10)
    assert not connection.transport.disconnecting
    connection.send(PART)
    door.clock.advance(12)
    assert connection.transport.disconnecting
    connection.abort()


def test_a_trickle_is_cut_by_a_clock_that_goes_on() -> None:
    door = Door()
    clock = door.factory.clock = GoingClock()
    connection = MemoryConnection(door.factory)
    connection.send(START)
    connection.transport.clear()
    for _ in range(50):
        connection.send(LINE)
        clock.advance(1)
    assert connection.transport.disconnecting
    assert connection.transport.value().startswith(b"421 4.4.2 Content comes too slowly")
    connection.abort()
