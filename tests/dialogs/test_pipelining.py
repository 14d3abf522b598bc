"""Commands that must be answered before more may come, with more behind them (RFC 2920 §3.1)."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.threads import deferToThread
from twisted.protocols.tls import TLSMemoryBIOFactory

from tests.dialogs.dialog import MemoryConnection
from tests.fakes.certificate import server_tls
from tests.fakes.door import Door
from tests.fakes.server import until

reactor: Any = _reactor
EHLO = b"EHLO client.example\r\n"
ENVELOPE = b"MAIL FROM:<a@client.example>\r\nRCPT TO:<info@example.org>\r\n"
REFUSED = b"503 5.5.0 Improper use of SMTP command pipelining\r\n"


def strict_door() -> Door:
    door = Door()
    door.factory.limits = replace(door.factory.limits, strict_pipelining=True)
    return door


def connect(door: Door) -> MemoryConnection:
    connection = MemoryConnection(door.factory)
    connection.heard = b""
    connection.transport.clear()
    return connection


async def say(connection: MemoryConnection, octets: bytes) -> bytes:
    connection.send(octets)
    said = await connection.settle()
    connection.heard = b""
    return said


AT_ONCE = {
    "hello and more": (b"", EHLO + b"MAIL FROM:<a@client.example>\r\n"),
    "hello and half of a command": (b"", EHLO + b"M"),
    "HELO and more": (b"", b"HELO client.example\r\nMAIL FROM:<a@client.example>\r\n"),
    "a group behind HELO": (b"HELO client.example\r\n", ENVELOPE),
    "a group without hello": (b"", ENVELOPE),
    "HTTP": (b"", b"POST / HTTP/1.1\r\nHost: mx.example.org\r\n\r\n"),
    "content before 354": (EHLO, ENVELOPE + b"DATA\r\nSubject: early\r\n\r\nx\r\n.\r\n"),
    "NOOP": (EHLO, b"NOOP\r\nNOOP\r\n"),
    "VRFY": (EHLO, b"VRFY info\r\nVRFY sales\r\n"),
    "STARTTLS": (EHLO, b"STARTTLS\r\nEHLO injected.example\r\n"),
    "hello again": (EHLO, EHLO + ENVELOPE),
}


@pytest.mark.parametrize(("before", "group"), AT_ONCE.values(), ids=AT_ONCE)
async def test_more_behind_it_ends_the_session(before: bytes, group: bytes) -> None:
    door = strict_door()
    connection = connect(door)
    if before:
        assert (await say(connection, before)).startswith(b"250")
    said = await say(connection, group)
    assert said.endswith(REFUSED)
    assert said.count(b"\r\n") <= 3, "what stood behind was obeyed"
    assert await connection.closed() == b""
    assert [str(fields["reply"])[:3] for _, fields in door.maillog.lines] == ["503"]
    assert door.gate.messages == []
    connection.abort()
    assert not door.clock.getDelayedCalls()


@pytest.mark.parametrize("group", [group for _, group in AT_ONCE.values()], ids=list(AT_ONCE))
async def test_the_setting_lets_it_pass(group: bytes) -> None:
    connection = connect(Door())
    assert REFUSED not in await say(connection, group)
    connection.abort()


@pytest.mark.parametrize("before", [b"", EHLO])
async def test_an_empty_line_behind_quit_is_no_fault(before: bytes) -> None:
    door = strict_door()
    connection = connect(door)
    await say(connection, before)
    assert await say(connection, b"QUIT\r\n\r\n" + ENVELOPE) == b"221 2.0.0 Bye\r\n"
    assert await connection.closed() == b""
    assert not door.maillog.lines
    assert not door.gate.opened
    connection.abort()


@pytest.mark.parametrize("implicit", [False, True], ids=["plain", "tls"])
async def test_no_reply_waits_until_one_before_it_is_confirmed(implicit: bool) -> None:
    """Where one command of some has to wait, two replies follow each other: 40 ms each message."""
    door = Door()
    factory: Any = door.factory
    if implicit:
        factory = TLSMemoryBIOFactory(server_tls(), False, door.factory, clock=door.clock)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    try:
        with socket.create_connection(("127.0.0.1", port.getHost().port), timeout=10):
            await deferToThread(until, lambda: bool(door.factory._sessions), "no session")
            (session,) = door.factory._sessions
            assert session.transport.getTcpNoDelay()
            session.transport.abortConnection()
    finally:
        await port.stopListening()
