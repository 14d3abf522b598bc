"""How hosts are met: what a destination demands of TLS, married with a connection."""

from __future__ import annotations

from dataclasses import dataclass, replace

from OpenSSL import SSL
from twisted.internet.interfaces import IReactorTime

from bitrixmail.interfaces.tls_policy import ITLSPolicy
from bitrixmail.model.destination import (
    DestinationPolicy,
    Hosts,
    Level,
    MailHost,
    RelayRoute,
    TLSReached,
)
from bitrixmail.model.parcel import ConnectionFailed, Failing, Stage
from bitrixmail.model.reply import Reply
from bitrixmail.net.client_tls import ClientConnection, ClientTLS
from bitrixmail.outbound.connection import Connection
from bitrixmail.outbound.sasl import Login
from bitrixmail.outbound.terms import TLS, Terms
from bitrixmail.tasks import utcnow


@dataclass(frozen=True, slots=True)
class _Peer:
    """See PeerTLS. Made for one connection."""

    policy: DestinationPolicy
    connection: ClientConnection

    def creator(self) -> ClientConnection:
        """See PeerTLS: what is demanded and not shown breaks the handshake off."""
        return self.connection

    def fault(self, connection: SSL.Connection) -> str:  # noqa: ARG002 - it was judged before
        """See PeerTLS."""
        reached = self.connection.reached
        return "" if reached is None else reached.problem


class Meeting:
    """See outbound.remote.Meeting. Made by compose, lives as long as the server.

    `terms` says what is alike for all hosts: our name, time-outs, threads.
    """

    def __init__(
        self, policy: ITLSPolicy, client_tls: ClientTLS, clock: IReactorTime, terms: Terms
    ) -> None:
        self._policy = policy
        self._client_tls = client_tls
        self._clock = clock
        self._terms = terms

    async def terms(
        self, hosts: Hosts, host: MailHost, route: RelayRoute | None
    ) -> Terms | ConnectionFailed:
        """See outbound.remote.Meeting."""
        level = None if route is None else route.tls
        at = utcnow(self._clock)
        policy = await self._policy.policy(hosts.destination, hosts, at, level)
        demand = await self._policy.demand(policy, host)
        if isinstance(demand, Reply):
            return ConnectionFailed(Failing.TLS, Stage.OURS, demand.text)
        if route is not None and route.implicit_tls:
            tls = TLS.IMPLICIT
        elif demand.level is Level.NONE:
            tls = TLS.NEVER
        else:
            tls = TLS.MUST if demand.level >= Level.ENCRYPTED else TLS.MAY
        login = None if route is None else route.login
        return replace(
            self._terms,
            tls=tls,
            peer_tls=_Peer(policy, self._client_tls.creator(demand)),
            login=None if login is None else Login(login.user, login.password),
        )

    async def met(self, terms: Terms, connection: Connection) -> None:
        """See outbound.remote.Meeting: a downgrade is told, and remembered or not."""
        peer = terms.peer_tls
        if not isinstance(peer, _Peer):
            return
        reached = peer.connection.reached if connection.tls is not None else None
        found = reached or TLSReached(Level.NONE, problem=connection.tls_refused)
        await self._policy.reached(peer.policy, found, utcnow(self._clock))
