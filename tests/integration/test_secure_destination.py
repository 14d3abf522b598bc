"""From a domain to a connection: DNS, policy server and mail host on loopback, all of them real."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import pytest
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory

from bitrixmail.model.destination import Hosts, Level, TLSDemand
from bitrixmail.net.client_tls import UnmetDemandError
from bitrixmail.net.http import HTTPClient
from bitrixmail.net.name_servers import parse_name_server
from bitrixmail.net.resolver import Resolver
from bitrixmail.outbound.hosts import HostFinder, HostRules
from bitrixmail.outbound.security.mta_sts import STSPolicies
from bitrixmail.outbound.security.tls_policy import TLSPolicy
from tests.fakes.authority import Authority, self_signed
from tests.fakes.name_server import NameServer
from tests.fakes.stores import make_stores
from tests.unit.net.test_client_tls import met
from tests.unit.net.test_http import Server

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
MX = "mx.example.org"
ZONE = ("example.org. 60 IN MX 10 mx.example.org.", "mx.example.org. 60 IN A 127.0.0.1")
ROOT = Authority("root")


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ROOT.file(tmp_path_factory.mktemp("trust"))


@asynccontextmanager
async def policy_server(text: str) -> AsyncIterator[int]:
    """Serve a policy by HTTPS; yield the port."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n\r\n"
    issued = ROOT.issue("mta-sts.example.org")
    factory = Factory.forProtocol(lambda: Server(issued, (head + text).encode()))
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
    try:
        yield port.getHost().port
    finally:
        await port.stopListening()


async def demanded(server: NameServer, folder: Path, trust: Path, sts_port: int) -> TLSDemand:
    """Go the way of a message up to what the first host must show."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    resolver = Resolver(reactor, [parse_name_server(server.address)], SystemRandom(), 2.0)
    rules = HostRules(private=True, ipv6=False)
    hosts: Any = await HostFinder(resolver, rules, Random(1)).find("example.org")
    assert isinstance(hosts, Hosts)
    with make_stores(folder) as stores:
        http = HTTPClient(reactor, resolver, trust, private=True)
        sts = STSPolicies(resolver, http, stores.destinations, sts_port)
        policy = TLSPolicy(resolver, stores.destinations, sts, {})
        decided = await policy.policy("example.org", hosts, NOW)
        demand = await policy.demand(decided, hosts.hosts[0])
    assert isinstance(demand, TLSDemand)
    return demand


async def test_mta_sts_from_the_record_to_the_certificate(tmp_path: Path, trust: Path) -> None:
    text = f"version: STSv1\nmode: enforce\nmx: {MX}\nmax_age: 86400\n"
    lines = (
        *ZONE,
        '_mta-sts.example.org. 60 IN TXT "v=STSv1; id=1"',
        "mta-sts.example.org. 60 IN A 127.0.0.1",
    )
    with NameServer(*lines) as server:
        async with policy_server(text) as port:
            demand = await demanded(server, tmp_path, trust, port)
    assert (demand.level, demand.by) == (Level.VERIFIED, "mta-sts")
    assert (await met(ROOT.issue(MX).context(), demand, trust))[0] == b"ok"
    assert isinstance((await met(self_signed(MX).context(), demand, trust))[0], UnmetDemandError)


async def test_dane_from_the_record_to_the_certificate(tmp_path: Path, trust: Path) -> None:
    shown = self_signed("any.example")
    name = f"_25._tcp.{MX}"
    with NameServer(*ZONE, f"{name}. 60 IN TLSA {shown.tlsa(3, 1, 1)}") as server:
        server.signed = {"example.org", MX, name}
        demand = await demanded(server, tmp_path, trust, 443)
        server.signed = {"example.org", name}  # the address is not proved: no DANE
        loose = await demanded(server, tmp_path, trust, 443)
    assert (demand.level, demand.by) == (Level.VERIFIED, "dane")
    assert loose.level is Level.OPPORTUNISTIC
    assert (await met(shown.context(), demand, trust))[0] == b"ok"
    assert isinstance((await met(ROOT.issue(MX).context(), demand, trust))[0], UnmetDemandError)
