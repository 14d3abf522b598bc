"""Connections that do not get on are cut, and no address has all of them."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import IResource

from bitrixmail.web.http.connections import (
    MOST_CONNECTIONS,
    MOST_OF_AN_ADDRESS,
    MOST_OF_THIS_COMPUTER,
    Watched,
)
from bitrixmail.web.http.door import WebDoor


class Link(StringTransport):
    """A connection whose other side only sends."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True
        super().abortConnection()


async def _no_pages() -> IResource:
    raise RuntimeError("nobody asks for a page here")


def door() -> tuple[WebDoor, Clock]:
    clock: Any = Clock()
    return WebDoor(clock, _no_pages), clock


def connect(door: WebDoor, host: str = "192.0.2.1") -> tuple[Watched, Link] | None:
    kind = IPv6Address if ":" in host else IPv4Address
    protocol = door.buildProtocol(kind("TCP", host, 1))
    if protocol is None:
        return None
    link = Link()
    protocol.makeConnection(link)
    return protocol, link


def connected(door: WebDoor, host: str = "192.0.2.1") -> tuple[Watched, Link]:
    made = connect(door, host)
    assert made is not None
    return made


def test_a_head_that_comes_octet_by_octet_is_cut() -> None:
    opened, clock = door()
    protocol, link = connected(opened)
    for octet in b"GET / HTTP/1.1":
        protocol.dataReceived(bytes([octet]))
        clock.advance(1)
    assert link.aborted


def test_a_body_has_a_least_rate() -> None:
    opened, clock = door()
    protocol, link = connected(opened)
    protocol.dataReceived(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n")
    clock.advance(20)
    protocol.dataReceived(b"x")
    assert not link.aborted
    clock.advance(20)
    assert link.aborted


def test_an_address_has_its_number_and_gets_it_back() -> None:
    opened, _clock = door()
    made = [connected(opened) for _ in range(MOST_OF_AN_ADDRESS)]
    assert connect(opened) is None
    assert connect(opened, "192.0.2.2") is not None
    made[0][0].connectionLost()
    assert connect(opened) is not None


def test_a_network_of_ipv6_is_one_address() -> None:
    opened, _clock = door()
    for number in range(MOST_OF_AN_ADDRESS):
        connected(opened, f"2001:db8::{number + 1:x}")
    assert connect(opened, "2001:db8::ffff") is None
    assert connect(opened, "2001:db8:0:1::1") is not None


def test_who_is_waited_for_longest_makes_room() -> None:
    opened, clock = door()
    first = connected(opened, "127.0.0.1")
    clock.advance(1)
    for _ in range(MOST_OF_THIS_COMPUTER - 1):
        connected(opened, "127.0.0.1")
    assert connect(opened, "127.0.0.1") is None
    for number in range(MOST_CONNECTIONS - MOST_OF_THIS_COMPUTER):
        connected(opened, f"192.0.2.{number + 1}")
    assert not first[1].aborted
    assert connect(opened, "198.51.100.1") is not None
    assert first[1].aborted
