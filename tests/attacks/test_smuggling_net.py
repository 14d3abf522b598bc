"""The same over the net: segments of a real socket, and records of TLS, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.task import deferLater

from tests.attacks.reference import is_fit, mended, read_data
from tests.attacks.sessions import DATA, ENVELOPE, HELLO, SECOND, door_for_attacks
from tests.attacks.test_smuggling import VARIANTS
from tests.dialogs.dialog import SocketConnection, _Listener
from tests.fakes.door import Door


def _reactor() -> Any:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    return reactor


@asynccontextmanager
async def session(door: Door, *, tls: bool) -> AsyncIterator[SocketConnection]:
    """Connect, say EHLO, under TLS if asked."""
    reactor = _reactor()
    port = reactor.listenTCP(0, door.factory, interface="127.0.0.1")
    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    connection = SocketConnection(await cast("Any", connectProtocol)(endpoint, _Listener()))
    try:
        cast("Any", connection.listener.transport).setTcpNoDelay(True)
        await codes(connection, 1)
        if tls:
            connection.send(b"STARTTLS\r\n")
            await codes(connection, 1)
            await connection.start_tls()
        connection.send(HELLO)
        while not (await reply(connection)).startswith("250 "):
            pass
        yield connection
    finally:
        connection.abort()
        await connection.closed()
        await port.stopListening()
        await connection.settle()


async def reply(connection: SocketConnection) -> str:
    line = await connection.line()
    assert line is not None, "the server hung up"
    return line.decode()


async def codes(connection: SocketConnection, count: int) -> list[str]:
    return [(await reply(connection))[:3] for _ in range(count)]


async def in_pieces(connection: SocketConnection, pieces: tuple[bytes, ...]) -> None:
    """Send pieces each in a write of its own, which a turn of the reactor makes of it."""
    for piece in pieces:
        connection.send(piece)
        for _turn in range(2):
            await deferLater(_reactor(), 0)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("normalize", [False, True], ids=["refused", "mended"])
async def test_no_variant_ends_data_over_segments_or_records(normalize: bool, tls: bool) -> None:
    door = door_for_attacks(normalize=normalize, max_messages=0)
    async with session(door, tls=tls) as connection:
        for variant in (b"\r\n.\r\n", *VARIANTS):
            legal = variant == b"\r\n.\r\n"
            octets = b"first" + variant + (b"" if legal else SECOND + b".\r\n")
            content, rest = read_data(octets)
            assert not rest
            kept = [content] if is_fit(content) else [mended(content)] if normalize else []
            for at in range(4, 7 + len(variant)):
                door.gate.messages.clear()
                door.gate.opened.clear()
                connection.send(ENVELOPE + DATA)
                assert await codes(connection, 3) == ["250", "250", "354"]
                await in_pieces(connection, (octets[:at], octets[at:]))
                assert await codes(connection, 1) == ["250" if kept else "550"], (variant, at)
                connection.send(b"NOOP\r\n")
                assert await codes(connection, 1) == ["250"]
                assert connection.listener.heard == b""
                assert [message.content for message in door.gate.messages] == kept, (variant, at)
                assert len(door.gate.opened) == 1
            client = door.gate.opened[-1].client
            assert (client.tls is not None) == tls
