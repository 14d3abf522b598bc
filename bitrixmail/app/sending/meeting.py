"""How hosts are met: what a destination demands of TLS, married with a connection."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from OpenSSL import SSL
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

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
from bitrixmail.outbound.client.connection import Connection
from bitrixmail.outbound.client.sasl import Login
from bitrixmail.outbound.client.terms import TLS, Terms, Timeouts
from bitrixmail.tasks import utcnow

_log = Logger()
# An alarm is told once in this time for each destination.
_AGAIN = timedelta(days=1)
_MOST_TOLD = 2000


@dataclass(frozen=True, slots=True)
class _Peer:
    """See PeerTLS. Made for one connection."""

    policy: DestinationPolicy
    connection: ClientConnection
    by: str = ""

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
        self._told: OrderedDict[str, datetime] = OrderedDict()

    def put(self, timeouts: Timeouts) -> None:
        """Meet with these times from now on."""
        self._terms = replace(self._terms, timeouts=timeouts)

    async def terms(
        self, hosts: Hosts, host: MailHost, route: RelayRoute | None
    ) -> Terms | ConnectionFailed:
        """See outbound.remote.Meeting."""
        level = None if route is None else route.tls
        at = utcnow(self._clock)
        policy = await self._policy.policy(hosts.destination, hosts, at, level)
        demand = await self._policy.demand(policy, host)
        if isinstance(demand, Reply):
            self._alarm(policy.domain, policy.by, demand.text)
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
            peer_tls=_Peer(policy, self._client_tls.creator(demand), demand.by),
            # Else what breaks off a connection would pass for a host that hangs up
            verify=demand.level is Level.VERIFIED,
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

    async def unmet(self, terms: Terms, failure: ConnectionFailed) -> None:
        """See outbound.remote.Meeting: that is an attack, or a fault that somebody must mend."""
        peer = terms.peer_tls
        if isinstance(peer, _Peer):
            self._alarm(peer.policy.domain, peer.by, str(failure))

    def _alarm(self, domain: str, by: str, reason: str) -> None:
        """Say that mail for a destination waits, once a day."""
        now = utcnow(self._clock)
        told = self._told.get(domain)
        if told is not None and timedelta() <= now - told < _AGAIN:
            return
        self._told[domain] = now
        self._told.move_to_end(domain)
        while len(self._told) > _MOST_TOLD:
            self._told.popitem(last=False)
        _log.warn(
            "mail waits, its host does not show the TLS that is asked for: {reason}",
            reason=reason,
            destination=domain,
            by=by or "the DNS",
        )
