"""Which route by hand a job takes, if any. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bitrixmail.model.address import Address
from bitrixmail.model.job import Job
from bitrixmail.model.way import RouteRule, route_name, rule_for


class Routes:
    """All of them. Made by compose, and anew when settings change."""

    __slots__ = ("_by_name", "rules")

    def __init__(self, rules: Sequence[RouteRule] = ()) -> None:
        self.rules = tuple(rules)
        self._by_name = {rule.name: rule for rule in rules if rule.name}

    def of(self, job: Job) -> RouteRule | None:
        """Return the rule of a remote job's route; None: to the hosts of the domain.

        A job that was written for a route keeps to it while there is one of that name.
        """
        named = self._by_name.get(route_name(job.destination)) if self._by_name else None
        if named is not None or not self.rules:
            return named
        return rule_for(job.sender, domain_of(job), self.rules)

    def knows(self, job: Job) -> bool:
        """Tell whether there is the route that a job was written for, if it was for one."""
        name = route_name(job.destination)
        return not name or name in self._by_name

    def name(self, job: Job) -> str:
        """Return the name of its route; "" if it has none."""
        rule = self.of(job)
        return "" if rule is None else rule.name


def domain_of(job: Job) -> str:
    """Return the domain of a remote job's recipient."""
    if route_name(job.destination):
        return Address.of(job.recipient).domain
    return job.destination
