"""What sends: the queue's dispatcher, its couriers, and the ways out. Made of the settings."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from collections.abc import Sequence
from random import Random, SystemRandom
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.logger import Logger

from bitrixmail.admin.probes.own_addresses import own_addresses
from bitrixmail.app.machine.local_time import system_timezone
from bitrixmail.app.receiving.reception import Reception
from bitrixmail.app.sending.calling import Calling
from bitrixmail.app.sending.meeting import Meeting
from bitrixmail.app.sending.outcomes import Deciding
from bitrixmail.app.sending.steering import Steering, name_servers, steering_of
from bitrixmail.app.sending.ticket_desk import ticket_courier
from bitrixmail.app.settings.commands import allowed_commands
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.courier import ICourier
from bitrixmail.model.errors import MailError
from bitrixmail.model.way import route_name
from bitrixmail.net.client_tls import ClientTLS
from bitrixmail.net.http import HTTPClient
from bitrixmail.net.process import CommandRunner
from bitrixmail.net.resolver import Resolver
from bitrixmail.outbound.actions.command import CommandCourier
from bitrixmail.outbound.actions.learn import LearnCourier
from bitrixmail.outbound.actions.mail import MailCourier
from bitrixmail.outbound.actions.python import PythonCourier
from bitrixmail.outbound.actions.shop import Shop
from bitrixmail.outbound.bounces.returned import BounceReader
from bitrixmail.outbound.client.terms import Terms
from bitrixmail.outbound.dispatcher import Dispatcher
from bitrixmail.outbound.hosts import HostFinder, HostRules, Own
from bitrixmail.outbound.local import LocalCourier
from bitrixmail.outbound.remote import RemoteCourier
from bitrixmail.outbound.reports import ReportCourier
from bitrixmail.outbound.security.mta_sts import STSPolicies
from bitrixmail.outbound.security.signing import Signer
from bitrixmail.outbound.security.tls_policy import TLSPolicy
from bitrixmail.outbound.timing.timetable import Timetable
from bitrixmail.rules.times import zone_of
from bitrixmail.store.sequences import JOBS, RETRIES
from bitrixmail.tasks import begin, spawn, utcnow

_log = Logger()
_END_S = 10.0


class Sending(Service):
    """See the module. Child of the server, lives as long as it; `begin` once the store is open.

    Raises InputError if a file of a password can't be read.
    """

    name = "sending"

    def __init__(self, reception: Reception, reactor: Any) -> None:
        settings, stores = reception.settings, reception.stores
        steering = steering_of(settings)
        self._begun = False
        self._clock = reactor
        self._stores = stores
        self._return_paths = reception.return_paths
        self._way_out = _WayOut(reception, steering, reactor)
        self._calling = Calling(reception, steering, self._way_out.resolver, reactor)
        new_queue_id = reception.gate.new_queue_id
        deciding = Deciding(settings, stores, reception.maillog, new_queue_id)
        deciding.take(settings, steering)
        self._deciding = deciding
        shop = _shop(reception, reactor)
        self.mail = MailCourier(shop)
        self._commands = CommandCourier(
            CommandRunner(reactor), stores.jobs, reactor, allowed_commands(settings.commands)
        )
        couriers: Sequence[ICourier] = (
            self._way_out.courier,
            LocalCourier(reception.gate, stores.jobs, reactor),
            ticket_courier(reception, shop, reactor),
            self.mail,
            *self._calling.couriers,
            self._commands,
            PythonCourier(reception.extensions, stores.jobs, reactor),
            LearnCourier(
                stores.jobs, stores.counters, stores.directory, reception.threads, reactor
            ),
            ReportCourier(reactor),
            BounceReader(
                stores.jobs,
                stores.queue,
                stores.messages,
                deciding.suppressor,
                maillog=reception.maillog,
                threads=reception.threads,
                clock=reactor,
                hostname=settings.server.hostname,
            ),
        )
        self.dispatcher = Dispatcher(
            stores.jobs,
            couriers,
            deciding.outcomes,
            reactor,
            owner=f"{os.getpid()}-{SystemRandom().randrange(2**32):08x}",
            bounds=steering.bounds,
        )
        reception.gate.queued = self.dispatcher.take_note
        self._steering = steering
        self._time(steering)
        self._timetable = Timetable(reactor, steering.schedules.all, self.dispatcher.look)

    def begin(self) -> None:
        """Begin to deliver."""
        self._begun = True
        self._stores.changes.watch(JOBS, self.dispatcher.heard)
        self._stores.changes.watch(RETRIES, self.dispatcher.changed_by_hand)
        self._timetable.startService()
        if self._return_paths.making:
            # Before a second process could make another key
            spawn(self._return_paths.paths(), "reading the key of return paths")
        begin(self._begin(), "beginning to send")

    async def _begin(self) -> None:
        await self._lead_anew()
        self.dispatcher.begin()

    async def _lead_anew(self) -> None:
        """Have what waits go by the routes and at the times that hold now."""
        jobs, rules = self._stores.jobs, self._steering.routes.rules
        try:
            due = await jobs.due(utcnow(self._clock))
            if rules or any(route_name(one.destination) for one in due):
                await jobs.reroute(rules)
            await jobs.let_go(utcnow(self._clock), self._steering.mark)
        except MailError as error:
            _log.error("what waits keeps its former routes and times: {error}", error=error)

    def take(self, settings: Settings, steering: Steering) -> None:
        """Put new settings in force, `steering` made of them; what waits follows them."""
        self._steering = steering
        self._way_out.take(settings, steering)
        self._calling.take(settings, steering)
        self._deciding.take(settings, steering)
        self.mail.take(settings.rules.bounds())
        self._commands.commands = allowed_commands(settings.commands)
        self.dispatcher.bounds = steering.bounds
        self._time(steering)
        self._timetable.put(steering.schedules.all)
        if self._begun:
            begin(self._look_anew(), "taking new settings of sending")

    def _time(self, steering: Steering) -> None:
        self.dispatcher.turnstile.put(
            steering.schedules, steering.routes, steering.rates, steering.mark
        )

    async def _look_anew(self) -> None:
        await self._lead_anew()
        self.dispatcher.look()

    def stopService(self) -> Deferred[None]:
        """Let deliveries end, then cut them."""
        super().stopService()
        self._begun = False
        if self._timetable.running:
            self._timetable.stopService()
        return Deferred.fromCoroutine(self.dispatcher.stop(_END_S))


def _shop(reception: Reception, reactor: Any) -> Shop:
    settings, stores = reception.settings, reception.stores
    return Shop(
        gate=reception.gate,
        jobs=stores.jobs,
        router=reception.router,
        directory=stores.directory,
        rewriting=reception.rewriting,
        answers=stores.answers,
        threads=reception.threads,
        clock=reactor,
        hostname=settings.server.hostname,
        timezone=zone_of(settings.rules.timezone or system_timezone()),
        bounds=settings.rules.bounds(),
    )


class _WayOut:
    """What finds hosts, meets them and signs, married. Made by Sending, lives as long as it."""

    def __init__(self, reception: Reception, steering: Steering, reactor: Any) -> None:
        settings, stores = reception.settings, reception.stores
        servers, validates = name_servers(settings.dns)
        self.resolver = resolver = Resolver(
            reactor, servers, SystemRandom(), settings.dns.timeout, validates=validates
        )
        if settings.outbound.dane and not validates:
            _log.info(
                "DANE can't be obeyed: {servers} may not be believed about DNSSEC (dns.validates)",
                servers=", ".join(map(str, servers)),
            )
        self._own = own_addresses(settings.server.public_addresses)
        self._sts = STSPolicies(resolver, HTTPClient(reactor, resolver), stores.destinations)
        self._policy = TLSPolicy(resolver, stores.destinations, None, {})
        random = Random()  # noqa: S311 - it spreads the load
        self._finder = HostFinder(resolver, self._host_rules(settings), random)
        terms = Terms(
            name=settings.server.hostname, timeouts=steering.timeouts, threads=reception.threads
        )
        self._meeting = Meeting(self._policy, ClientTLS(), reactor, terms)
        self.courier = RemoteCourier(
            stores.jobs,
            self._finder,
            self._meeting,
            lambda address, port: _endpoint(reactor, address, port),
            reactor,
            signer=Signer(stores.dkim_keys),
            return_paths=reception.return_paths if settings.outbound.verp else None,
        )
        self.take(settings, steering)

    def take(self, settings: Settings, steering: Steering) -> None:
        """Put settings in force."""
        self._policy.levels = steering.levels
        self._policy.dane = settings.outbound.dane
        self._policy.sts = self._sts if settings.outbound.mta_sts else None
        self._finder.rules = self._host_rules(settings)
        self._meeting.put(steering.timeouts)
        self.courier.lead(steering.routes)

    def _host_rules(self, settings: Settings) -> HostRules:
        outbound, own = settings.outbound, self._own
        return HostRules(
            port=outbound.smtp_port,
            own=Own(
                frozenset({settings.server.hostname}),
                frozenset(map(str, (*own.told, *own.found))),
            ),
            ipv6=outbound.ipv6,
            private=outbound.private_hosts,
        )


def _endpoint(reactor: Any, address: str, port: int) -> Any:
    kind = TCP6ClientEndpoint if ":" in address else TCP4ClientEndpoint
    return kind(reactor, address, port, timeout=3600)
