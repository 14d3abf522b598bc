"""The settings of sending turned into what the engine takes: ways, times, levels, how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from random import Random
from zlib import crc32

from bitrixmail.app.machine.local_time import system_timezone
from bitrixmail.app.sending.ways import rules_of
from bitrixmail.app.settings.sending import Outbound
from bitrixmail.app.settings.tree import DNS, Settings
from bitrixmail.interfaces.retry import IRetryPolicy
from bitrixmail.model.destination import Level
from bitrixmail.model.secret import Secret
from bitrixmail.net.name_servers import (
    NameServer,
    parse_name_server,
    system_name_servers,
    system_trusts_ad,
)
from bitrixmail.outbound.client.terms import Timeouts
from bitrixmail.outbound.destination import Bounds, Widths
from bitrixmail.outbound.routes import Routes
from bitrixmail.outbound.timing.retry import RetryPolicy
from bitrixmail.outbound.timing.schedule import Schedules
from bitrixmail.rules.times import zone_of

_FIRST = 5
_NO_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class Steering:
    """What the owner has steered. Made by `steering_of`, at the start and at each SIGHUP.

    `rates` (recipients in a minute) and `retries` are those of routes, by name; `mark` is of the
    times and rates, see Settlement. `secrets` are those of actions, by name.
    """

    routes: Routes
    schedules: Schedules
    rates: Mapping[str, int]
    bounds: Bounds
    levels: Mapping[str, Level]
    mark: int
    retry: IRetryPolicy
    retries: Mapping[str, IRetryPolicy]
    timeouts: Timeouts
    action_retry: IRetryPolicy
    secrets: Mapping[str, tuple[Secret, ...]]


def steering_of(settings: Settings) -> Steering:
    """Read it out of the settings. Raises InputError if a file of a secret can't be read."""
    outbound = settings.outbound
    zone = zone_of(settings.rules.timezone or system_timezone())
    random = Random()  # noqa: S311 - it spreads, it hides nothing
    own_retries = [
        route for route in outbound.route if route.retry or route.lifetime or route.delay_notice
    ]
    return Steering(
        routes=Routes(rules_of(settings)),
        schedules=Schedules(outbound.timings(), zone),
        rates={route.name: route.per_minute for route in outbound.route if route.per_minute},
        bounds=Bounds(
            deliveries=outbound.connections or _NO_LIMIT,
            widths=_widths(outbound.connections_per_domain, alone=outbound.verp),
            by_route={
                route.name: _widths(route.connections, alone=outbound.verp)
                for route in outbound.route
                if route.connections
            },
        ),
        levels=outbound.tls_levels(),
        mark=_mark(outbound, str(zone)),
        retry=RetryPolicy(outbound.retry_plan(), random),
        retries={
            route.name: RetryPolicy(outbound.retry_plan(route), random) for route in own_retries
        },
        timeouts=_timeouts(outbound.connect_timeout, outbound.command_timeout),
        action_retry=RetryPolicy(settings.actions.retry_plan(), random),
        secrets=settings.actions.read_secrets(),
    )


def _mark(outbound: Outbound, zone: str) -> int:
    """Return a number of what is said of times: another one when something else is said."""
    rates = [(route.name, route.per_minute) for route in outbound.route]
    said = repr((outbound.schedule, outbound.quiet, outbound.window, rates, zone))
    return crc32(said.encode("utf-8", "replace")) or 1


def _widths(most: int, *, alone: bool) -> Widths:
    """Return how much goes to one destination; `alone`: each recipient in a transaction of his."""
    most = most or _NO_LIMIT
    widths = Widths(first=min(_FIRST, most), most=most)
    return replace(widths, recipients=1) if alone else widths


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


def name_servers(dns: DNS) -> tuple[tuple[NameServer, ...], bool]:
    """Return the name servers, and whether they are believed about DNSSEC (RFC 6840 §5.7)."""
    servers = tuple(map(parse_name_server, dns.servers))
    asked = servers or system_name_servers()
    if dns.validates != "auto":
        return asked, dns.validates == "yes"
    here = all(ip_address(server.address).is_loopback for server in asked)
    return asked, here or (not servers and system_trusts_ad())
