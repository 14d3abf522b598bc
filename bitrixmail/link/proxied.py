"""A door behind a proxy: whoever connects from there must say for whom, before anything else."""

from __future__ import annotations

from typing import Any, cast

from twisted.internet.address import IPv4Address as IPv4Peer
from twisted.internet.address import IPv6Address as IPv6Peer
from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocol, IProtocolFactory
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure

from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.link.peer import peer_of
from bitrixmail.link.proxy import Header, HeaderError, HeaderReader
from bitrixmail.link.refusal_lines import RefusalLines
from bitrixmail.link.sessions import Sessions
from bitrixmail.model.limits import listed

# The header is the first a proxy sends, so this is time enough for a lost packet or two
HEADER_TIMEOUT_S = 5.0
# Connections whose header has not come: no session counts them yet
MOST_WAITING = 1000


class Proxied(ServerFactory):
    """Stands before the factory of one listener. Made by compose, lives as long as the server.

    `inner` makes the sessions: the door itself, or the door under TLS, since the header comes
    before the handshake. Connections from elsewhere go straight to it.
    """

    noisy = False

    def __init__(self, inner: IProtocolFactory, door: Sessions, maillog: IMailLog) -> None:
        self.inner = inner
        self.clock = door.clock
        self.waiting = 0
        self._door = door
        self._refusals = RefusalLines(maillog, door.clock)

    def doStart(self) -> None:
        """See IProtocolFactory."""
        self.inner.doStart()

    def doStop(self) -> None:
        """See IProtocolFactory."""
        self.inner.doStop()

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Make a session, or what waits for a header and then makes one."""
        networks = self._door.proxy_networks()
        if networks and addr is not None and listed(peer_of(addr)[0], networks):
            return Unannounced(self)
        return cast("Protocol | None", self.inner.buildProtocol(cast("IAddress", addr)))

    def lacking(self) -> None:
        """See Sessions."""
        self._door.lacking()

    def refused(self, peer: IAddress, reason: str) -> None:
        """Write the mail log's line of a connection that never became a session."""
        self._refusals.write(peer_of(peer)[0], reason, told_as="reason")


class Unannounced(Protocol):
    """A connection whose header has not come. Made by Proxied, ends with the header or without.

    The session that takes its place is told the client's address by the transport, as if there
    were no proxy. Nothing is answered to what is no header: whoever is there is no mail client.
    """

    transport: Any  # ITCPTransport, and has a protocol that can be replaced

    def __init__(self, factory: Proxied) -> None:
        self._factory = factory
        self._reader = HeaderReader()
        self._timer: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Begin to wait."""
        if self._factory.waiting >= MOST_WAITING:
            self._refuse("too many connections without a PROXY header")
            return
        self._factory.waiting += 1
        self._timer = self._factory.clock.callLater(
            HEADER_TIMEOUT_S, self._refuse, "no PROXY header in time"
        )

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - why does not matter
        """Forget it: a proxy's look whether somebody listens is no mail, and no fault either."""
        self._over()

    def dataReceived(self, data: bytes) -> None:
        """Take octets of the header, and give the connection to a session behind the last."""
        if self.transport.disconnecting:
            return
        try:
            header = self._reader.take(data)
        except HeaderError as error:
            self._refuse(str(error))
            return
        if header is not None:
            self._over()
            self._hand_over(header)

    def _hand_over(self, header: Header) -> None:
        transport = self.transport
        if header.own:
            # a health check: see Sessions
            transport.uncounted = True
        if header.peer is not None:
            host, port = header.peer
            peer = (IPv6Peer if ":" in host else IPv4Peer)("TCP", host, port)
            transport.getPeer = lambda: peer
        session: IProtocol | None = self._factory.inner.buildProtocol(transport.getPeer())
        if session is None:
            transport.abortConnection()
            return
        transport.protocol = session
        session.makeConnection(transport)
        if header.rest:
            session.dataReceived(header.rest)

    def _over(self) -> None:
        """Count it out, once."""
        timer, self._timer = self._timer, None
        if timer is not None:
            self._factory.waiting -= 1
            if timer.active():
                timer.cancel()

    def _refuse(self, reason: str) -> None:
        self._factory.refused(self.transport.getPeer(), reason)
        self._over()
        self.transport.abortConnection()
