"""Connections that come faster than they are accepted wait, and need not ask again."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest
from twisted.internet.protocol import Factory

from bitrixmail.app.listening.listeners import bind
from bitrixmail.app.settings.endpoints import parse_endpoint


@pytest.mark.parametrize(
    "where", ["tcp:0", "tcp:0:interface=127.0.0.1", "tcp6:0:interface=\\:\\:1"]
)
async def test_a_burst_of_connections_fits_into_the_queue(where: str) -> None:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    running: Any = reactor
    port: Any = bind(running, parse_endpoint(where), Factory())
    port.stopReading()
    host = "::1" if where.startswith("tcp6") else "127.0.0.1"
    try:
        with contextlib.ExitStack() as links:
            for _ in range(200):
                link = socket.create_connection((host, port.getHost().port), timeout=0.5)
                links.enter_context(link)
    finally:
        await port.stopListening()
