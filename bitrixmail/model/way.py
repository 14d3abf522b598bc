"""Routes by hand: whose mail takes which, and what its jobs call their destination then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bitrixmail.model.destination import Level, RelayRoute

# No domain holds a colon before an address literal does, so nothing else looks like this.
_BY_ROUTE = "route:"


@dataclass(frozen=True, slots=True)
class RouteRule:
    """Whose mail takes a route. Both must fit; an empty one fits always.

    `name` tells routes apart: letters, digits, "-" and "_"; "" for one that nothing else depends
    on. `senders`: addresses, "@example.org" for a domain, or "<>" for the null sender. `domains`
    of recipients: "example.org", or "*.example.org" for all below it. All in lower case, A-labels.
    `lifetime`: how long its mail is attempted; None: as long as any.
    """

    route: RelayRoute
    name: str = ""
    senders: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    lifetime: timedelta | None = None

    def fits(self, sender: str, domain: str) -> bool:
        """Tell whether mail of a sender ("": the null one) for a domain takes this route."""
        return _sender_fits(self.senders, sender) and domain_fits(self.domains, domain)

    def destination(self, domain: str) -> str:
        """Return what is reached or not as a whole: the route's own host, or the domain by it."""
        if not self.name:
            return domain
        return f"{_BY_ROUTE}{self.name}" + ("" if self.route.host else f":{domain}")


def _sender_fits(patterns: Sequence[str], sender: str) -> bool:
    if not patterns:
        return True
    sender = sender.lower() or "<>"
    return sender in patterns or f"@{sender.rpartition('@')[2]}" in patterns


def domain_fits(patterns: Sequence[str], domain: str) -> bool:
    """Tell whether a domain is one of these, or below one that is written "*.example.org"."""
    if not patterns:
        return True
    domain = domain.lower()
    return domain in patterns or any(
        pattern.startswith("*.") and domain.endswith(pattern[1:]) for pattern in patterns
    )


def level_for(domain: str, levels: Mapping[str, Level]) -> Level | None:
    """Return what the owner demands for a domain; the narrowest pattern counts, "*" last."""
    if not levels:
        return None
    if domain in levels:
        return levels[domain]
    above = domain
    while above:
        above = above.partition(".")[2]
        if above and f"*.{above}" in levels:
            return levels[f"*.{above}"]
    return levels.get("*")


def rule_for(sender: str, domain: str, rules: Sequence[RouteRule]) -> RouteRule | None:
    """Return the first rule that fits; None: the mail goes to the hosts of the domain."""
    return next((rule for rule in rules if rule.fits(sender, domain)), None)


def route_name(destination: str) -> str:
    """Return the name of the route in a job's destination; "" if it is a plain domain."""
    if not destination.startswith(_BY_ROUTE):
        return ""
    return destination.removeprefix(_BY_ROUTE).partition(":")[0]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """By which way mail for another host goes, how safely, and when.

    `route` and `window` are names, "" for none; `to` is a host with its port, "" for the hosts of
    the domain. `tls` None: as the host offers. `opens` is when it may go out next, None if that
    is not in sight; `per_minute` and `batch` as an `Opening` has them, both of the route too.
    `by_sender`: there are routes or times for certain senders, and none was named.
    """

    route: str
    to: str
    login: str
    tls: Level | None
    window: str
    opens: datetime | None
    per_minute: int
    batch: int
    lifetime: timedelta
    by_sender: bool
