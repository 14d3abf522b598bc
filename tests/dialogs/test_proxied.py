"""Every dialogue of tests/dialogs/proxy, in memory and over a socket: a door behind a proxy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from twisted.internet.interfaces import IProtocolFactory
from twisted.protocols.tls import TLSMemoryBIOFactory

from bitrixmail.link import proxied, sessions
from bitrixmail.link.proxied import Proxied
from bitrixmail.link.refusal_lines import LINES_A_SECOND
from bitrixmail.model.reply import TOO_MANY_CONNECTIONS
from tests.dialogs.cases import CUTS, in_memory, played
from tests.dialogs.dialog import MemoryConnection, play_in_memory
from tests.fakes.certificate import server_tls
from tests.fakes.door import Door
from tests.fakes.gate import RecordingMailLog

# Where the two drivers' connections come from
OWN_PEERS = {"127.0.0.1", "192.168.1.1"}


class House:
    """A door and what stands before it. Made by a test."""

    def __init__(self, *, implicit_tls: bool = False) -> None:
        self.door = Door()
        self.maillog = RecordingMailLog()
        inner: IProtocolFactory = self.door.factory
        if implicit_tls:
            inner = TLSMemoryBIOFactory(server_tls(), False, inner)
        self.factory = Proxied(inner, self.door.factory, self.maillog)

    def hooks(self) -> Mapping[str, Callable[[str], None]]:
        return {
            **self.door.hooks(),
            "proxies": self.proxies,
            "inside": self.inside,
            "from_proxy": self.from_proxy,
            "reasons": self.reasons,
            "refused_peer": self.refused_peer,
        }

    def proxies(self, rest: str) -> None:
        door = self.door.factory
        door.limits = replace(door.limits, proxy_networks=(ip_network(rest),))

    def inside(self, rest: str) -> None:
        assert list(+self.door.gate.inside) == [rest]

    def from_proxy(self, _rest: str) -> None:
        assert self.door.gate.opened[-1].client.address in OWN_PEERS

    def reasons(self, rest: str) -> None:
        assert " ".join(str(fields["reason"]) for _, fields in self.maillog.lines) == rest
        assert {str(fields["peer"]) for _, fields in self.maillog.lines} <= OWN_PEERS
        assert {transition for transition, _ in self.maillog.lines} <= {"refused"}

    def refused_peer(self, rest: str) -> None:
        assert self.door.maillog.lines[-1][1]["peer"] == rest

    def look_behind(self) -> None:
        assert not +self.door.gate.inside
        assert not self.door.clock.getDelayedCalls()
        assert not self.factory.waiting


@pytest.mark.parametrize(("path", "play"), played("proxy"))
async def test_dialog(path: Path, play: Callable[..., Awaitable[None]]) -> None:
    house = House(implicit_tls=path.stem.startswith("implicit_tls"))
    await play(path, house.factory, house.door.clock, house.hooks())
    house.look_behind()


@pytest.mark.parametrize("path", in_memory("proxy"), ids=lambda path: path.stem)
async def test_how_a_dialog_is_cut_does_not_matter(path: Path) -> None:
    for cut in CUTS:
        house = House(implicit_tls=path.stem.startswith("implicit_tls"))
        await play_in_memory(path, house.factory, house.door.clock, house.hooks(), cut)
        house.look_behind()


def test_only_so_many_wait_for_their_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxied, "MOST_WAITING", 2)
    house = House()
    house.proxies("0.0.0.0/0")
    first, second, third = (MemoryConnection(house.factory) for _ in range(3))
    assert third.transport.disconnecting
    house.reasons("too many connections without a PROXY header")
    first.abort()
    third.abort()
    assert house.factory.waiting == 1
    fourth = MemoryConnection(house.factory)
    fourth.send(b"PROXY UNKNOWN\r\n")
    assert fourth.transport.value().startswith(b"220 ")
    for connection in (second, fourth):
        connection.abort()
    house.look_behind()


def test_without_proxies_a_session_is_made_at_once() -> None:
    house = House()
    peer = MemoryConnection(house.factory).transport.getPeer()
    built = house.factory.buildProtocol(peer)
    assert isinstance(built, type(house.door.factory.buildProtocol(peer)))


LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"


def test_a_health_check_is_not_counted_and_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_UNCOUNTED", 2)
    house = House()
    house.proxies("0.0.0.0/0")
    house.door.factory.limits = replace(house.door.factory.limits, connections=1)
    house.door.gate.refuse["arrived"] = TOO_MANY_CONNECTIONS
    checks = []
    for expected in (b"220 ", b"220 ", b"421 "):
        checks.append(MemoryConnection(house.factory))
        checks[-1].send(LOCAL)
        # no more of them at one time than a proxy would make
        assert checks[-1].transport.value().startswith(expected)
    assert not +house.door.gate.inside
    checks[0].send(b"QUIT\r\n")
    for connection in checks:
        connection.abort()
    again = MemoryConnection(house.factory)
    again.send(LOCAL)
    assert again.transport.value().startswith(b"220 ")
    again.abort()
    assert len(house.door.maillog.lines) == 1
    house.look_behind()


def test_a_proxy_whose_own_connection_names_a_client_is_counted_for_it() -> None:
    house = House()
    house.proxies("0.0.0.0/0")
    limits = replace(house.door.factory.limits, xclient_networks=(ip_network("0.0.0.0/0"),))
    house.door.factory.limits = limits
    connection = MemoryConnection(house.factory)
    connection.send(LOCAL)
    connection.send(b"XCLIENT ADDR=198.51.100.7\r\n")
    house.inside("198.51.100.7")
    assert len(house.door.factory.crowd) == 1
    connection.abort()
    assert not len(house.door.factory.crowd)
    house.look_behind()


def test_a_flood_without_headers_costs_few_lines() -> None:
    house = House()
    house.proxies("0.0.0.0/0")
    for _ in range(LINES_A_SECOND + 100):
        connection = MemoryConnection(house.factory)
        connection.send(b"EHLO x\r\n")
        connection.abort()
    assert len(house.maillog.lines) == LINES_A_SECOND
    house.door.clock.advance(1)
    assert house.maillog.lines[-1][1]["count"] == 100
    house.reasons(" ".join(["no PROXY header"] * (LINES_A_SECOND + 1)))
    house.look_behind()
