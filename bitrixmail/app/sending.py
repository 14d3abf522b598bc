"""What sends: the queue's dispatcher, its couriers, and the ways out. Made of the settings."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from random import Random, SystemRandom
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint

from bitrixmail.admin.probes.own_addresses import own_addresses
from bitrixmail.app.local_time import system_timezone
from bitrixmail.app.meeting import Meeting
from bitrixmail.app.outcomes import outcomes_of, suppressor_of
from bitrixmail.app.reception import Reception
from bitrixmail.app.settings import Settings
from bitrixmail.interfaces.courier import ICourier
from bitrixmail.model.destination import Level, RelayLogin, RelayRoute, RouteRule
from bitrixmail.net.client_tls import ClientTLS
from bitrixmail.net.http import HTTPClient
from bitrixmail.net.name_servers import parse_name_server, system_name_servers
from bitrixmail.net.resolver import Resolver
from bitrixmail.outbound.bounces.returned import BounceReader
from bitrixmail.outbound.client.terms import Terms, Timeouts
from bitrixmail.outbound.destination import Bounds, Widths
from bitrixmail.outbound.dispatcher import Dispatcher
from bitrixmail.outbound.hosts import HostFinder, HostRules, Own
from bitrixmail.outbound.local import LocalCourier
from bitrixmail.outbound.remote import RemoteCourier
from bitrixmail.outbound.reports import ReportCourier
from bitrixmail.outbound.security.mta_sts import STSPolicies
from bitrixmail.outbound.security.signing import Signer
from bitrixmail.outbound.security.tls_policy import TLSPolicy
from bitrixmail.outbound.timing.schedule import Schedules
from bitrixmail.outbound.timing.timetable import Timetable
from bitrixmail.outbound.timing.turnstile import Turnstile
from bitrixmail.rules.times import zone_of
from bitrixmail.store.sequences import JOBS, RETRIES
from bitrixmail.tasks import spawn

_SUBMISSION = 587
_SUBMISSIONS = 465
_END_S = 10.0
_FIRST = 5
_NO_LIMIT = 5000


class Sending(Service):
    """See the module. Child of the server, lives as long as it; `begin` once the store is open."""

    name = "sending"

    def __init__(self, reception: Reception, reactor: Any) -> None:
        settings, stores = reception.settings, reception.stores
        outbound = settings.outbound
        self._stores = stores
        self._return_paths = reception.return_paths
        new_queue_id = reception.gate.new_queue_id
        outcomes = outcomes_of(settings, stores, reception.maillog, new_queue_id)
        most = outbound.connections_per_domain or _NO_LIMIT
        couriers: Sequence[ICourier] = (
            _remote(reception, reactor),
            LocalCourier(reception.gate, stores.jobs, reactor),
            ReportCourier(reactor),
            BounceReader(
                stores.jobs,
                stores.queue,
                stores.messages,
                suppressor_of(settings, stores),
                maillog=reception.maillog,
                threads=reception.threads,
                clock=reactor,
                hostname=settings.server.hostname,
            ),
        )
        self.dispatcher = Dispatcher(
            stores.jobs,
            couriers,
            outcomes,
            reactor,
            owner=f"{os.getpid()}-{SystemRandom().randrange(2**32):08x}",
            bounds=Bounds(
                deliveries=outbound.connections or _NO_LIMIT,
                widths=_widths(most, alone=outbound.verp),
            ),
        )
        reception.gate.queued = self.dispatcher.take_note
        zone = zone_of(settings.rules.timezone or system_timezone())
        schedules = Schedules(outbound.timings(), zone)
        self.dispatcher.turnstile = Turnstile(schedules)
        self._timetable = Timetable(reactor, schedules.all, self.dispatcher.look)

    def begin(self) -> None:
        """Begin to deliver."""
        self._stores.changes.watch(JOBS, self.dispatcher.heard)
        self._stores.changes.watch(RETRIES, self.dispatcher.changed_by_hand)
        self._timetable.startService()
        if self._return_paths.making:
            # Before a second process could make another key
            spawn(self._return_paths.paths(), "reading the key of return paths")
        self.dispatcher.begin()

    def stopService(self) -> Deferred[None]:
        """Let deliveries end, then cut them."""
        super().stopService()
        if self._timetable.running:
            self._timetable.stopService()
        return Deferred.fromCoroutine(self.dispatcher.stop(_END_S))


def _widths(most: int, *, alone: bool) -> Widths:
    """Return how much goes to one destination; `alone`: each recipient in a transaction of his."""
    widths = Widths(first=min(_FIRST, most), most=most)
    return replace(widths, recipients=1) if alone else widths


def _remote(reception: Reception, reactor: Any) -> RemoteCourier:
    """Marry what finds hosts, meets them and signs."""
    settings, stores = reception.settings, reception.stores
    outbound = settings.outbound
    servers = tuple(map(parse_name_server, settings.dns.servers)) or system_name_servers()
    resolver = Resolver(reactor, servers, SystemRandom(), settings.dns.timeout)
    own = own_addresses(settings.server.public_addresses)
    rules = HostRules(
        port=outbound.smtp_port,
        own=Own(
            frozenset({settings.server.hostname}),
            frozenset(map(str, (*own.told, *own.found))),
        ),
        ipv6=outbound.ipv6,
        private=outbound.private_hosts,
    )
    sts = None
    if outbound.mta_sts:
        sts = STSPolicies(resolver, HTTPClient(reactor, resolver), stores.destinations)
    policy = TLSPolicy(resolver, stores.destinations, sts, {}, dane=outbound.dane)
    terms = Terms(
        name=settings.server.hostname,
        timeouts=_timeouts(outbound.connect_timeout, outbound.command_timeout),
        threads=reception.threads,
    )
    random = Random()  # noqa: S311 - it spreads the load
    return RemoteCourier(
        stores.jobs,
        HostFinder(resolver, rules, random),
        Meeting(policy, ClientTLS(), reactor, terms),
        lambda address, port: _endpoint(reactor, address, port),
        reactor,
        signer=Signer(stores.dkim_keys),
        routes=routes_of(settings),
        return_paths=reception.return_paths if outbound.verp else None,
    )


def _timeouts(connect_s: float, command_s: float) -> Timeouts:
    usual = Timeouts()
    return Timeouts(
        connect=connect_s,
        greeting=command_s,
        ehlo=command_s,
        mail=command_s,
        rcpt=command_s,
        data=min(usual.data, command_s),
        dot=max(usual.dot, command_s),
    )


def _endpoint(reactor: Any, address: str, port: int) -> Any:
    kind = TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint
    return kind(reactor, address, port, timeout=3600)


def routes_of(settings: Settings) -> tuple[RouteRule, ...]:
    """Return the routes by hand: all mail by the smarthost, if there is one."""
    outbound = settings.outbound
    if not outbound.smarthost:
        return ()
    host, colon, port = outbound.smarthost.rpartition(":")
    if not colon or not port.isdecimal():
        host, port = outbound.smarthost, str(_SUBMISSION)
    login = None
    if outbound.smarthost_user:
        login = RelayLogin(outbound.smarthost_user, outbound.smarthost_password)
    return (
        RouteRule(
            RelayRoute(
                host.strip("[]"),
                int(port),
                tls=Level.VERIFIED if login is not None else None,
                login=login,
                implicit_tls=int(port) == _SUBMISSIONS,
            )
        ),
    )
