"""One session that is attacked: what it says, what it keeps, and where it stands afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_network
from typing import NamedTuple

from tests.dialogs.dialog import MemoryConnection
from tests.fakes.door import Door

EVERYWHERE = (ip_network("0.0.0.0/0"),)
HELLO = b"EHLO client.example\r\n"
ENVELOPE = b"MAIL FROM:<a@client.example>\r\nRCPT TO:<info@example.org>\r\n"
DATA = b"DATA\r\n"
# Commands of a second message, as an attacker hides them in the content of a first
SECOND = (
    b"MAIL FROM:<smuggled@client.example>\r\nRCPT TO:<info@example.org>\r\nDATA\r\nsmuggled\r\n"
)


class Seen(NamedTuple):
    """What came of a session: codes of replies, contents that were kept, transactions begun."""

    codes: list[str]
    kept: list[bytes]
    opened: int = 1

    @classmethod
    def accepted(cls, content: bytes) -> Seen:
        return cls(["250"], [content])

    @classmethod
    def refused(cls, code: str) -> Seen:
        return cls([code], [])


def door_for_attacks(*, normalize: bool = False, **limits: int) -> Door:
    """Make a door that counts no errors and no idle commands."""
    door = Door()
    door.factory.limits = replace(
        door.factory.limits,
        max_errors=0,
        max_idle_commands=0,
        normalize_networks=EVERYWHERE if normalize else (),
        **limits,  # type: ignore[arg-type] # by name
    )
    return door


def attack(
    door: Door, pieces: Iterable[bytes], *, data: bool = True, thorough: bool = False
) -> Seen:
    """Send an envelope, then pieces; return what came of it.

    Behind it the session must stand where the client believes it to: a command has its one reply,
    if asked `thorough`ly the next message is kept as it is, and QUIT ends it. AssertionError if it
    does not.
    """
    gate = door.gate
    gate.messages.clear()
    gate.opened.clear()
    connection = MemoryConnection(door.factory)
    connection.send(HELLO + ENVELOPE + DATA if data else HELLO + ENVELOPE)
    connection.transport.clear()
    for piece in pieces:
        connection.send(piece)
    codes = replies(connection)
    seen = Seen(codes, [message.content for message in gate.messages], len(gate.opened))
    connection.send(b"NOOP\r\n")
    assert replies(connection) == ["250"], "where commands go on is not clear"
    if thorough:
        _send_another(connection, door)
    connection.send(b"QUIT\r\n")
    assert replies(connection) == ["221"]
    assert connection.transport.disconnecting
    connection.abort()
    assert not +door.gate.inside
    return seen


def _send_another(connection: MemoryConnection, door: Door) -> None:
    before = len(door.gate.messages)
    for octets, codes in (
        (ENVELOPE, ["250", "250"]),
        (DATA, ["354"]),
        (b"after\r\n.\r\n", ["250"]),
    ):
        connection.send(octets)
        assert replies(connection) == codes
    assert [message.content for message in door.gate.messages[before:]] == [b"after\r\n"]


def replies(connection: MemoryConnection) -> list[str]:
    """Return the codes of what was said since the last look, enhanced ones of refusals too."""
    said: bytes = connection.transport.value()
    connection.transport.clear()
    lines = said.decode().splitlines()
    return [line[:9] if line[0] in "45" else line[:3] for line in lines]
