"""Whose mail takes a route, and what its jobs call their destination."""

from __future__ import annotations

import pytest

from bitrixmail.model.destination import RelayRoute
from bitrixmail.model.way import RouteRule, route_name, rule_for

HOST, OWN = RelayRoute("smtp.example.net", 587), RelayRoute()


@pytest.mark.parametrize(
    ("rule", "destination", "name"),
    [
        (RouteRule(HOST, "shop"), "route:shop", "shop"),
        # each domain has hosts of its own
        (RouteRule(OWN, "slow"), "route:slow:example.com", "slow"),
        (RouteRule(HOST), "example.com", ""),
    ],
)
def test_a_destination_names_its_route(rule: RouteRule, destination: str, name: str) -> None:
    assert rule.destination("example.com") == destination
    assert route_name(destination) == name


def test_an_address_literal_is_no_route() -> None:
    assert route_name("[IPv6:2001:db8::1]") == ""
    assert RouteRule(OWN, "slow").destination("[IPv6:::1]") == "route:slow:[IPv6:::1]"


def test_several_senders_and_domains_make_one_rule() -> None:
    rule = RouteRule(HOST, "shop", ("@example.org", "<>"), ("example.com", "*.example.net"))
    for sender, domain in (
        ("a@EXAMPLE.org", "example.com"),
        ("", "Example.COM"),
        ("b@example.org", "a.b.example.net"),
    ):
        assert rule_for(sender, domain, [rule]) is rule
    for sender, domain in (
        ("a@sub.example.org", "example.com"),
        ("a@example.org", "example.net"),
        ("a@example.org", "else.example"),
    ):
        assert rule_for(sender, domain, [rule]) is None
