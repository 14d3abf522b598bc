"""Calls over real sockets, to those who do not answer as one should."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.http import IHTTPCaller
from bitrixmail.model.dns import Answer
from bitrixmail.model.http import Call, Called, CallError
from bitrixmail.net.http_calls import HTTPCaller
from bitrixmail.net.reachable import PrivateHosts
from tests.fakes.authority import Authority, Issued
from tests.fakes.delivering import pause, reactor
from tests.fakes.resolver import TableResolver
from tests.unit.net.test_http import ROOT, Server

HEAD = b"HTTP/1.1 200 OK\r\n"


class Talker(Protocol):
    """Says something to whoever asks, and perhaps ends. Made by a test."""

    def __init__(self, words: bytes, *, ends: bool) -> None:
        self.words, self.ends = words, ends
        self.request = b""
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        self.request += data
        transport: Any = self.transport
        transport.write(self.words)
        if self.ends:
            transport.loseConnection()

    def connectionLost(self, reason: object = None) -> None:
        self.lost = True


async def called(
    words: bytes,
    *,
    ends: bool = False,
    url: str = "http://a.example:{port}/x",
    timeout_s: float = 5.0,
    allowed: str = "127.0.0.1:{port}",
    resolver: TableResolver | None = None,
) -> tuple[Called | CallError, Talker]:
    talker = Talker(words, ends=ends)
    made: Callable[[], Protocol] = lambda: talker
    listening = await TCP4ServerEndpoint(reactor(), 0, interface="127.0.0.1").listen(
        Factory.forProtocol(made)
    )
    port = listening.getHost().port
    caller = HTTPCaller(
        reactor(),
        resolver or TableResolver("a.example. 60 IN A 127.0.0.1"),
        PrivateHosts([allowed.format(port=port)]),
    )
    verifyObject(IHTTPCaller, caller)
    call = Call(url.format(port=port), b"{}", "application/json", (("X-Key", "сч"),))
    try:
        found: Called | CallError = await caller.call(call, 10, timeout_s)
    except CallError as error:
        found = error
    await listening.stopListening()
    await pause(0.02)
    return found, talker


async def test_an_answer_and_what_was_asked() -> None:
    found, talker = await called(HEAD + b"Content-Length: 2\r\n\r\nhi")
    assert isinstance(found, Called)
    assert (found.status, found.phrase, found.body, found.address) == (
        200,
        "OK",
        b"hi",
        "127.0.0.1",
    )
    assert talker.request.startswith(b"POST /x HTTP/1.1\r\n")
    for field in (
        b"Content-Type: application/json",
        b"X-Key: \xd1\x81\xd1\x87",
        b"Content-Length: 2",
    ):
        assert b"\r\n" + field.lower() + b"\r\n" in talker.request.lower()
    assert talker.request.endswith(b"\r\n\r\n{}")
    assert talker.lost


async def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    for tail in (b"Content-Length: 1000000\r\n\r\n", b"\r\n"):
        found, talker = await called(HEAD + tail + b"x" * 500_000)
        assert isinstance(found, Called)
        assert found.body == b"x" * 10
        assert talker.lost


async def test_an_answer_that_is_packed_is_not_unpacked() -> None:
    packed = b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"
    found, _ = await called(HEAD + packed)
    assert isinstance(found, Called)
    assert found.body == b"hello"


async def test_once_the_status_is_there_nobody_waits_for_the_rest() -> None:
    begun = reactor().seconds()
    found, talker = await called(HEAD + b"Content-Length: 9\r\n\r\nhi", timeout_s=0.3)
    assert isinstance(found, Called)
    assert found.body == b"hi"
    assert reactor().seconds() - begun < 3
    assert talker.lost


@pytest.mark.parametrize("words", [b"", HEAD, b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_none_in_time(words: bytes) -> None:
    found, talker = await called(words, timeout_s=0.2)
    assert isinstance(found, CallError)
    assert (str(found), found.down) == ("it does not answer within 0.2 s", False)
    assert talker.lost


@pytest.mark.parametrize("words", [b"220 mail ESMTP\r\n", b"\0" * 100])
async def test_what_is_no_answer(words: bytes) -> None:
    found, _ = await called(words, ends=True)
    assert isinstance(found, CallError)
    assert not found.down


async def test_nobody_there() -> None:
    found, _ = await called(b"", url="http://gone.example/")
    assert isinstance(found, CallError)
    assert (str(found), found.down, found.host) == (
        "gone.example has no address", True, "gone.example:80",
    )  # fmt: skip
    found, _ = await called(b"", url="http://a.example:1/", allowed="127.0.0.1:1")
    assert isinstance(found, CallError)
    assert found.down
    assert "refused" in str(found)


async def test_the_address_that_was_looked_at_is_connected_to() -> None:
    """A name that leads elsewhere at a second look is not looked up a second time."""

    class Turning(TableResolver):
        async def look_up(self, name: str, kind: str) -> Answer:
            answer = await super().look_up(name, kind)
            first = sum(asked == (name, kind) for asked in self.asked) == 1
            if kind != "A" or first:
                return answer
            return replace(answer, records=(replace(answer.records[0], text="127.0.0.1"),))

    resolver = Turning("a.example. 60 IN A 10.0.0.1")
    found, talker = await called(HEAD, allowed="127.0.0.9", resolver=resolver)
    assert isinstance(found, CallError)
    assert (found.refused, talker.request) == (True, b"")
    assert resolver.asked.count(("a.example", "A")) == 1


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://a.example:{port}/", "127.0.0.1"),
        ("http://127.0.0.1:{port}/", ""),
        ("http://[::ffff:127.0.0.1]:{port}/", ""),
        ("http://localhost:{port}/", ""),
        ("http://x.localhost:{port}/", ""),
        ("http://169.254.169.254/latest/meta-data/", ""),
    ],
)
async def test_no_address_inside_is_connected_to(url: str, address: str) -> None:
    resolver = TableResolver(f"a.example. 60 IN A {address or '10.0.0.1'}")
    found, talker = await called(HEAD, url=url, allowed="127.0.0.1:1", resolver=resolver)
    assert isinstance(found, CallError)
    assert (found.refused, found.down, talker.request) == (True, True, b"")
    assert "an address of a private network" in str(found)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (b"ftp://a.example/", "redirects to what must begin with https:// or http://"),
        (b"http://user@a.example/", "redirects to what must have no name or password"),
        (b"http://10.0.0.1/", "redirected to 10.0.0.1:80: 10.0.0.1 has an address of a private"),
        (b"http://[::1]:22/", "redirected to [::1]:22: ::1 has an address of a private network"),
    ],
)
async def test_where_no_redirect_leads(location: bytes, reason: str) -> None:
    words = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
    found, _ = await called(words)
    assert isinstance(found, CallError)
    assert str(found).startswith(reason)
    assert not found.down


async def test_an_address_of_ipv6_can_be_called() -> None:
    talker = Talker(HEAD + b"Content-Length: 2\r\n\r\nhi", ends=False)
    made: Callable[[], Protocol] = lambda: talker
    listening = await TCP6ServerEndpoint(reactor(), 0, interface="::1").listen(
        Factory.forProtocol(made)
    )
    place = f"[::1]:{listening.getHost().port}"
    caller = HTTPCaller(reactor(), TableResolver(), PrivateHosts([place]))
    found = await caller.call(Call(f"http://{place}/", b"{}", "text/plain"), 10, 5)
    await listening.stopListening()
    await pause(0.02)
    assert (found.body, found.host, found.address) == (b"hi", place, "::1")
    assert b"\r\nHost: " + place.encode() in talker.request


@pytest.mark.parametrize(
    ("issued", "location", "reason"),
    [
        (ROOT.issue("a.example"), b"", ""),
        (ROOT.issue("b.example"), b"", "match"),
        (Authority("else").issue("a.example"), b"", "certificate verify failed"),
        (ROOT.issue("a.example"), b"http://8.8.8.8/", "redirects from https to http"),
    ],
    ids=["right", "another name", "another authority", "downgrade"],
)
async def test_by_tls_only_to_the_right_one(
    tmp_path: Path, issued: Issued, location: bytes, reason: str
) -> None:
    words = HEAD + b"Content-Length: 2\r\n\r\nhi"
    if location:
        words = b"HTTP/1.1 307 X\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
    server = Server(issued, words)
    made: Callable[[], Protocol] = lambda: server
    listening = await TCP4ServerEndpoint(reactor(), 0, interface="127.0.0.1").listen(
        Factory.forProtocol(made)
    )
    port = listening.getHost().port
    resolver = TableResolver("a.example. 60 IN A 127.0.0.1")
    hosts = PrivateHosts([f"a.example:{port}"])
    caller = HTTPCaller(reactor(), resolver, hosts, ROOT.file(tmp_path))
    call = Call(f"https://a.example:{port}/", b"secret", "text/plain")
    told = ""
    try:
        await caller.call(call, 10, 5)
    except CallError as error:
        told = str(error)
    await listening.stopListening()
    await pause(0.02)
    assert (reason in told) if reason else not told
    assert (b"secret" in server.request) is (not reason or bool(location))
