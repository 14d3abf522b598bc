"""Routes by hand: whose mail takes which, and what its jobs call their destination then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bitrixmail.model.destination import RelayRoute

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


def rule_for(sender: str, domain: str, rules: Sequence[RouteRule]) -> RouteRule | None:
    """Return the first rule that fits; None: the mail goes to the hosts of the domain."""
    return next((rule for rule in rules if rule.fits(sender, domain)), None)


def route_name(destination: str) -> str:
    """Return the name of the route in a job's destination; "" if it is a plain domain."""
    if not destination.startswith(_BY_ROUTE):
        return ""
    return destination.removeprefix(_BY_ROUTE).partition(":")[0]
