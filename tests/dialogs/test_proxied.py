"""Every dialogue of tests/dialogs/proxy, in memory and over a socket: a door behind a proxy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from twisted.internet.interfaces import IProtocolFactory
from twisted.protocols.tls import TLSMemoryBIOFactory

from bitrixmail.link import proxied
from bitrixmail.link.proxied import Proxied
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
