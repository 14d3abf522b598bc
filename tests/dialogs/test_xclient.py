"""Every dialogue of tests/dialogs/xclient, in memory and over a socket: XCLIENT at the door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from bitrixmail.model.reply import Reply
from tests.dialogs.cases import CUTS, in_memory, played
from tests.dialogs.dialog import MemoryConnection, play_in_memory
from tests.fakes.door import Door

# Where the two drivers' connections come from
OWN_PEERS = {"127.0.0.1", "192.168.1.1"}


def hooks(door: Door) -> Mapping[str, Callable[[str], None]]:
    def trusted(rest: str) -> None:
        networks = (*door.factory.limits.xclient_networks, ip_network(rest))
        door.factory.limits = replace(door.factory.limits, xclient_networks=networks)

    def inside(rest: str) -> None:
        assert list(+door.gate.inside) == rest.split()

    def from_proxy(_rest: str) -> None:
        assert door.gate.opened[-1].client.address in OWN_PEERS

    def refused_peer(rest: str) -> None:
        assert door.maillog.lines[-1][1]["peer"] == rest

    return {
        **door.hooks(),
        "trusted": trusted,
        "trusted_too": trusted,
        "inside": inside,
        "from_proxy": from_proxy,
        "refused_peer": refused_peer,
    }


def look_behind(door: Door) -> None:
    assert not +door.gate.inside
    assert not door.factory._sessions
    assert not door.clock.getDelayedCalls()


@pytest.mark.parametrize(("path", "play"), played("xclient"))
async def test_dialog(path: Path, play: Callable[..., Awaitable[None]]) -> None:
    door = Door()
    await play(path, door.factory, door.clock, hooks(door))
    look_behind(door)


@pytest.mark.parametrize("path", in_memory("xclient"), ids=lambda path: path.stem)
async def test_how_a_dialog_is_cut_does_not_matter(path: Path) -> None:
    for cut in CUTS:
        door = Door()
        await play_in_memory(path, door.factory, door.clock, hooks(door), cut)
        look_behind(door)


def test_a_client_that_is_turned_away_leaves_its_place() -> None:
    door = Door()
    networks = (ip_network("0.0.0.0/0"),)
    door.factory.limits = replace(door.factory.limits, connections=1, xclient_networks=networks)
    first = MemoryConnection(door.factory)
    door.gate.refuse["arrived"] = Reply(421, "4.7.0", "Too many connections from your address")
    first.send(b"XCLIENT ADDR=198.51.100.7\r\n")
    assert first.transport.disconnecting
    door.gate.refuse.clear()
    second = MemoryConnection(door.factory)
    assert second.transport.value().startswith(b"220 ")
    third = MemoryConnection(door.factory)
    assert third.transport.value().startswith(b"421 ")
    for connection in (first, second, third):
        connection.abort()
    look_behind(door)


def test_who_has_not_said_ehlo_is_not_told_that_he_may_pipeline() -> None:
    door = Door()
    networks = (ip_network("0.0.0.0/0"),)
    limits = replace(door.factory.limits, xclient_networks=networks, strict_pipelining=True)
    door.factory.limits = limits
    two = b"MAIL FROM:<a@client.example>\r\nRCPT TO:<info@example.org>\r\n"
    for attributes, replies in ((b"PROTO=ESMTP", 2), (b"PROTO=SMTP", 1)):
        connection = MemoryConnection(door.factory)
        connection.send(b"EHLO proxy.example\r\n")
        connection.send(b"XCLIENT ADDR=198.51.100.7 HELO=client.example " + attributes + b"\r\n")
        connection.transport.clear()
        connection.send(two)
        assert connection.transport.value().count(b"\r\n") == replies
        assert connection.transport.disconnecting == (replies == 1)
        connection.abort()


def test_the_greeting_of_a_named_client_is_not_delayed() -> None:
    """The delay is for who may speak first; a proxy waits by the nature of the command."""
    door = Door()
    networks = (ip_network("0.0.0.0/0"),)
    limits = replace(door.factory.limits, xclient_networks=networks, greet_delay_s=5.0)
    door.factory.limits = limits
    connection = MemoryConnection(door.factory)
    assert connection.transport.value() == b""
    door.clock.advance(5)
    connection.transport.clear()
    connection.send(b"XCLIENT ADDR=198.51.100.7\r\n")
    assert connection.transport.value().startswith(b"220 ")
    connection.abort()
    look_behind(door)


def test_nothing_that_one_client_did_is_counted_against_the_next() -> None:
    door = Door()
    networks = (ip_network("0.0.0.0/0"),)
    door.factory.limits = replace(
        door.factory.limits, xclient_networks=networks, max_errors=3, max_refused_recipients=3,
        max_idle_commands=4, max_messages=2, first_message_timeout_s=100.0, hello_timeout_s=90.0,
    )  # fmt: skip
    door.gate.refuse["nobody@example.org"] = Reply(550, "5.1.1", "No such mailbox here")
    connection = MemoryConnection(door.factory)
    mail, guess = b"MAIL FROM:<a@client.example>\r\n", b"RCPT TO:<nobody@example.org>\r\n"
    for number in range(1, 5):
        named = b"XCLIENT ADDR=198.51.100.%d HELO=client.example PROTO=ESMTP\r\n" % number
        connection.send(named + mail + guess * 2 + b"NOOP\r\n" + mail + b"FOO\r\nRSET\r\n" + mail)
        assert not connection.transport.disconnecting, number
        connection.send(b"RSET\r\n")
        door.clock.advance(80)
        assert not connection.transport.disconnecting, number
    connection.abort()
    look_behind(door)
