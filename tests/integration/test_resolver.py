"""The resolver on real sockets: forgeries, cut answers, several servers, what is kept how long."""

from __future__ import annotations

import socket
from random import SystemRandom
from typing import Any

import dns.message
import dns.name
import dns.rrset
from dns.rdataclass import IN
from dns.rdatatype import A
from twisted.internet import reactor as running_reactor

from bitrixmail.model.dns import Lookup
from bitrixmail.net.name_servers import NameServer as Address
from bitrixmail.net.name_servers import parse_name_server
from bitrixmail.net.resolver import Resolver
from tests.fakes.name_server import NameServer

ZONE = ("mx.example.org. 600 IN A 192.0.2.1", "example.org. 600 IN MX 10 mx.example.org.")
FORGED = "203.0.113.66"


def resolver_of(*servers: NameServer | Address, timeout_s: float = 3.0, **more: Any) -> Resolver:
    addresses = [
        server if isinstance(server, Address) else parse_name_server(server.address)
        for server in servers
    ]
    return Resolver(
        more.pop("reactor", running_reactor), addresses, SystemRandom(), timeout_s, **more
    )


class LaterClock:
    """The running reactor, whose clock is ahead by `ahead_s`."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def seconds(self) -> float:
        return running_reactor.seconds() + self.ahead_s

    def __getattr__(self, name: str) -> Any:
        return getattr(running_reactor, name)


def forged(wire: bytes, query: dns.message.Message) -> dns.message.Message:
    """Return the true answer with the address of a stranger in it."""
    answer = dns.message.from_wire(wire)
    name = query.question[0].name
    answer.answer = [dns.rrset.from_text(name, 600, "IN", "A", FORGED)]
    return answer


async def test_an_answer_with_another_id_is_none() -> None:
    def spoil(wire: bytes, query: dns.message.Message) -> list[bytes]:
        answer = forged(wire, query)
        answer.id ^= 1
        return [answer.to_wire(), wire]

    with NameServer(*ZONE) as server:
        server.spoil = spoil
        assert (await resolver_of(server).look_up("mx.example.org", "A")).texts == ("192.0.2.1",)


async def test_an_answer_to_another_question_is_none() -> None:
    def spoil(wire: bytes, query: dns.message.Message) -> list[bytes]:
        answer = forged(wire, query)
        answer.question = [dns.rrset.RRset(dns.name.from_text("evil.example"), IN, A)]
        return [answer.to_wire(), wire]

    with NameServer(*ZONE) as server:
        server.spoil = spoil
        assert (await resolver_of(server).look_up("mx.example.org", "A")).texts == ("192.0.2.1",)


async def test_a_question_and_rubbish_are_no_answers() -> None:
    with NameServer(*ZONE) as server:
        server.spoil = lambda wire, query: [query.to_wire(), b"\x00", b"\xff" * 300, wire]
        assert (await resolver_of(server).look_up("mx.example.org", "A")).texts == ("192.0.2.1",)


async def test_records_of_other_names_are_not_taken() -> None:
    """An answer may hold whatever its sender likes; only what was asked for counts."""

    def spoil(wire: bytes, _query: dns.message.Message) -> list[bytes]:
        answer = dns.message.from_wire(wire)
        answer.answer.insert(0, dns.rrset.from_text("bank.example.", 600, "IN", "A", FORGED))
        return [answer.to_wire()]

    with NameServer(*ZONE) as server:
        server.spoil = spoil
        resolver = resolver_of(server)
        assert (await resolver.look_up("mx.example.org", "A")).texts == ("192.0.2.1",)
        server.spoil = lambda wire, _query: [wire]
        assert (await resolver.look_up("bank.example", "A")).lookup is Lookup.NXDOMAIN


async def test_a_flood_of_forgeries_ends() -> None:
    with NameServer(*ZONE) as server:
        server.spoil = lambda _wire, _query: [b"\xff" * 20] * 150
        answer = await resolver_of(server).look_up("mx.example.org", "A")
        assert answer.lookup is Lookup.SERVFAIL
        assert "no answer" in answer.detail


async def test_ids_and_ports_are_not_foreseeable() -> None:
    with NameServer(*ZONE) as server:
        resolver = resolver_of(server)
        for number in range(20):
            await resolver.look_up(f"n{number}.example.org", "A")
        ports = {port for _, _, _, port, _ in server.questions}
        ids = [question for *_, question in server.questions]
        assert len(ports) > 15
        assert len(set(ids)) > 15
        assert ids != sorted(ids)


async def test_a_cut_answer_is_asked_for_by_tcp() -> None:
    with NameServer(*ZONE) as server:
        server.cut = {"mx.example.org"}
        assert (await resolver_of(server).look_up("mx.example.org", "A")).texts == ("192.0.2.1",)
        assert [transport for _, _, transport, _, _ in server.questions] == ["udp", "tcp"]


async def test_a_server_without_edns_is_asked_without() -> None:
    with NameServer(*ZONE) as server:
        server.edns = False
        assert (await resolver_of(server).look_up("mx.example.org", "A")).texts == ("192.0.2.1",)
        assert len(server.questions) == 2


async def test_the_next_server_is_asked() -> None:
    with NameServer(*ZONE) as broken, NameServer(*ZONE) as well, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Address("127.0.0.1", taken.getsockname()[1])  # no UDP there: it refuses
        broken.failing = {"mx.example.org"}
        resolver = resolver_of(nobody, broken, well)
        assert (await resolver.look_up("mx.example.org", "A")).texts == ("192.0.2.1",)
        assert [len(server.questions) for server in (broken, well)] == [1, 1]


async def test_a_lost_datagram_is_sent_again() -> None:
    with NameServer(*ZONE) as server:
        lost: list[bytes] = []

        def spoil(wire: bytes, _query: dns.message.Message) -> list[bytes]:
            if lost:
                return [wire]
            lost.append(wire)
            return []

        server.spoil = spoil
        answer = await resolver_of(server).look_up("mx.example.org", "A")
        assert answer.texts == ("192.0.2.1",)
        assert len({question for *_, question in server.questions}) == 2


async def test_all_errors_are_told_and_silence_only_alone() -> None:
    with NameServer(*ZONE) as broken, NameServer(*ZONE) as mute:
        broken.failing = mute.silent = {"mx.example.org"}
        both = await resolver_of(mute, broken, timeout_s=0.3).look_up("mx.example.org", "A")
        assert both.lookup is Lookup.SERVFAIL
        assert broken.address not in mute.address
        alone = await resolver_of(mute, timeout_s=0.3).look_up("mx.example.org", "A")
        assert (alone.lookup, alone.detail) == (Lookup.TIMEOUT, f"no answer from {mute.address}")


class TestKept:
    """What the cache gives back."""

    async def test_as_long_as_it_holds(self) -> None:
        clock = LaterClock()
        with NameServer(*ZONE) as server:
            resolver = resolver_of(server, reactor=clock)
            for _ in range(2):
                assert (await resolver.look_up("mx.example.org", "A")).texts == ("192.0.2.1",)
            assert len(server.questions) == 1
            server.zone.put("mx.example.org. 600 IN A 192.0.2.2")
            clock.ahead_s = 590
            assert (await resolver.look_up("MX.example.org.", "A")).texts == ("192.0.2.1",)
            clock.ahead_s = 610
            assert (await resolver.look_up("mx.example.org", "A")).texts == ("192.0.2.2",)

    async def test_also_that_there_is_nothing_as_the_zone_says(self) -> None:
        clock = LaterClock()
        with NameServer(*ZONE) as server:
            resolver = resolver_of(server, reactor=clock)
            for _ in range(2):
                answer = await resolver.look_up("new.example.org", "A")
                assert answer.lookup is Lookup.NXDOMAIN
            assert len(server.questions) == 1
            clock.ahead_s = 61
            await resolver.look_up("new.example.org", "A")
            assert len(server.questions) == 2

    async def test_but_no_failure(self) -> None:
        with NameServer(*ZONE) as server:
            server.failing = {"mx.example.org"}
            resolver = resolver_of(server)
            assert (await resolver.look_up("mx.example.org", "A")).unknown
            server.failing = set()
            assert (await resolver.look_up("mx.example.org", "A")).texts == ("192.0.2.1",)

    async def test_not_more_than_so_many(self) -> None:
        with NameServer(*ZONE) as server:
            resolver = resolver_of(server, most_cached=2)
            for name in ("a", "b", "a", "c", "a", "b"):  # b has gone for c
                await resolver.look_up(f"{name}.example.org", "A")
            asked = [name[0] for name, *_ in server.questions]
            assert asked == ["a", "b", "c", "b"]
