"""One question to one name server: by UDP, and by TCP if the answer was cut (RFC 1035, RFC 7766).

A stranger who forges answers must guess the id, the source port and the question (RFC 5452): the
socket is new for each question and takes datagrams from its server alone.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
import socket
from typing import Any

from dns.exception import DNSException
from dns.flags import TC
from dns.message import Message, QueryMessage, from_wire
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import ConnectError, ConnectingCancelledError
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import Factory
from twisted.protocols.basic import Int16StringReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

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

    Raises TimeoutError, or ExchangeError with the reason. `reactor`: IReactorFDSet,
    IReactorTCP, IReactorTime.
    """
    answer = await deadline(_by_datagram(reactor, server, query), timeout_s, reactor)
    if answer.flags & TC:
        answer = await deadline(_by_stream(reactor, server, query), timeout_s, reactor)
    return answer


async def _by_datagram(reactor: Any, server: NameServer, query: QueryMessage) -> Message:
    try:
        asking = _Datagrams(reactor, server, query)
    except OSError as error:  # out of descriptors, or there is no IPv6
        raise ExchangeError(f"{server} can't be asked: {error.strerror or error}") from error
    try:
        asking.send()
        return await asking.answer
    finally:
        asking.close()


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


@implementer(IReadDescriptor)
class _Datagrams:
    """Waits for the datagram that answers, on a connected socket. Made for one question.

    The reactor's own UDP ports would write two lines into the log for each.
    """

    def __init__(self, reactor: Any, server: NameServer, query: QueryMessage) -> None:
        self.answer: Deferred[Message] = Deferred()
        self._reactor = reactor
        self._server = server
        self._query = query
        self._forgeries = 0
        family = socket.AF_INET6 if server.is_ipv6 else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def send(self) -> None:
        """Send the question; from now on the kernel drops what comes from elsewhere."""
        try:
            self._socket.connect((self._server.address, self._server.port))
            self._socket.send(self._query.to_wire())
        except OSError as error:  # there is no way to it
            self._fail(f"can't be reached: {error.strerror or error}")
        else:
            self._reactor.addReader(self)

    def close(self) -> None:
        """Wait no longer."""
        self._reactor.removeReader(self)
        self._socket.close()

    def fileno(self) -> int:
        """See IReadDescriptor."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """See IReadDescriptor."""
        return "dns"

    def doRead(self) -> None:
        """Take the answer; what is none is no reason to stop waiting, up to a bound."""
        try:
            datagram = self._socket.recv(_DATAGRAM_OCTETS)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(f"refuses: {error.strerror or error}")
            return
        message = None if self.answer.called else _parsed(datagram, self._query)
        if message is not None:
            self.answer.callback(message)
            return
        self._forgeries += 1
        if self._forgeries >= _MOST_FORGERIES:
            self._fail("sends what is no answer")

    def connectionLost(self, reason: object) -> None:  # noqa: ARG002
        """Nobody listens there: the reactor tells an error of the socket in this way."""
        self._fail("refuses")

    def _fail(self, reason: str) -> None:
        if not self.answer.called:
            self.answer.errback(Failure(ExchangeError(f"{self._server} {reason}")))


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
