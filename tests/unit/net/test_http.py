"""Pages fetched over real sockets, from servers that can't be trusted."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.http import IHTTPClient
from bitrixmail.model.http import Fetched, FetchError
from bitrixmail.net.http import HTTPClient
from tests.fakes.authority import Authority, Issued
from tests.fakes.resolver import TableResolver

NAME = "mta-sts.example.org"
ROOT = Authority("root")
OK = b"HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"


@implementer(IOpenSSLServerConnectionCreator)
class Server(Protocol):
    """Answers each request by the same octets. Made by a test."""

    def __init__(self, issued: Issued, answer: bytes) -> None:
        self.issued, self.answer = issued, answer
        self.request = b""

    def serverConnectionForTLS(self, protocol: object) -> SSL.Connection:
        return SSL.Connection(self.issued.context(), None)

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.startTLS(self)

    def dataReceived(self, data: bytes) -> None:
        self.request += data
        transport: Any = self.transport
        transport.write(self.answer)


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ROOT.file(tmp_path_factory.mktemp("trust"))


async def fetched(
    trust: Path,
    answer: bytes,
    issued: Issued | None = None,
    *,
    name: str = NAME,
    private: bool = True,
    timeout_s: float = 5.0,
) -> tuple[Fetched, bytes]:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    server = Server(issued or ROOT.issue(NAME), answer)
    made: Callable[[], Protocol] = lambda: server
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(
        Factory.forProtocol(made)
    )
    resolver = TableResolver(f"{NAME}. 60 IN A 127.0.0.1")
    client = HTTPClient(reactor, resolver, trust, private=private)
    verifyObject(IHTTPClient, client)
    try:
        number = port.getHost().port
        page = await client.get(f"https://{name}:{number}/a/b.txt", 100, timeout_s)
    finally:
        await port.stopListening()
    return page, server.request


async def test_a_page(trust: Path) -> None:
    page, request = await fetched(trust, OK)
    assert page == Fetched(200, "text/plain", b"hello")
    assert request.startswith(b"GET /a/b.txt HTTP/1.1\r\n")
    assert b"Host: mta-sts.example.org:" in request


async def test_a_redirect_is_not_followed(trust: Path) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    page, _ = await fetched(trust, answer)
    assert page.status == 302


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 1000000\r\n\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"],
    ids=["told", "until the end", "chunked"],
)
async def test_too_large(trust: Path, head: bytes) -> None:
    with pytest.raises(FetchError, match="more than 100"):
        await fetched(trust, b"HTTP/1.1 200 OK\r\n" + head + b"x" * 1000)


async def test_too_slow(trust: Path) -> None:
    with pytest.raises(FetchError, match="longer than"):
        await fetched(trust, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", timeout_s=0.3)


async def test_another_certificate(trust: Path) -> None:
    for issued in (
        ROOT.issue("other.example.org"),
        Authority("else").issue(NAME),
        ROOT.issue(NAME, days=9),
    ):
        with pytest.raises(FetchError):
            await fetched(trust, OK, issued)


async def test_no_such_host_and_none_inside(trust: Path) -> None:
    with pytest.raises(FetchError, match="has no address"):
        await fetched(trust, OK, name="gone.example.org")
    with pytest.raises(FetchError, match=r"private network: 127\.0\.0\.1"):
        await fetched(trust, OK, private=False)
