"""Which hosts take the mail of a destination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from bitrixmail.model.destination import (
    Hosts,
    Level,
    RelayLogin,
    RelayRoute,
)
from bitrixmail.model.way import RouteRule, rule_for
from bitrixmail.outbound.hosts import HostFinder, HostRules, Nowhere, Own
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import result_of

ZONE = (
    "example.org. 60 IN MX 20 backup.example.net.",
    "example.org. 60 IN MX 10 mx1.example.org.",
    "example.org. 60 IN MX 10 mx2.example.org.",
    "mx1.example.org. 60 IN A 8.8.1.1",
    "mx2.example.org. 60 IN A 8.8.1.2",
    "mx2.example.org. 60 IN AAAA 2a00::2",
    "backup.example.net. 60 IN A 8.8.1.3",
    "bare.example. 60 IN A 8.8.2.1",
    "bare.example. 60 IN AAAA 2a00::21",
    "null.example. 60 IN MX 0 .",
    "odd.example. 60 IN MX 0 .",
    "odd.example. 60 IN MX 5 bare.example.",
    "aliased.example. 60 IN MX 5 www.example.org.",
    "www.example.org. 60 IN CNAME bare.example.",
    "numeric.example. 60 IN MX 5 8.8.1.1.",
    "txt.example. 60 IN TXT nothing",
    "lost.example. 60 IN MX 5 gone.example.org.",
    "inside.example. 60 IN MX 5 lan.example.",
    "inside.example. 60 IN MX 6 loop.example.",
    "lan.example. 60 IN A 10.0.0.1",
    "loop.example. 60 IN A 127.0.0.1",
    "ours.example. 60 IN MX 10 mx.mine.example.",
    "ours.example. 60 IN MX 20 backup.example.net.",
    "second.example. 60 IN MX 10 backup.example.net.",
    "second.example. 60 IN MX 20 mx.mine.example.",
    "second.example. 60 IN MX 20 bare.example.",
    "second.example. 60 IN MX 30 mx1.example.org.",
    "nat.example. 60 IN MX 10 backup.example.net.",
    "nat.example. 60 IN MX 20 nat.mine.example.",
    "nat.example. 60 IN MX 20 bare.example.",
    "nat.mine.example. 60 IN A 8.8.7.7",
    "byaddress.example. 60 IN MX 10 bare.example.",
    "byaddress.example. 60 IN MX 20 hidden.mine.example.",
    "byaddress.example. 60 IN MX 20 mx1.example.org.",
    "hidden.mine.example. 60 IN A 8.8.9.9",
    "mx.mine.example. 60 IN A 8.8.9.9",
    "half.example. 60 IN MX 10 mute.example.",
    "half.example. 60 IN MX 20 bare.example.",
    "mutemx.example. 60 IN MX 10 mute.example.",
    *(f"many.example. 60 IN MX {n} mx{n}.many.example." for n in range(12)),
    *(f"mx{n}.many.example. 60 IN A 8.8.{n}.{m}" for n in range(12) for m in range(4)),
)
OWN = Own(frozenset({"mx.mine.example", "nat.mine.example"}), frozenset({"8.8.9.9", "127.0.0.1"}))


def finder(seed: int = 1, **rules: Any) -> HostFinder:
    resolver = TableResolver(*ZONE)
    resolver.failing, resolver.silent = {"broken.example"}, {"mute.example"}
    resolver.signed = {"bare.example", "example.org", "mx1.example.org", "txt.example"}
    return HostFinder(resolver, HostRules(own=OWN, **rules), Random(seed))


def found(domain: str, seed: int = 1, **rules: Any) -> Hosts:
    hosts = result_of(finder(seed, **rules).find(domain))
    assert isinstance(hosts, Hosts), hosts
    return hosts


def nowhere(domain: str, **rules: Any) -> Nowhere:
    outcome = result_of(finder(**rules).find(domain))
    assert isinstance(outcome, Nowhere), outcome
    return outcome


def names(hosts: Hosts) -> list[str]:
    return [host.name for host in hosts.hosts]


def test_the_lowest_preference_goes_first_and_equals_by_chance() -> None:
    firsts: Counter[str] = Counter()
    for seed in range(40):
        order = names(found("example.org", seed))
        assert order[2] == "backup.example.net"
        firsts[order[0]] += 1
    assert set(firsts) == {"mx1.example.org", "mx2.example.org"}
    assert min(firsts.values()) > 5


@pytest.mark.parametrize(
    ("domain", "code", "enhanced"),
    [
        ("gone.example", 550, "5.1.2"),
        ("null.example", 556, "5.1.10"),
        ("ours.example", 554, "5.4.6"),
        ("mx.mine.example", 554, "5.4.6"),
        ("hidden.mine.example", 554, "5.4.6"),
        ("[8.8.9.9]", 554, "5.4.6"),
        ("broken.example", 451, "4.4.3"),
        ("mute.example", 451, "4.4.3"),
        ("mutemx.example", 451, "4.4.3"),
        ("txt.example", 550, "5.4.4"),
        ("lost.example", 550, "5.4.4"),
        ("lan.example", 550, "5.4.4"),
        ("numeric.example", 550, "5.4.4"),
        ("[10.1.2.3]", 550, "5.4.4"),
        ("[IPv6:::1]", 550, "5.4.4"),
        ("[nonsense]", 550, "5.1.2"),
    ],
)
def test_each_way_to_have_no_host(domain: str, code: int, enhanced: str) -> None:
    reply = nowhere(domain).reply
    assert (reply.code, reply.enhanced) == (code, enhanced), reply


def test_what_is_wrong_is_told() -> None:
    assert "does not exist" in str(nowhere("gone.example").reply)
    assert "mute.example (AAAA) could not be looked up" in str(nowhere("mutemx.example").reply)
    assert nowhere("numeric.example").notes == ("8.8.1.1 is an address, no name",)
    assert "10.0.0.1" in nowhere("lan.example").notes[0]


def test_without_mx_records_the_address_of_the_domain() -> None:
    hosts = found("bare.example")
    assert (hosts.by_mx, names(hosts)) == (False, ["bare.example"])
    assert hosts.hosts[0].addresses == ("2a00::21", "8.8.2.1")


def test_ipv4_first_or_alone() -> None:
    assert found("bare.example", ipv6_first=False).hosts[0].addresses == ("8.8.2.1", "2a00::21")
    assert found("bare.example", ipv6=False).hosts[0].addresses == ("8.8.2.1",)
    assert found("bare.example", ipv4=False).hosts[0].addresses == ("2a00::21",)


def test_a_null_mx_among_others_counts_for_nothing() -> None:
    hosts = found("odd.example")
    assert names(hosts) == ["bare.example"]
    assert hosts.notes == ("a null MX stands beside other MX records",)


def test_an_alias_is_used_and_noted() -> None:
    (host,) = found("aliased.example").hosts
    assert (host.name, host.canonical) == ("www.example.org", "bare.example")
    assert "8.8.2.1" in host.addresses
    assert found("aliased.example").notes == ("www.example.org is an alias of bare.example",)


def test_what_stands_as_high_as_ourselves_is_cut() -> None:
    assert names(found("second.example")) == ["backup.example.net"]
    assert names(found("nat.example")) == ["backup.example.net"]
    for seed in range(8):  # whichever of the equals is asked first
        assert names(found("byaddress.example", seed)) == ["bare.example"]


def test_private_addresses_only_if_allowed() -> None:
    reply = nowhere("inside.example").reply
    assert reply.enhanced == "5.4.6"  # the second is our own
    assert names(found("inside.example", private=True)) == ["lan.example"]
    assert found("[10.1.2.3]", private=True).hosts[0].addresses == ("10.1.2.3",)


def test_address_literals() -> None:
    (host,) = found("[IPv6:2A00::5]").hosts
    assert (host.name, host.addresses) == ("[IPv6:2A00::5]", ("2a00::5",))
    assert found("[8.8.5.5]").hosts[0].addresses == ("8.8.5.5",)


def test_a_host_that_can_not_be_looked_up_is_passed_over() -> None:
    assert names(found("half.example")) == ["bare.example"]


def test_hosts_and_addresses_are_bounded() -> None:
    hosts = found("many.example", most_hosts=3, most_addresses=2)
    assert names(hosts) == ["mx0.many.example", "mx1.many.example", "mx2.many.example"]
    assert {len(host.addresses) for host in hosts.hosts} == {2}


def test_dnssec_is_told_of_records_and_hosts() -> None:
    hosts = found("example.org")
    assert hosts.authentic
    assert {host.name: host.authentic for host in hosts.hosts} == {
        "mx1.example.org": True,
        "mx2.example.org": False,
        "backup.example.net": False,
    }
    assert found("bare.example").authentic
    assert not found("second.example").authentic


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (RelayRoute("lan.example", 587), ("lan.example", ("10.0.0.1",), 587)),
        (RelayRoute("10.0.0.9", 2525), ("10.0.0.9", ("10.0.0.9",), 2525)),
        (RelayRoute("127.0.0.1", 10025), ("127.0.0.1", ("127.0.0.1",), 10025)),
        (RelayRoute("aliased.example", 26, lookup_mx=True), ("www.example.org", None, 26)),
        (RelayRoute(tls=Level.NONE), ("backup.example.net", ("8.8.1.3",), 25)),
        (RelayRoute(port=26), ("backup.example.net", ("8.8.1.3",), 26)),
        (RelayRoute("lan.example"), ("lan.example", ("10.0.0.1",), 25)),
    ],
)
def test_a_route_by_hand(route: RelayRoute, expected: tuple[str, object, int]) -> None:
    hosts = result_of(finder().find_route("second.example", route))
    assert isinstance(hosts, Hosts), hosts
    host = hosts.hosts[0]
    assert (host.name, host.port) == (expected[0], expected[2])
    assert expected[1] in (None, host.addresses)


def test_a_route_to_ourselves_or_to_nothing() -> None:
    for route, enhanced in (
        (RelayRoute("mx.mine.example"), "4.4.4"),
        (RelayRoute("gone.example"), "4.4.4"),
        (RelayRoute("gone.example", lookup_mx=True), "4.4.4"),
        (RelayRoute("null.example", lookup_mx=True), "4.4.4"),
        (RelayRoute("txt.example"), "4.4.4"),
        (RelayRoute("mute.example"), "4.4.3"),
    ):
        outcome = result_of(finder().find_route("example.org", route))
        assert isinstance(outcome, Nowhere)
        # Whoever set it has slipped: no mail comes back for that
        assert (outcome.reply.code, outcome.reply.enhanced) == (451, enhanced)
        assert ("outbound.smarthost" in outcome.reply.text) == (enhanced == "4.4.4")
    # The domain of a recipient is no setting of ours
    outcome = result_of(finder().find_route("gone.example", RelayRoute(port=26)))
    assert isinstance(outcome, Nowhere)
    assert (outcome.reply.code, outcome.reply.enhanced) == (550, "5.1.2")
    filter_beside = RelayRoute("mx.mine.example", 10024)
    assert isinstance(result_of(finder().find_route("example.org", filter_beside)), Hosts)


def test_the_first_rule_that_fits_gives_the_route() -> None:
    one, two, three, four = (RelayRoute(f"r{n}.example") for n in range(4))
    routes = (
        RouteRule(one, senders=("boss@example.org",), domains=("example.net",)),
        RouteRule(two, senders=("@example.org",)),
        RouteRule(three, domains=("*.example.net",)),
        RouteRule(four, senders=("<>",)),
    )

    def route_for(
        sender: str, domain: str, rules: Sequence[RouteRule] = routes
    ) -> RelayRoute | None:
        rule = rule_for(sender, domain, rules)
        return None if rule is None else rule.route

    assert route_for("Boss@example.org", "EXAMPLE.net") is one
    assert route_for("boss@example.org", "example.com") is two
    assert route_for("x@sub.example.org", "example.net") is None
    assert route_for("x@else.example", "a.b.example.net") is three
    assert route_for("x@else.example", "badexample.net") is None
    assert route_for("", "example.com") is four
    assert route_for("x@else.example", "example.com", (*routes, RouteRule(one))) is one


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(RouteRule(RelayRoute("a", login=RelayLogin("u", "secret"))))
