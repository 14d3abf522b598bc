"""Listening sockets: bound with the rights of the start, read once the store is open."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep  # noqa: TID251 - the reactor does not run yet
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
from bitrixmail.app.listening.accepting import Acceptance
from bitrixmail.app.machine.obstacles import cannot_listen, place_of
from bitrixmail.app.receiving.orders import MODULE
from bitrixmail.app.settings.endpoints import Endpoint
from bitrixmail.model.errors import SetupError

_log = Logger()
# Connections that may wait to be accepted: while the store opens they all do.
_BACKLOG = 511
# How long a receiver may see late that its server is gone
_LINGER_S = 2.0
_SO_DOMAIN = getattr(socket, "SO_DOMAIN", 39)


class Listener(Service):
    """One endpoint of one door. Made by compose, lives as long as the server.

    Between binding and `open` the system takes connections on, and nobody greets them. Of one of
    `processes` it binds a socket for each: the system deals connections out (SO_REUSEPORT). The
    server holds them all, so that nothing is lost with a receiver; while that is away, it accepts
    in its place.
    """

    def __init__(
        self,
        reactor: IReactorSocket,
        door: str,
        endpoint: Endpoint,
        factory: IProtocolFactory,
        *,
        processes: int = 1,
    ) -> None:
        self.setName(f"{door} {endpoint}")
        self.door = door
        self.endpoint = endpoint
        self._reactor = reactor
        self._factory = factory
        self._processes = processes
        # All accept on one socket; and those receivers that do now
        self._one_for_all = False
        self._beside: set[int] = set()
        self._port: Port | None = None
        self._acceptance: Acceptance | None = None
        # Those of the receivers, the first one's first
        self._theirs: list[tuple[Port, Acceptance]] = []

    def privilegedStartService(self) -> None:
        """Bind the socket. Raises SetupError."""
        super().privilegedStartService()
        try:
            port = self._bound()
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE and self.endpoint.port
            holders = holders_of(self.endpoint.port) if taken else ()
            raise cannot_listen(self.door, self.endpoint, error, holders) from error
        except LookupError:
            raise _not_inherited(self.door, self.endpoint) from None
        self._check_family(port)
        if self._processes > 1 and port.addressFamily != socket.AF_UNIX:
            self._bind_theirs(port)
        self._take(port)

    def _bound(self) -> Port:
        """Bind; what a receiver of a server that was killed still holds is free in a moment."""
        until = monotonic() + (_LINGER_S if self._processes > 1 else 0)
        while True:
            try:
                return bind(self._reactor, self.endpoint, self._factory)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or monotonic() >= until:
                    raise
                if not _left_behind(self.endpoint.port):
                    raise
            sleep(_LINGER_S / 20)

    def _bind_theirs(self, port: Port) -> None:
        """Bind the receivers' sockets beside ours; where that is not allowed they share ours.

        Ours was bound without the option, so another server's does not get between them.
        """
        try:
            port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            for _ in range(1, self._processes):
                with _bound_beside(port.socket, self._backlog()) as bound:
                    theirs = _adopted(self._reactor, bound.fileno(), bound.family, self._factory)
                theirs.stopReading()
                self._theirs.append((theirs, self._accepting(theirs)))
        except OSError as error:  # systemd's socket on port 25, say
            self._close_theirs()
            self._one_for_all = True
            _log.debug("{name}: one socket for all: {error}", name=self.name, error=error)

    def _backlog(self) -> int:
        return int(self.endpoint.arguments.get("backlog", _BACKLOG))

    def _accepting(self, port: Port) -> Acceptance:
        return Acceptance(self._reactor, f"listen.{self.door}", port)

    def adopt(self, descriptor: int, family: socket.AddressFamily) -> None:
        """Take a socket that the server has bound; the descriptor is closed."""
        port = _adopted(self._reactor, descriptor, family, self._factory)
        os.close(descriptor)  # adopting makes a copy
        self._take(port)

    def _take(self, port: Port) -> None:
        self._port = port
        port.stopReading()
        self._acceptance = self._accepting(port)

    def lent(self, process: int) -> tuple[int, socket.AddressFamily] | None:
        """Return descriptor and family of the socket where a receiver accepts; None: there is none.

        A local socket is the server's alone.
        """
        port = self._theirs[process - 1][0] if self._theirs else self._port
        if port is None or port.addressFamily == socket.AF_UNIX:
            return None
        return port.fileno(), socket.AddressFamily(port.addressFamily)

    def stand_in(self, process: int) -> None:
        """Accept in the place of a receiver that is gone, or rests. May be called again."""
        if self._theirs:
            self._theirs[process - 1][1].begin()
        self._beside.discard(process)
        self._share()

    def stand_back(self, process: int) -> None:
        """Leave a receiver's socket to it: it accepts now."""
        if self._theirs:
            self._theirs[process - 1][1].rest()
        self._beside.add(process)
        self._share()

    def _share(self) -> None:
        if self._acceptance is not None:
            self._acceptance.shared = self._one_for_all and bool(self._beside)

    def _check_family(self, port: Port) -> None:
        """Refuse an inherited socket of another family: its peers' addresses would be misread."""
        if self.endpoint.kind != "systemd":
            return
        family = socket.AddressFamily(port.socket.getsockopt(socket.SOL_SOCKET, _SO_DOMAIN))
        found = family.name.removeprefix("AF_")
        if found != self.endpoint.arguments["domain"]:
            problem = f"listen.{self.door}: {self.endpoint}: the inherited socket is {found}"
            raise SetupError(problem, f"write domain={found} in it", exit_code=os.EX_CONFIG)
        self._hand_on(port)  # as a server left it that was killed while it was halted

    def _hand_on(self, port: Port) -> None:
        """Let systemd's socket listen, which is what systemd believes of it."""
        if self.endpoint.kind == "systemd":
            with suppress(OSError):
                port.socket.listen(self._backlog())

    @property
    def port_number(self) -> int:
        """The TCP port that was bound; 0 if there is none."""
        host = self._port.getHost() if self._port is not None else None
        return int(getattr(host, "port", 0))

    def open(self) -> None:
        """Begin to accept connections, those that wait first."""
        self.accept()
        for _, acceptance in self._theirs:
            acceptance.begin()
        if self._acceptance is not None:
            _log.info(
                "{door} listens on {place}",
                door=self.door,
                place=place_of(self.endpoint),
                port=self.port_number,
            )

    def rest(self) -> None:
        """Accept no more until `accept`: who comes is another process's, or waits."""
        if self._acceptance is not None:
            self._acceptance.rest()

    def accept(self) -> None:
        """Accept again after `rest`, those that wait first."""
        if self._acceptance is not None:
            self._acceptance.begin()

    @property
    def acceptances(self) -> tuple[Acceptance, ...]:
        """What accepts on its sockets, also in the place of receivers; none once closed."""
        own = () if self._acceptance is None else (self._acceptance,)
        return own + tuple(acceptance for _, acceptance in self._theirs)

    @property
    def halted(self) -> bool:
        """Whether the system refuses who comes to one of its sockets."""
        return not all(acceptance.listening for acceptance in self.acceptances)

    def halt(self) -> None:
        """Refuse connections; sessions go on."""
        for acceptance in self.acceptances:
            acceptance.halt()
        self._let_beside(False)  # else a program of this user might get between ours

    def resume(self) -> None:
        """Accept again after `halt`, on all sockets or none. Raises SetupError."""
        try:
            for acceptance in self.acceptances:
                acceptance.resume(self._backlog())
                self._let_beside(True)  # once the first listens, and nobody else did
        except OSError as error:
            self.halt()
            holders = holders_of(self.port_number or self.endpoint.port)
            raise cannot_listen(self.door, self.endpoint, error, holders) from error

    def _let_beside(self, allowed: bool) -> None:
        """Let sockets listen beside our first one, as those of the receivers do, or no more."""
        if self._theirs and self._port is not None:
            for port in (self._port, *(port for port, _ in self._theirs)):
                port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(allowed))

    def resumed(self) -> None:
        """Accept again on sockets that the server has resumed: in a receiver."""
        for acceptance in self.acceptances:
            acceptance.resume()

    def close(self) -> Deferred[None]:
        """Give the socket back. May be called twice."""
        self._close_theirs()
        port, self._port = self._port, None
        acceptance, self._acceptance = self._acceptance, None
        if port is None or acceptance is None:
            return succeed(None)
        acceptance.stop()
        self._hand_on(port)
        closing: Deferred[None] | None = port.stopListening()
        return closing or succeed(None)

    def _close_theirs(self) -> None:
        theirs, self._theirs = self._theirs, []
        for port, acceptance in theirs:
            acceptance.stop()
            port.stopListening()

    def stopService(self) -> Deferred[None]:
        """See `close`."""
        super().stopService()
        return self.close()


def _left_behind(port: int) -> bool:
    """Tell whether receivers alone hold a port, or nobody any more: their server was killed."""
    return all(_receives(holder.pid) for holder in holders_of(port))


def _receives(pid: int) -> bool:
    try:
        return MODULE.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


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
        return _adopted(reactor, bound.fileno(), family, factory)


def _adopted(
    reactor: IReactorSocket,
    descriptor: int,
    family: socket.AddressFamily,
    factory: IProtocolFactory,
) -> Port:
    return cast("Port", reactor.adoptStreamPort(descriptor, family, cast("Any", factory)))


def _bound_beside(first: socket.socket, backlog: int) -> socket.socket:
    """Listen where another socket of ours does. Raises OSError."""
    bound = socket.socket(first.family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if first.family == socket.AF_INET6:
            alone = first.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, alone)
        bound.bind(first.getsockname())
        bound.listen(backlog)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _not_inherited(door: str, endpoint: Endpoint) -> SetupError:
    name = endpoint.arguments.get("name")
    return SetupError(
        f"listen.{door}: {endpoint}: no such socket was inherited from systemd",
        f"start it by its socket unit, which needs FileDescriptorName={name}"
        if name
        else "start it by its socket unit: systemctl start bitrixmail.socket",
        exit_code=os.EX_CONFIG,
    )
