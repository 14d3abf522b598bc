"""Pauses before the greeting and behind errors end with their connection."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests.dialogs.dialog import MemoryConnection
from tests.fakes.door import Door


@pytest.mark.parametrize(
    "limits", [{"greet_delay_s": 5.0}, {"max_errors": 2, "error_delay_s": 5.0}]
)
async def test_nothing_is_left_of_a_lost_connection(limits: dict[str, float]) -> None:
    door = Door()
    door.factory.limits = replace(door.factory.limits, **limits)  # type: ignore[arg-type] # by name
    connection = MemoryConnection(door.factory)
    connection.send(b"FOO\r\n")
    door.clock.advance(1)
    connection.abort()
    assert not door.clock.getDelayedCalls()
    assert not +door.gate.inside


async def test_exempt_networks_are_greeted_at_once() -> None:
    door = Door()
    door.factory.limits = replace(
        door.factory.limits, greet_delay_s=5.0, exempt_networks=(ip_network("192.168.1.1"),)
    )
    connection = MemoryConnection(door.factory)
    assert (await connection.settle()).startswith(b"220 ")
    connection.abort()


async def test_a_talker_is_not_read_without_end() -> None:
    door = Door()
    door.factory.limits = replace(door.factory.limits, greet_delay_s=5.0)
    connection = MemoryConnection(door.factory)
    connection.send(b"x" * 1000)
    assert connection.transport.producerState == "paused"
    door.clock.advance(5)
    assert await connection.closed() == b"554 You spoke before the greeting\r\n"
    connection.abort()
