"""Listening sockets: bound with the rights of the start, read once the store is open."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import errno
import os
import socket
from typing import Any, cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProtocolFactory, IReactorSocket
from twisted.internet.tcp import Port
from twisted.logger import Logger
from twisted.python.failure import Failure

from bitrixmail.admin.probes.holders import holders_of
from bitrixmail.app.accepting import Acceptance
from bitrixmail.app.endpoints import Endpoint
from bitrixmail.app.obstacles import cannot_listen, place_of
from bitrixmail.model.errors import SetupError

_log = Logger()
# Connections that may wait to be accepted: while the store opens they all do.
_BACKLOG = 511
_SO_DOMAIN = getattr(socket, "SO_DOMAIN", 39)


class Listener(Service):
    """One endpoint of one door. Made by compose, lives as long as the server.

    Between binding and `open` the system takes connections on, and nobody greets them.
    """

    def __init__(
        self, reactor: IReactorSocket, door: str, endpoint: Endpoint, factory: IProtocolFactory
    ) -> None:
        self.setName(f"{door} {endpoint}")
        self.door = door
        self.endpoint = endpoint
        self._reactor = reactor
        self._factory = factory
        self._port: Port | None = None
        self._acceptance: Acceptance | None = None

    def privilegedStartService(self) -> None:
        """Bind the socket. Raises SetupError."""
        super().privilegedStartService()
        try:
            self._port = bind(self._reactor, self.endpoint, self._factory)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE and self.endpoint.port
            holders = holders_of(self.endpoint.port) if taken else ()
            raise cannot_listen(self.door, self.endpoint, error, holders) from error
        except LookupError:
            raise _not_inherited(self.door, self.endpoint) from None
        self._port.stopReading()
        self._acceptance = Acceptance(self._reactor, f"listen.{self.door}", self._port)
        self._check_family(self._port)

    def _check_family(self, port: Port) -> None:
        """Refuse an inherited socket of another family: its peers' addresses would be misread."""
        if self.endpoint.kind != "systemd":
            return
        family = socket.AddressFamily(port.socket.getsockopt(socket.SOL_SOCKET, _SO_DOMAIN))
        found = family.name.removeprefix("AF_")
        if found != self.endpoint.arguments["domain"]:
            problem = f"listen.{self.door}: {self.endpoint}: the inherited socket is {found}"
            raise SetupError(problem, f"write domain={found} in it", exit_code=os.EX_CONFIG)

    @property
    def port_number(self) -> int:
        """The TCP port that was bound; 0 if there is none."""
        host = self._port.getHost() if self._port is not None else None
        return int(getattr(host, "port", 0))

    def open(self) -> None:
        """Begin to accept connections, those that wait first."""
        if self._acceptance is not None:
            self._acceptance.begin()
            _log.info(
                "{door} listens on {place}",
                door=self.door,
                place=place_of(self.endpoint),
                port=self.port_number,
            )

    def close(self) -> Deferred[None]:
        """Give the socket back. May be called twice."""
        port, self._port = self._port, None
        acceptance, self._acceptance = self._acceptance, None
        if port is None or acceptance is None:
            return succeed(None)
        acceptance.stop()
        closing: Deferred[None] | None = port.stopListening()
        return closing or succeed(None)

    def stopService(self) -> Deferred[None]:
        """See `close`."""
        super().stopService()
        return self.close()


def bind(reactor: IReactorSocket, endpoint: Endpoint, factory: IProtocolFactory) -> Port:
    """Bind and listen at once. Raises OSError, or LookupError for a socket not inherited."""
    if endpoint.everywhere:
        return _bind_everywhere(reactor, endpoint, factory)
    outcome: list[Any] = []
    # These endpoints never wait: their Deferred has fired.
    serverFromString(reactor, _with_backlog(endpoint)).listen(factory).addBoth(outcome.append)
    if isinstance(outcome[0], Failure):
        error = outcome[0].value
        if isinstance(error, CannotListenError):
            cause = error.socketError
            raise cause if isinstance(cause, OSError) else OSError(errno.EIO, str(error))
        outcome[0].raiseException()
    return cast("Port", outcome[0])


def _with_backlog(endpoint: Endpoint) -> str:
    """Return its text with our backlog: in Twisted's, 50, a burst makes clients wait a second."""
    if endpoint.kind == "systemd" or "backlog" in endpoint.arguments:
        return endpoint.text
    return f"{endpoint.text}:backlog={_BACKLOG}"


def _bind_everywhere(
    reactor: IReactorSocket, endpoint: Endpoint, factory: IProtocolFactory
) -> Port:
    """Listen on all addresses: one socket for IPv6 and IPv4 (RFC 3493 §5.3), else IPv4 alone."""
    backlog = int(endpoint.arguments.get("backlog", _BACKLOG))
    family = socket.AF_INET6
    try:
        bound = socket.create_server(
            ("::", endpoint.port), family=family, backlog=backlog, dualstack_ipv6=True
        )
    except (OSError, ValueError) as error:
        lacking = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
        if isinstance(error, OSError) and error.errno not in lacking:
            raise
        family = socket.AF_INET
        bound = socket.create_server(("0.0.0.0", endpoint.port), backlog=backlog)  # noqa: S104 - asked for
    with bound:  # adopting makes a copy
        bound.setblocking(False)
        return cast("Port", reactor.adoptStreamPort(bound.fileno(), family, cast("Any", factory)))


def _not_inherited(door: str, endpoint: Endpoint) -> SetupError:
    name = endpoint.arguments.get("name")
    return SetupError(
        f"listen.{door}: {endpoint}: no such socket was inherited from systemd",
        f"start it by its socket unit, which needs FileDescriptorName={name}"
        if name
        else "start it by its socket unit: systemctl start bitrixmail.socket",
        exit_code=os.EX_CONFIG,
    )
