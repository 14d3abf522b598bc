"""The settings of sending turned into what the engine takes: ways, times, levels, how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from random import Random

from bitrixmail.app.local_time import system_timezone
from bitrixmail.app.route_settings import LEVELS, SMARTHOST, SUBMISSION, Route, split_host
from bitrixmail.app.settings import DNS, Settings
from bitrixmail.interfaces.retry import IRetryPolicy
from bitrixmail.model.destination import Level, RelayLogin, RelayRoute
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable
from bitrixmail.model.way import RouteRule
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

_SUBMISSIONS = 465
_FIRST = 5
_NO_LIMIT = 5000
_MOST_PASSWORD = 4096


@dataclass(frozen=True, slots=True)
class Steering:
    """What the owner has steered. Made by `steering_of`, at the start and at each SIGHUP.

    `rates` (recipients in a minute) and `retries` are those of routes, by name.
    """

    routes: Routes
    schedules: Schedules
    rates: Mapping[str, int]
    bounds: Bounds
    levels: Mapping[str, Level]
    retry: IRetryPolicy
    retries: Mapping[str, IRetryPolicy]
    timeouts: Timeouts


def steering_of(settings: Settings) -> Steering:
    """Read it out of the settings. Raises InputError if a file of a password can't be read."""
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
        retry=RetryPolicy(outbound.retry_plan(), random),
        retries={
            route.name: RetryPolicy(outbound.retry_plan(route), random) for route in own_retries
        },
        timeouts=_timeouts(outbound.connect_timeout, outbound.command_timeout),
    )


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


def rules_of(settings: Settings, *, secrets: bool = True) -> tuple[RouteRule, ...]:
    """Return the routes by hand in their order; the last is the smarthost, if there is one.

    Without `secrets` there are no logins, and no file is read for them. Raises InputError.
    """
    outbound = settings.outbound
    tables = [*enumerate(outbound.route, 1)]
    if outbound.smarthost:
        smarthost = Route(
            name=SMARTHOST,
            to=outbound.smarthost,
            user=outbound.smarthost_user,
            password=outbound.smarthost_password,
            password_file=outbound.smarthost_password_file,
        )
        tables.append((0, smarthost))
    return tuple(_rule(route, number, secrets=secrets) for number, route in tables)


def _rule(route: Route, number: int, *, secrets: bool) -> RouteRule:
    host, port = split_host(route.to) if route.to else ("", 0)
    login = None
    if route.user and secrets:
        login = RelayLogin(route.user, _password(route, number))
    level = LEVELS.get(route.tls)
    if level is None and route.user:
        level = Level.VERIFIED
    return RouteRule(
        RelayRoute(
            host,
            # By the MX records of a name one goes to the usual port, unless another is given
            0 if route.mx and not _names_port(route.to) else port,
            tls=level,
            login=login,
            lookup_mx=route.mx,
            implicit_tls=port == _SUBMISSIONS,
        ),
        name=route.name,
        senders=route.senders,
        domains=() if "*" in route.domains else route.domains,
        lifetime=timedelta(seconds=route.lifetime) if route.lifetime else None,
    )


def _names_port(text: str) -> bool:
    return split_host(text)[1] != SUBMISSION or text.rstrip().endswith(f":{SUBMISSION}")


def _password(route: Route, number: int) -> str:
    """Return a password, out of its file if it has one."""
    if not route.password_file:
        return route.password
    place = f"outbound.route[{number}]." if number else "outbound.smarthost_"
    shown = printable(route.password_file)
    try:
        with Path(route.password_file).open(encoding="utf-8") as file:
            found = file.readline(_MOST_PASSWORD).rstrip("\r\n")
    except OSError as error:
        remedy = "make it, readable by the user of the server: chmod 400, chown"
        fault = Fault(f"{place}password_file", f"{shown}: {error.strerror or error}", remedy)
        raise InputError(fault) from error
    except UnicodeDecodeError as error:
        fault = Fault(f"{place}password_file", f"{shown} is not UTF-8", "save it in UTF-8")
        raise InputError(fault) from error
    if not found:
        what = f"{shown} has no password in its first line"
        raise InputError(Fault(f"{place}password_file", what, "write it there"))
    return found


def name_servers(dns: DNS) -> tuple[tuple[NameServer, ...], bool]:
    """Return the name servers, and whether they are believed about DNSSEC (RFC 6840 §5.7)."""
    servers = tuple(map(parse_name_server, dns.servers))
    asked = servers or system_name_servers()
    if dns.validates != "auto":
        return asked, dns.validates == "yes"
    here = all(ip_address(server.address).is_loopback for server in asked)
    return asked, here or (not servers and system_trusts_ad())
