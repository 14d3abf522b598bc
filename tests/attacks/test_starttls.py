"""What is sent in plain text behind STARTTLS or STLS is never taken for what came under TLS.

RFC 3207 §6, RFC 2595 §2.1; the class of CVE-2011-0411. Whole commands, halves of them, a flood;
in the write of the command, in a later one, cut at every place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple, cast

import pytest
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.task import deferLater

from tests.attacks.sessions import door_for_attacks
from tests.dialogs.dialog import SocketConnection, _Listener
from tests.fakes.reader_door import ReaderDoor


class Language(NamedTuple):
    """What is said at a door, in its protocol."""

    before: tuple[bytes, ...]
    command: bytes
    ready: bytes
    injected: tuple[bytes, ...]
    # sent under TLS, and the beginning of the one reply to it
    then: bytes
    answer: bytes


SMTP = Language(
    (b"EHLO client.example\r\n", b"MAIL FROM:<plain@client.example>\r\n"),
    b"STARTTLS\r\n",
    b"220 ",
    (
        b"EHLO injected.example\r\n",
        b"NOOP\r\n",
        b"EHLO injected.example\r\nMAIL FROM:<x@client.example>\r\nRCPT TO:<info@example.org>\r\n",
        b"RSET\r\nQUIT\r\n",
        b"EHLO injected.exam",
        b"NO",
        b"\r",
        b"\r\n",
        b"\0\r\n",
        b"x" * 5000,
        b"NOOP\r\n" * 3000,
    ),
    b"OP\r\n",
    b"500 5.5.1 ",
)
POP3 = Language(
    (b"USER info@example.org\r\n",),
    b"STLS\r\n",
    b"+OK ",
    (
        b"USER info@example.org\r\n",
        b"USER info@example.org\r\nPASS pass word\r\n",
        b"USER info@example.org\r\nPASS pass word\r\nDELE 1\r\nQUIT\r\n",
        b"CAPA\r\nQUIT\r\n",
        b"USER info@exam",
        b"NO",
        b"\r",
        b"x" * 5000,
    ),
    b"OP\r\n",
    b"-ERR ",
)


def _reactor() -> Any:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    return reactor


@asynccontextmanager
async def connected(factory: Any) -> AsyncIterator[SocketConnection]:
    reactor = _reactor()
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    connection = SocketConnection(await cast("Any", connectProtocol)(endpoint, _Listener()))
    try:
        cast("Any", connection.listener.transport).setTcpNoDelay(True)
        yield connection
    finally:
        connection.abort()
        await connection.closed()
        await port.stopListening()
        for _turn in range(3):
            await deferLater(reactor, 0)


async def in_plain_text(connection: SocketConnection, said: Language) -> None:
    assert await connection.line()
    for octets in said.before:
        connection.send(octets)
        while (line := await connection.line()) is not None and line[3:4] == b"-":
            pass


async def under_tls(connection: SocketConnection, said: Language) -> None:
    """Shake hands; what is said then has its own reply, as the first under TLS, and no other."""
    assert connection.listener.heard == b"", "said in plain text"
    await connection.start_tls()
    connection.send(said.then)
    line = await connection.line()
    assert line is not None
    assert line.startswith(said.answer), line
    for _turn in range(3):
        await deferLater(_reactor(), 0)
    assert connection.listener.heard == b""


@pytest.mark.parametrize("said", [SMTP, POP3], ids=["smtp", "pop3"])
async def test_nothing_behind_the_command_is_kept(said: Language) -> None:
    for injected in said.injected:
        door: Any = door_for_attacks() if said is SMTP else ReaderDoor()
        async with connected(door.factory) as connection:
            await in_plain_text(connection, said)
            connection.send(said.command + injected)
            line = await connection.line()
            assert line is not None
            assert line.startswith(said.ready), (injected[:80], line)
            await under_tls(connection, said)
        look_behind(door, said)


@pytest.mark.parametrize("said", [SMTP, POP3], ids=["smtp", "pop3"])
async def test_nor_wherever_it_is_cut(said: Language) -> None:
    """Cut before the command's end, behind it or within what follows: before the reply or after it.

    What comes after the reply is no handshake, and ends the connection.
    """
    octets = said.command + said.injected[1]
    for at in range(1, len(octets)):
        door: Any = door_for_attacks() if said is SMTP else ReaderDoor()
        async with connected(door.factory) as connection:
            await in_plain_text(connection, said)
            connection.send(octets[:at])
            for _turn in range(3):
                await deferLater(_reactor(), 0)
            connection.send(octets[at:])
            line = await connection.line()
            assert line is not None
            assert line.startswith(said.ready), at
            if at < len(said.command):
                await under_tls(connection, said)
            else:
                # enough for a record: it is none, and ends it, with an alert at most
                connection.send(b"x" * 20)
                told = await connection.closed()
                assert b"\r\n" not in told, told
        look_behind(door, said)


def look_behind(door: Any, said: Language) -> None:
    """Nothing was obeyed but what was said before."""
    if said is SMTP:
        assert [str(each.envelope_sender) for each in door.gate.opened] == ["plain@client.example"]
        assert not door.gate.opened[0].recipients
    else:
        assert not door.accounts.logins
    assert not door.clock.getDelayedCalls()


async def test_a_strict_door_hangs_up() -> None:
    """Behind STARTTLS nothing may be pipelined, so whoever does is no client of ours."""
    door = door_for_attacks()
    door.factory.limits = replace(door.factory.limits, strict_pipelining=True)
    for injected in SMTP.injected:
        async with connected(door.factory) as connection:
            await in_plain_text(connection, SMTP)
            connection.send(SMTP.command + injected)
            line = await connection.line()
            assert line is not None
            assert line.startswith(b"503 5.5.0 "), line
            assert await connection.closed() == b""
