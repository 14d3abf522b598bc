"""What a peer shows and what is demanded of it, over real sockets."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from bitrixmail.model.destination import Level, TLSDemand, TLSReached
from bitrixmail.net.client_tls import ClientTLS, UnmetDemandError
from bitrixmail.outbound.security.dane import usable
from tests.fakes.authority import Authority, Issued, self_signed

NAME = "mx.example.org"
ROOT = Authority("root")
MIDDLE = Authority("middle", ROOT)
STRANGER = Authority("stranger")


@cache
def good() -> Issued:
    return MIDDLE.issue(NAME)


class Server(Protocol):
    """Turns to TLS at once, and notes what it hears. Made by a test."""

    def __init__(self, context: SSL.Context) -> None:
        self.context = context
        self.heard = b""
        self.server_name: bytes | None = None

    def serverConnectionForTLS(self, protocol: object) -> SSL.Connection:
        self.connection = SSL.Connection(self.context, None)
        return self.connection

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.startTLS(_creator(self))

    def dataReceived(self, data: bytes) -> None:
        self.heard += data
        self.server_name = self.connection.get_servername()
        transport: Any = self.transport
        transport.write(b"ok")


class Client(Protocol):
    def __init__(self, creator: Any) -> None:
        self.creator = creator
        self.ended: Deferred[object] = Deferred()

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.startTLS(self.creator)
        transport.write(b"secret")

    def dataReceived(self, data: bytes) -> None:
        self.ended.callback(data)
        transport: Any = self.transport
        transport.loseConnection()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        if not self.ended.called:
            self.ended.callback(reason.value)


def _creator(server: Server) -> Any:
    from twisted.internet.interfaces import (  # noqa: PLC0415 - for this one alone
        IOpenSSLServerConnectionCreator,
    )
    from zope.interface import directlyProvides  # noqa: PLC0415 - as above

    directlyProvides(server, IOpenSSLServerConnectionCreator)
    return server


async def met(
    context: SSL.Context, demand: TLSDemand, trust: Path
) -> tuple[object, TLSReached | None, Server]:
    """Connect; return what the client got (b"ok" or an error), what was reached, the server."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses it

    server = Server(context)
    port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(
        Factory.forProtocol(lambda: server)
    )
    creator = ClientTLS(trust).creator(demand)
    client = Client(creator)
    try:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        await endpoint.connect(Factory.forProtocol(lambda: client))
        outcome = await client.ended
    finally:
        await port.stopListening()
    return outcome, creator.reached, server


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ROOT.file(tmp_path_factory.mktemp("trust"))


VERIFIED = TLSDemand(Level.VERIFIED, NAME, (NAME,))
LOOSE = TLSDemand(Level.OPPORTUNISTIC, NAME, (NAME,))


async def test_a_good_certificate(trust: Path) -> None:
    outcome, reached, server = await met(good().context(), VERIFIED, trust)
    assert outcome == b"ok"
    assert reached is not None
    assert (reached.level, reached.by, reached.problem) == (Level.VERIFIED, "pkix", "")
    assert str(reached).startswith("TLSv1.3 TLS_")
    assert server.server_name == NAME.encode()


@pytest.mark.parametrize(
    ("shown", "problem"),
    [
        (lambda: MIDDLE.issue("other.example.org"), "not for mx.example.org"),
        (lambda: MIDDLE.issue(NAME, days=10), "has expired"),
        (lambda: STRANGER.issue(NAME), "unknown here"),
        (lambda: self_signed(NAME), "signed by itself"),
    ],
    ids=["name", "expired", "stranger", "self"],
)
async def test_a_bad_one_is_told_and_only_refused_where_that_is_demanded(
    trust: Path, shown: Any, problem: str
) -> None:
    context = shown().context()
    outcome, reached, server = await met(context, VERIFIED, trust)
    assert isinstance(outcome, UnmetDemandError)
    assert problem in str(outcome)
    assert server.heard == b""
    for level in (Level.OPPORTUNISTIC, Level.ENCRYPTED):
        outcome, reached, server = await met(context, TLSDemand(level, NAME, (NAME,)), trust)
        assert (outcome, server.heard) == (b"ok", b"secret")
        assert reached is not None
        assert reached.level is Level.ENCRYPTED
        assert problem in reached.problem


async def test_any_of_the_names_will_do_and_addresses_too(trust: Path) -> None:
    for names in (("other.example", NAME), ("MX.example.org",)):
        demand = TLSDemand(Level.VERIFIED, NAME, names)
        assert (await met(good().context(), demand, trust))[0] == b"ok"
    by_address = MIDDLE.issue("192.0.2.7").context()
    demand = TLSDemand(Level.VERIFIED, "", ("192.0.2.7",))
    outcome, _, server = await met(by_address, demand, trust)
    assert (outcome, server.server_name) == (b"ok", None)
    assert isinstance((await met(by_address, VERIFIED, trust))[0], UnmetDemandError)


async def test_no_old_tls(trust: Path) -> None:
    context = good().context(SSL.TLS1_VERSION, SSL.TLS1_1_VERSION)
    outcome, reached, server = await met(context, LOOSE, trust)
    assert isinstance(outcome, SSL.Error)
    assert (reached, server.heard) == (None, b"")
    context = good().context(SSL.TLS1_2_VERSION, SSL.TLS1_2_VERSION)
    outcome, reached, _ = await met(context, VERIFIED, trust)
    assert str(reached).startswith("TLSv1.2 ECDHE-ECDSA-AES")


@pytest.mark.parametrize("record", [(3, 1, 1), (3, 0, 1), (3, 1, 2), (3, 0, 0), (3, 1, 0)])
async def test_dane_of_the_certificate_itself(trust: Path, record: tuple[int, int, int]) -> None:
    """Neither its authority, its name nor its dates count (RFC 7672 §3.1.1)."""
    shown = self_signed("whatever.example", days=10)
    demand = TLSDemand(Level.VERIFIED, NAME, (NAME,), usable([shown.tlsa(*record)]), "dane")
    outcome, reached, _ = await met(shown.context(), demand, trust)
    assert outcome == b"ok"
    assert reached is not None
    assert (reached.level, reached.by) == (Level.VERIFIED, "dane")
    other = self_signed(NAME).context()
    outcome, _, server = await met(other, demand, trust)
    assert isinstance(outcome, UnmetDemandError)
    assert "TLSA" in str(outcome)
    assert server.heard == b""


@pytest.mark.parametrize("record", [(2, 0, 1), (2, 1, 1), (2, 1, 2), (2, 0, 0)])
@pytest.mark.parametrize("which", ["middle", "root"])
async def test_dane_of_an_authority(trust: Path, record: tuple[int, int, int], which: str) -> None:
    """Of one that nobody else trusts; names and dates do count (RFC 7672 §3.1.2)."""
    root = Authority("untrusted root")
    middle = Authority("untrusted middle", root)
    anchor = (middle if which == "middle" else root).issued
    demand = TLSDemand(Level.VERIFIED, NAME, (NAME,), usable([anchor.tlsa(*record)]), "dane")
    assert (await met(middle.issue(NAME).context(), demand, trust))[0] == b"ok"
    for shown, problem in (
        (middle.issue("other.example"), "is not for"),
        (middle.issue(NAME, days=10), "expired"),
        (good(), "TLSA"),
    ):
        outcome = (await met(shown.context(), demand, trust))[0]
        assert isinstance(outcome, UnmetDemandError)
        assert problem in str(outcome)


async def test_dane_is_not_taken_in_by_an_authority_that_is_only_shown(trust: Path) -> None:
    root = Authority("untrusted root")
    forged = self_signed(NAME)
    forged.chain.append(root.certificate)
    demand = TLSDemand(Level.VERIFIED, NAME, (NAME,), usable([root.issued.tlsa(2, 0, 1)]), "dane")
    assert isinstance((await met(forged.context(), demand, trust))[0], UnmetDemandError)
    leaf = usable([forged.tlsa(2, 0, 1)])  # it is no authority
    demand = TLSDemand(Level.VERIFIED, NAME, (NAME,), leaf, "dane")
    assert isinstance((await met(forged.context(), demand, trust))[0], UnmetDemandError)


async def test_trust_of_the_system_does_not_help_against_dane(trust: Path) -> None:
    records = usable([self_signed(NAME).tlsa(3, 1, 1)])
    demand = TLSDemand(Level.VERIFIED, NAME, (NAME,), records, "dane")
    assert isinstance((await met(good().context(), demand, trust))[0], UnmetDemandError)
