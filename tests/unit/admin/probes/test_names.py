"""The name of this server, there and back."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from bitrixmail.admin.probes.name_servers import NameServerProbe
from bitrixmail.admin.probes.names import HostnameProbe, ReverseProbe
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.model.dns import Answer
from bitrixmail.model.finding import Finding, Severity
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import result_of
from tests.fakes.surroundings import OURS, OURS_V6, THEIRS, ZONE, follow

TOLD = OwnAddresses(frozenset({ip_address(OURS)}))
BOTH = OwnAddresses(frozenset(map(ip_address, (OURS, OURS_V6))))
BEHIND_ROUTER = OwnAddresses(frozenset(), frozenset({ip_address("192.168.1.2")}))


@pytest.fixture
def dns() -> TableResolver:
    return TableResolver(*ZONE)


def leads(
    dns: TableResolver, own: OwnAddresses = TOLD, name: str = "mx.example.org"
) -> tuple[Finding, ...]:
    probe = HostnameProbe(name, dns, own)
    verifyObject(IProbe, probe)
    found: tuple[Finding, ...] = result_of(probe.probe())
    assert {(each.probe, each.subject) for each in found} == {("hostname", name)}
    return found


def back(dns: TableResolver, own: OwnAddresses = TOLD) -> Finding:
    probe = ReverseProbe("mx.example.org", dns, own)
    verifyObject(IProbe, probe)
    (found,) = result_of(probe.probe())
    assert found.probe == "ptr"
    return found


class TestThere:
    def test_it_leads_here(self, dns: TableResolver) -> None:
        (found,) = leads(dns)
        assert (found.severity, found.what) == (Severity.OK, f"leads to {OURS}")

    def test_it_leads_to_the_router(self, dns: TableResolver) -> None:
        (found,) = leads(dns, BEHIND_ROUTER)
        assert (found.severity, "router" in found.what) == (Severity.WARNING, True)
        assert found.remedies[-1] == f'public_addresses = ["{OURS}"]'
        assert leads(dns, TOLD)[0].severity is Severity.OK  # the remedy, followed

    @pytest.mark.parametrize(("told", "found"), [({OURS}, {"fd00::2"}), (set(), {OURS, "fd00::2"})])
    def test_a_private_network_of_ipv6_is_no_router(
        self, dns: TableResolver, told: set[str], found: set[str]
    ) -> None:
        """Who has containers has one; the address of IPv6 is another machine's all the same."""
        own = OwnAddresses(frozenset(map(ip_address, told)), frozenset(map(ip_address, found)))
        dns.zone.add(f"mx.example.org. 9 IN AAAA {OURS_V6}")
        assert [each.severity for each in leads(dns, own)] == [Severity.OK, Severity.FAILURE]

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            (f"mx.example.org. 9 IN A {THEIRS}", f"leads to {THEIRS}, which is not this machine"),
            ("mx.example.org. 9 IN A 192.168.1.2", "only a private"),
            ("mx.example.org. 9 IN CNAME mx.elsewhere.example.", "is an alias (CNAME)"),
        ],
    )
    def test_it_leads_elsewhere(self, dns: TableResolver, line: str, says: str) -> None:
        dns.zone.put(line)
        found = leads(dns)
        assert {each.severity for each in found} == {Severity.FAILURE}
        assert any(says in each.what for each in found), found
        follow(dns.zone, found[0].remedies)
        assert [each.severity for each in leads(dns)] == [Severity.OK]

    def test_one_of_two_addresses_is_stale(self, dns: TableResolver) -> None:
        dns.zone.add(f"mx.example.org. 9 IN AAAA {OURS_V6}")
        well, stale = leads(dns)
        assert (well.severity, stale.severity) == (Severity.OK, Severity.FAILURE)
        follow(dns.zone, stale.remedies)
        assert [each.severity for each in leads(dns)] == [Severity.OK]

    def test_it_does_not_exist(self, dns: TableResolver) -> None:
        (found,) = leads(dns, BOTH, "new.example.org")
        assert (found.severity, found.what) == (Severity.FAILURE, "does not exist in the DNS")
        follow(dns.zone, found.remedies)
        assert [each.severity for each in leads(dns, BOTH, "new.example.org")] == [Severity.OK] * 2

    def test_nobody_knows_our_address(self, dns: TableResolver) -> None:
        (found,) = leads(dns, BEHIND_ROUTER, "new.example.org")
        assert "new.example.org. 3600 IN A ADDRESS" in found.remedies
        assert found.remedies[-1].startswith("ADDRESS is the public address")

    def test_a_name_without_dots_is_not_looked_up(self, dns: TableResolver) -> None:
        (found,) = leads(dns, TOLD, "mx")
        assert (found.severity, "full name" in found.what) == (Severity.FAILURE, True)
        assert not dns.asked

    def test_silence_is_a_doubt(self, dns: TableResolver) -> None:
        dns.silent.add("mx.example.org")
        (found,) = leads(dns)
        assert found.severity is Severity.WARNING


class TestBack:
    def test_it_leads_back(self, dns: TableResolver) -> None:
        found = back(dns)
        assert (found.severity, found.subject) == (Severity.OK, OURS)

    def test_it_is_missing(self, dns: TableResolver) -> None:
        dns.zone.remove("4.3.2.1.in-addr.arpa", "PTR")
        found = back(dns)
        assert (found.severity, found.what) == (Severity.WARNING, "has no name (PTR record)")
        assert "4.3.2.1.in-addr.arpa. 3600 IN PTR mx.example.org." in found.remedies
        follow(dns.zone, found.remedies)
        assert back(dns).severity is Severity.OK

    @pytest.mark.parametrize(
        ("lines", "says"),
        [
            (["4.3.2.1.in-addr.arpa. 9 IN PTR s4.provider.example."], "does not lead back"),
            (["4.3.2.1.in-addr.arpa. 9 IN PTR s4.provider.example.",
              f"s4.provider.example. 9 IN A {OURS}"], "calls itself mx.example.org"),
            ([f"mx.example.org. 9 IN A {THEIRS}"], "does not lead back"),
        ],
    )  # fmt: skip
    def test_it_is_not_ours(self, dns: TableResolver, lines: list[str], says: str) -> None:
        dns.zone.put(*lines)
        found = back(dns)
        assert (found.severity, says in found.what) == (Severity.WARNING, True), found
        follow(dns.zone, found.remedies)
        assert back(dns).severity is Severity.OK

    def test_behind_a_router_the_address_of_our_name_counts(self, dns: TableResolver) -> None:
        found = back(dns, BEHIND_ROUTER)
        assert (found.severity, found.subject) == (Severity.OK, OURS)

    def test_without_any_address_it_says_so(self, dns: TableResolver) -> None:
        dns.zone.remove("mx.example.org", "A")
        found = back(dns, BEHIND_ROUTER)
        assert (found.severity, "no public address" in found.what) == (Severity.WARNING, True)

    def test_ipv6_has_a_name_too(self, dns: TableResolver) -> None:
        probe = ReverseProbe("mx.example.org", dns, BOTH)
        four, six = result_of(probe.probe())
        assert (four.severity, six.severity) == (Severity.OK, Severity.WARNING)
        follow(dns.zone, six.remedies)
        assert {each.severity for each in result_of(probe.probe())} == {Severity.OK}


class Slow(TableResolver):
    """Takes its time. Made by a test."""

    clock = Clock()
    takes_s = 0.0

    async def look_up(self, name: str, kind: str) -> Answer:
        self.clock.advance(self.takes_s)
        return await super().look_up(name, kind)


def name_servers(dns: Slow) -> Finding:
    probe = NameServerProbe("192.0.2.53", dns, dns.clock, lambda: "unregistered.com")
    verifyObject(IProbe, probe)
    (found,) = result_of(probe.probe())
    assert (found.probe, found.subject) == ("dns", "name servers 192.0.2.53")
    return found


class TestNameServers:
    @pytest.fixture
    def dns(self) -> Slow:
        return Slow(*ZONE)

    def test_they_answer(self, dns: Slow) -> None:
        dns.takes_s = 0.02
        found = name_servers(dns)
        assert (found.severity, "answer within 20 ms" in found.what) == (Severity.OK, True)
        assert "DNSSEC is not used" in found.what
        dns.signed = {"."}
        assert "prove by DNSSEC what they say" in name_servers(dns).what

    def test_they_do_not(self, dns: Slow) -> None:
        dns.silent = {"."}
        assert name_servers(dns).severity is Severity.FAILURE

    def test_they_invent_what_is_not_there(self, dns: Slow) -> None:
        dns.zone.add("unregistered.com. 60 IN A 192.0.2.99")
        found = name_servers(dns)
        assert found.severity is Severity.WARNING
        assert "of unregistered.com, which nobody has, they say 192.0.2.99" in found.what

    def test_they_are_slow(self, dns: Slow) -> None:
        dns.takes_s = 1.5
        found = name_servers(dns)
        assert (found.severity, "take 1.5 s" in found.what) == (Severity.WARNING, True)

    def test_what_nobody_has_is_another_name_each_time(self, dns: Slow) -> None:
        for _ in range(2):
            result_of(NameServerProbe("192.0.2.53", dns, dns.clock).probe())
        assert len({name for name, _ in dns.asked if name.startswith("unregistered-")}) == 2
