"""What everything does that asks the DNS."""

from __future__ import annotations

from collections.abc import Iterator
from random import SystemRandom
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import Lookup, Record
from bitrixmail.net.name_servers import parse_name_server
from bitrixmail.net.resolver import Resolver
from tests.fakes.name_server import NameServer
from tests.fakes.resolver import TableResolver

ZONE = (
    "example.org. 3600 IN MX 20 backup.example.net.",
    "example.org. 3600 IN MX 10 MX.Example.ORG.",
    'example.org. 300 IN TXT "v=spf1 " "mx -all"',
    "mx.example.org. 600 IN A 192.0.2.1",
    "mx.example.org. 600 IN AAAA 2001:db8::1",
    "1.2.0.192.in-addr.arpa. 60 IN PTR mx.example.org.",
    "null.example. 60 IN MX 0 .",
    "www.example.org. 300 IN CNAME web.example.org.",
    "web.example.org. 200 IN CNAME mx.example.org.",
    "astray.example.org. 300 IN CNAME gone.example.org.",
    "half.example.org. 300 IN CNAME example.org.",
    "ring.example.org. 300 IN CNAME round.example.org.",
    "round.example.org. 300 IN CNAME ring.example.org.",
    ". 3600 IN NS a.root.example.",
    "_25._tcp.mx.example.org. 60 IN TLSA 3 1 1 " + "0A" * 32,
)
FAILING, SILENT = "broken.example.org", "mute.example.org"
SIGNED = {"mx.example.org", "web.example.org", "gone.example.org"}


@pytest.fixture(params=["table", "sockets", "sockets-ipv6", "sockets-one-alias-each"])
def resolver(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Each provider: the table, and the real one before a server on loopback."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    if request.param == "table":
        table = TableResolver(*ZONE)
        table.failing, table.silent, table.signed = {FAILING}, {SILENT}, SIGNED
        yield table
        return
    host = "::1" if request.param.endswith("ipv6") else "127.0.0.1"
    with NameServer(*ZONE, host=host) as server:
        server.failing, server.silent, server.signed = {FAILING}, {SILENT}, SIGNED
        server.halves = request.param.endswith("each")
        yield Resolver(reactor, [parse_name_server(server.address)], SystemRandom(), 0.2)


def test_it_is_one(resolver: Any) -> None:
    verifyObject(IResolver, resolver)


async def test_mx_records_come_by_preference_in_lower_case(resolver: Any) -> None:
    for name in ("example.org", "Example.ORG."):
        answer = await resolver.look_up(name, "MX")
        assert answer.lookup is Lookup.FOUND
        assert answer.name == "example.org"
        assert answer.records == (
            Record("mx.example.org", 3600, 10),
            Record("backup.example.net", 3600, 20),
        )
        assert (answer.ttl_s, answer.aliases, answer.unknown) == (3600, (), False)


@pytest.mark.parametrize(
    ("name", "kind", "texts"),
    [
        ("mx.example.org", "A", ("192.0.2.1",)),
        ("mx.example.org", "AAAA", ("2001:db8::1",)),
        ("1.2.0.192.in-addr.arpa", "PTR", ("mx.example.org",)),
        ("example.org", "TXT", ("v=spf1 mx -all",)),
        ("null.example", "MX", (".",)),
        ("www.example.org", "CNAME", ("web.example.org",)),
        (".", "NS", ("a.root.example",)),
        ("_25._tcp.mx.example.org", "TLSA", ("3 1 1 " + "0a" * 32,)),
    ],
)
async def test_every_kind(resolver: Any, name: str, kind: str, texts: tuple[str, ...]) -> None:
    assert (await resolver.look_up(name, kind)).texts == texts


async def test_no_name_is_not_no_records(resolver: Any) -> None:
    gone = await resolver.look_up("gone.example.org", "A")
    assert (gone.lookup, gone.records, gone.unknown) == (Lookup.NXDOMAIN, (), False)
    bare = await resolver.look_up("mx.example.org", "MX")
    assert (bare.lookup, bare.records, bare.unknown) == (Lookup.NODATA, (), False)


@pytest.mark.parametrize("name", ["a" * 64 + ".example.org", "a..b", ".".join(["abcdefg"] * 40)])
async def test_what_is_no_name_does_not_exist(resolver: Any, name: str) -> None:
    assert (await resolver.look_up(name, "A")).lookup is Lookup.NXDOMAIN


async def test_aliases_are_followed_and_told(resolver: Any) -> None:
    answer = await resolver.look_up("www.example.org", "A")
    assert answer.texts == ("192.0.2.1",)
    assert (answer.name, answer.aliases) == (
        "www.example.org",
        ("web.example.org", "mx.example.org"),
    )


async def test_an_alias_to_nothing(resolver: Any) -> None:
    answer = await resolver.look_up("astray.example.org", "A")
    assert (answer.lookup, answer.aliases) == (Lookup.NXDOMAIN, ("gone.example.org",))
    answer = await resolver.look_up("half.example.org", "A")
    assert (answer.lookup, answer.aliases) == (Lookup.NODATA, ("example.org",))


async def test_aliases_in_a_circle_end(resolver: Any) -> None:
    answer = await resolver.look_up("ring.example.org", "A")
    assert answer.lookup is Lookup.SERVFAIL
    assert "circle" in answer.detail


async def test_an_error_is_not_silence(resolver: Any) -> None:
    failing = await resolver.look_up(FAILING, "A")
    assert (failing.lookup, failing.unknown) == (Lookup.SERVFAIL, True)
    assert "SERVFAIL" in failing.detail
    silent = await resolver.look_up(SILENT, "A")
    assert (silent.lookup, silent.unknown) == (Lookup.TIMEOUT, True)
    assert "no answer from" in silent.detail


@pytest.mark.parametrize(
    ("name", "authentic"),
    [
        ("mx.example.org", True),
        ("web.example.org", True),
        ("gone.example.org", True),
        ("example.org", False),
        ("www.example.org", False),
        ("astray.example.org", False),
        (FAILING, False),
    ],
)
async def test_dnssec_must_hold_for_every_name(resolver: Any, name: str, authentic: bool) -> None:
    assert (await resolver.look_up(name, "A")).authentic is authentic


async def test_a_server_elsewhere_is_not_believed() -> None:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    with NameServer(*ZONE) as server:
        server.spoil = lambda wire, _query: [wire[:3] + bytes([wire[3] | 0x20]) + wire[4:]]  # AD
        servers = [parse_name_server(server.address)]
        resolver = Resolver(reactor, servers, SystemRandom(), 0.2, validates=False)
        assert not (await resolver.look_up("mx.example.org", "A")).authentic
