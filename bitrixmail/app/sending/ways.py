"""Routes by hand made of the settings, and what anybody may be told of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from bitrixmail.app.machine.local_time import system_timezone
from bitrixmail.app.settings.routes import LEVELS, SMARTHOST, SUBMISSION, Route, split_host
from bitrixmail.app.settings.tree import Settings
from bitrixmail.model.destination import Level, RelayLogin, RelayRoute
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.job import Priority
from bitrixmail.model.text import printable
from bitrixmail.model.way import Outgoing, RouteRule, level_for, rule_for
from bitrixmail.outbound.timing.schedule import Schedules
from bitrixmail.rules.times import zone_of

_SUBMISSIONS = 465
_MOST_PASSWORD = 4096
# Who is not named fits no route that is for certain senders: no address is written so.
_ANYBODY = "anybody"


def rules_of(settings: Settings, *, secrets: bool = True) -> tuple[RouteRule, ...]:
    """Return the routes by hand in their order; the last is the smarthost, if there is one.

    Without `secrets` there are no logins, and no file is read for them. Raises InputError
    with every fault.
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
    found: list[RouteRule] = []
    faults: list[Fault] = []
    for number, route in tables:
        try:
            found.append(_rule(route, number, secrets=secrets))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    return tuple(found)


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


def outgoing_of(settings: Settings) -> Callable[[str | None, str, Priority, datetime], Outgoing]:
    """Return what tells how mail of a sender for a domain would go out at a moment.

    The sender is "" for the null sender, None for anybody; the domain in A-labels. It reads no
    secrets.
    """
    outbound = settings.outbound
    rules = rules_of(settings, secrets=False)
    users = {route.name: route.user for route in outbound.route}
    users[SMARTHOST] = outbound.smarthost_user
    rates = {route.name: route.per_minute for route in outbound.route}
    levels = outbound.tls_levels()
    zone = zone_of(settings.rules.timezone or system_timezone())
    schedules = Schedules(outbound.timings(), zone)
    named = [
        *(each.senders for each in outbound.route),
        *(each.senders for each in outbound.window),
    ]
    certain = any(named)

    def outgoing(sender: str | None, domain: str, priority: Priority, at: datetime) -> Outgoing:
        named = _ANYBODY if sender is None else sender
        rule = rule_for(named, domain, rules)
        name, route = ("", RelayRoute()) if rule is None else (rule.name, rule.route)
        schedule = schedules.of(name, named, priority)
        opens = schedule.next_open(at)
        opening = None if opens is None else schedule.opening(opens)
        rated = filter(None, (opening.per_minute if opening else 0, rates.get(name, 0)))
        level = route.tls if route.tls is not None else level_for(route.host or domain, levels)
        return Outgoing(
            route=name,
            to=_written(route, outbound.smtp_port) if route.host else "",
            login=users.get(name, ""),
            tls=level,
            window=schedule.name,
            opens=opens,
            per_minute=min(rated, default=0),
            batch=opening.batch if opening else 0,
            lifetime=(rule and rule.lifetime) or timedelta(seconds=outbound.lifetime),
            by_sender=certain and sender is None,
        )

    return outgoing


def _written(route: RelayRoute, usual_port: int) -> str:
    host = f"[{route.host}]" if ":" in route.host else route.host
    by_mx = "the MX records of " if route.lookup_mx else ""
    return f"{by_mx}{host}:{route.port or usual_port}"
