"""Which route a job takes that was written before, or by somebody who knows no routes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bitrixmail.model.destination import RelayRoute
from bitrixmail.model.job import Job, Kind, Priority
from bitrixmail.model.way import RouteRule
from bitrixmail.outbound.routes import Routes, domain_of

NOW = datetime(2026, 5, 4, tzinfo=UTC)
JOB = Job(
    1, "k", Kind.REMOTE, "example.com", "bob@example.com", Priority.NORMAL, NOW, NOW, NOW, 0,
    False, "{}", "", 1, "Q1", "info@example.org", 9,
)  # fmt: skip
SHOP = RouteRule(RelayRoute("smtp.example.net"), "shop", domains=("example.com",))
REST = RouteRule(RelayRoute("relay.example.net"), "rest")


def test_a_job_keeps_to_the_route_it_was_written_for() -> None:
    """Those of one message and destination go together, whatever the patterns are by now."""
    routes = Routes((SHOP, REST))
    written = replace(JOB, destination="route:rest")
    assert (routes.of(JOB), routes.of(written)) == (SHOP, REST)
    assert (routes.name(JOB), routes.name(written)) == ("shop", "rest")
    assert routes.knows(written)


def test_a_job_of_a_route_that_is_gone_takes_the_first_that_fits() -> None:
    stale = replace(JOB, destination="route:gone", recipient="eve@example.net")
    own = replace(JOB, destination="route:gone:example.com")
    routes = Routes((SHOP,))
    assert not routes.knows(stale)
    assert (routes.of(stale), domain_of(stale)) == (None, "example.net")
    assert (routes.of(own), domain_of(own)) == (SHOP, "example.com")
    assert Routes().of(own) is None
