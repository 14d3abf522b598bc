"""Clients that close their side behind their last command and wait to hear what became of it."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from tests.dialogs.dialog import MemoryConnection
from tests.fakes.door import Door
from tests.fakes.reader_door import ReaderDoor
from tests.fakes.server import until

EHLO = b"EHLO client.example\r\n"
ENVELOPE = b"MAIL FROM:<a@client.example>\r\nRCPT TO:<info@example.org>\r\n"
reactor: Any = _reactor


def heard(port: int, octets: bytes) -> bytes:
    """Send, close this side, and return everything that is said until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(octets)
        link.shutdown(socket.SHUT_WR)
        with link.makefile("rb") as stream:
            return stream.read()


@pytest.mark.parametrize("held", [False, True])
async def test_the_reply_to_a_message_is_heard(held: bool) -> None:
    door = Door()
    if held:
        door.gate.hold.add("commit")
    port = reactor.listenTCP(0, door.factory, interface="127.0.0.1")
    try:
        talk: Deferred[bytes] = deferToThread(
            heard, port.getHost().port, EHLO + ENVELOPE + b"BDAT 3 LAST\r\nx\r\n"
        )
        if held:
            await deferToThread(until, lambda: bool(door.gate.waiting), "no commit")
            assert door.factory._sessions
            door.gate.release()
        assert (await talk).endswith(b"250 2.0.0 queued as 1\r\n")
    finally:
        await port.stopListening()
    assert len(door.gate.messages) == 1
    assert not door.factory._sessions


async def test_what_is_not_whole_is_forgotten_at_once() -> None:
    door = Door()
    port = reactor.listenTCP(0, door.factory, interface="127.0.0.1")
    try:
        said = await deferToThread(
            heard, port.getHost().port, EHLO + ENVELOPE + b"DATA\r\nSubject: x\r\n"
        )
    finally:
        await port.stopListening()
    assert b"354 " in said
    assert door.gate.aborted == [None]
    assert not door.gate.messages
    assert not door.factory._sessions


async def test_a_reader_hears_his_goodbye() -> None:
    door = ReaderDoor()
    port = reactor.listenTCP(0, door.factory, interface="127.0.0.1")
    octets = b"USER info@example.org\r\nPASS pass word\r\nSTAT\r\nQUIT\r\n"
    try:
        said = await deferToThread(heard, port.getHost().port, octets)
    finally:
        await port.stopListening()
    assert said.count(b"+OK") == 5
    assert not door.factory._sessions


def test_the_time_of_who_has_said_all_ends_too() -> None:
    door = Door()
    door.gate.hold.add("commit")
    connection = MemoryConnection(door.factory)
    connection.send(EHLO + ENVELOPE + b"BDAT 3 LAST\r\nx\r\n")
    connection.protocol.readConnectionLost()
    assert not connection.transport.disconnecting
    door.gate.release()
    assert connection.transport.disconnecting
    assert connection.transport.value().endswith(b"250 2.0.0 queued as 1\r\n")
    connection.abort()
    assert not door.clock.getDelayedCalls()
