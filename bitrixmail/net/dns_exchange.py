"""One question to one name server: by UDP, and by TCP if the answer was cut (RFC 1035, RFC 7766).

A stranger who forges answers must guess the id, the source port and the question (RFC 5452): the
socket is new for each question and takes datagrams from its server alone.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from typing import Any

from dns.exception import DNSException
from dns.flags import TC
from dns.message import Message, QueryMessage, from_wire
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.protocol import DatagramProtocol, Factory
from twisted.protocols.basic import Int16StringReceiver
from twisted.python.failure import Failure

from bitrixmail.net.name_servers import NameServer
from bitrixmail.tasks import deadline

_DATAGRAM_OCTETS = 65535
_MOST_FORGERIES = 100


class ExchangeError(Exception):
    """The server was not reached, or what it says is no answer; begins with the server."""


async def exchange(
    reactor: Any, server: NameServer, query: QueryMessage, timeout_s: float
) -> Message:
    """Ask a question; return the answer to it, whatever it says.

    Raises TimeoutError, or ExchangeError with the reason. `reactor`: IReactorUDP, IReactorTCP,
    IReactorTime.
    """
    answer = await deadline(_by_datagram(reactor, server, query), timeout_s, reactor)
    if answer.flags & TC:
        answer = await deadline(_by_stream(reactor, server, query), timeout_s, reactor)
    return answer


async def _by_datagram(reactor: Any, server: NameServer, query: QueryMessage) -> Message:
    asking = _Datagrams(server, query)
    interface = "::" if server.is_ipv6 else ""
    try:
        port = reactor.listenUDP(0, asking, interface, _DATAGRAM_OCTETS)
    except OSError as error:
        raise ExchangeError(str(error)) from error
    try:
        return await asking.answer
    finally:
        await maybeDeferred(port.stopListening)  # which may have happened


async def _by_stream(reactor: Any, server: NameServer, query: QueryMessage) -> Message:
    kind = TCP6ClientEndpoint if server.is_ipv6 else TCP4ClientEndpoint
    endpoint = kind(reactor, server.address, server.port)
    asking = _Stream(server, query)
    try:
        await endpoint.connect(Factory.forProtocol(lambda: asking))
    except ConnectError as error:
        reason = os.strerror(error.osError) if error.osError else str(error)
        raise ExchangeError(f"{server} takes no connection: {reason}") from error
    except ConnectingCancelledError as error:  # which is none of Twisted's own
        raise CancelledError from error
    try:
        return await asking.answer
    finally:
        await asking.aborted()


def _parsed(octets: bytes, query: QueryMessage) -> Message | None:
    """Return the message if it answers the query, else None."""
    try:
        message = from_wire(octets)
    except (DNSException, ValueError):
        return None
    return message if query.is_response(message) else None


class _Datagrams(DatagramProtocol):
    """Waits for the datagram that answers. Made for one question, on a socket of its own."""

    def __init__(self, server: NameServer, query: QueryMessage) -> None:
        self.answer: Deferred[Message] = Deferred()
        self._server = server
        self._query = query
        self._forgeries = 0

    def startProtocol(self) -> None:
        """Send the question; the kernel then drops what comes from elsewhere."""
        transport: Any = self.transport
        try:
            transport.connect(self._server.address, self._server.port)
            transport.write(self._query.to_wire())
        except OSError as error:  # there is no way to it
            self._fail(f"{self._server} can't be reached: {error.strerror or error}")

    def datagramReceived(self, datagram: bytes, addr: object) -> None:  # noqa: ARG002
        """Take the answer; what is none is no reason to stop waiting, up to a bound."""
        if self.answer.called:
            return
        message = _parsed(datagram, self._query)
        if message is not None:
            self.answer.callback(message)
            return
        self._forgeries += 1
        if self._forgeries >= _MOST_FORGERIES:
            self._fail(f"{self._server} sends what is no answer")

    def stopProtocol(self) -> None:
        """Nobody listens there: that closes the socket, as the end of the question does."""
        self._fail(f"{self._server} refuses")

    connectionRefused = stopProtocol

    def _fail(self, reason: str) -> None:
        if not self.answer.called:
            self.answer.errback(Failure(ExchangeError(reason)))


class _Stream(Int16StringReceiver):
    """Asks over a connection and takes the one answer. Made for one question."""

    def __init__(self, server: NameServer, query: QueryMessage) -> None:
        super().__init__()
        self.answer: Deferred[Message] = Deferred()
        self._ended: Deferred[None] = Deferred()
        self._server = server
        self._query = query

    def connectionMade(self) -> None:
        """Send the question."""
        self.sendString(self._query.to_wire())

    def stringReceived(self, string: bytes) -> None:
        """Take the answer."""
        message = None if self.answer.called else _parsed(string, self._query)
        if message is not None:
            self.answer.callback(message)
        else:
            self._fail("sends what is no answer")

    def connectionLost(self, reason: object = None) -> None:  # noqa: ARG002
        """The server has hung up."""
        self._fail("hung up before it answered")
        self._ended.callback(None)

    def aborted(self) -> Deferred[None]:
        """Cut the connection; fires when it has ended."""
        transport: Any = self.transport
        transport.abortConnection()
        return self._ended

    def _fail(self, reason: str) -> None:
        if not self.answer.called:
            self.answer.errback(Failure(ExchangeError(f"{self._server} {reason}")))
