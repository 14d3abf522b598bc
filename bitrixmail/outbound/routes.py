"""Which route by hand the mail of a sender for a domain takes, if any. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bitrixmail.model.destination import RelayRoute, RouteRule


def route_for(sender: str, domain: str, routes: Iterable[RouteRule]) -> RelayRoute | None:
    """Return the route of the first rule that fits; None: to the hosts of the domain.

    `sender` is the reverse-path, empty for the null sender.
    """
    return next((rule.route for rule in routes if rule.fits(sender, domain)), None)
