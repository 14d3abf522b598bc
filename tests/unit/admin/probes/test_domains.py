"""Where the mail of a domain goes: each fault is named, and following its remedy mends it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.admin.probes.domains import DomainProbe
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.model.finding import Finding, Severity
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import result_of
from tests.fakes.surroundings import OURS, OURS_V6, THEIRS, ZONE, follow

LOCAL = frozenset(map(ip_address, ("127.0.0.1", "::1", "fe80::1")))
TOLD = OwnAddresses(frozenset({ip_address(OURS)}), LOCAL)
BEHIND_ROUTER = OwnAddresses(frozenset(), LOCAL | {ip_address("192.168.1.2")})
ON_INTERFACE = OwnAddresses(frozenset(), LOCAL | {ip_address(OURS)})
EVERYWHERE = pytest.mark.parametrize(
    "own", [TOLD, BEHIND_ROUTER, ON_INTERFACE], ids=["told", "behind-router", "on-interface"]
)


@pytest.fixture
def dns() -> TableResolver:
    return TableResolver(*ZONE)


def look(dns: TableResolver, own: OwnAddresses = TOLD, domain: str = "example.org") -> Finding:
    probe = DomainProbe(domain, "mx.example.org", dns, own)
    verifyObject(IProbe, probe)
    (found,) = result_of(probe.probe())
    assert (found.probe, found.subject) == ("mx", domain)
    return found


@EVERYWHERE
def test_all_is_well(dns: TableResolver, own: OwnAddresses) -> None:
    what = f"its mail comes here: MX 10 mx.example.org ({OURS})"
    assert look(dns, own) == Finding("mx", "example.org", Severity.OK, what)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["example.org. 9 IN MX 10 mx.elsewhere.example."],
         f"its mail goes elsewhere: MX 10 mx.elsewhere.example ({THEIRS})"),
        (["example.org. 9 IN MX 10 w.example.org.", "w.example.org. 9 IN CNAME mx.example.org."],
         "w.example.org is an alias (CNAME) of mx.example.org"),
        (["example.org. 9 IN MX 0 ."], "says that it takes no mail at all (null MX"),
        (["example.org. 9 IN MX 10 1.2.3.4."], "1.2.3.4 is an address"),
        (["example.org. 9 IN MX 10 gone.example.org."], "gone.example.org has no address"),
        (["example.org. 9 IN MX 10 lan.example.org.", "lan.example.org. 9 IN A 10.1.2.3"],
         "10.1.2.3 (only for a private or reserved network)"),
        (["example.org. 9 IN MX 10 lo.example.org.", "lo.example.org. 9 IN A 127.0.0.1"],
         "127.0.0.1 (only for the machine itself)"),
        (["example.org. 9 IN MX 10 l.example.org.", "l.example.org. 9 IN AAAA fe80::9"],
         "fe80::9 (only for the neighbours"),
    ],
    ids=["elsewhere", "alias", "null", "address", "gone", "private", "loopback", "link"],
)  # fmt: skip
@EVERYWHERE
def test_a_wrong_mx(dns: TableResolver, own: OwnAddresses, lines: list[str], says: str) -> None:
    dns.zone.put(*lines)
    found = look(dns, own)
    assert found.severity is Severity.FAILURE
    assert says in found.what
    assert found.why == "Mail for example.org does not come to this server." or "alias" in says
    assert "example.org. 3600 IN MX 10 mx.example.org." in found.remedies
    follow(dns.zone, found.remedies)
    assert look(dns, own).severity is Severity.OK


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"mx.example.org. 9 IN A {THEIRS}", "goes elsewhere: MX 10 mx.example.org (5.6.7.8)"),
        ("mx.example.org. 9 IN A 10.1.2.3", "has an address that the Internet can't reach"),
        ("mx.example.org. 9 IN CNAME mx.elsewhere.example.", "mx.example.org is an alias"),
    ],
)
def test_the_own_name_is_wrong(dns: TableResolver, line: str, says: str) -> None:
    dns.zone.put(line)
    found = look(dns)
    assert (found.severity, says in found.what) == (Severity.FAILURE, True), found
    assert f"mx.example.org. 3600 IN A {OURS}" in found.remedies
    follow(dns.zone, found.remedies)
    assert look(dns).severity is Severity.OK


def test_a_domain_without_mx(dns: TableResolver) -> None:
    dns.zone.remove("example.org", "MX")
    found = look(dns)
    assert (found.severity, found.what) == (
        Severity.FAILURE,
        "has no MX record and no address",
    )
    dns.zone.put(f"example.org. 9 IN A {THEIRS}")
    found = look(dns)
    assert (found.severity, THEIRS in found.what) == (Severity.FAILURE, True)
    dns.zone.put(f"example.org. 9 IN A {OURS}")
    found = look(dns)
    assert (found.severity, OURS in found.what) == (Severity.WARNING, True)
    follow(dns.zone, found.remedies)
    assert look(dns).severity is Severity.OK


def test_a_domain_that_does_not_exist(dns: TableResolver) -> None:
    found = look(dns, domain="shop.example.net")
    assert (found.severity, found.what) == (Severity.FAILURE, "does not exist in the DNS")
    assert found.remedies[0].startswith("Register shop.example.net")
    follow(dns.zone, found.remedies)
    assert look(dns, domain="shop.example.net").severity is Severity.OK


def test_a_backup_behind_us_is_no_fault_and_a_filter_before_us_a_doubt(dns: TableResolver) -> None:
    dns.zone.add("example.org. 9 IN MX 20 mx.elsewhere.example.")
    assert look(dns).severity is Severity.OK
    dns.zone.add("example.org. 9 IN MX 5 mx.elsewhere.example.")
    found = look(dns)
    assert (found.severity, "elsewhere first" in found.what) == (Severity.WARNING, True)
    follow(dns.zone, found.remedies)
    assert look(dns).severity is Severity.OK


@pytest.mark.parametrize("preference", [10, 5])
@EVERYWHERE
def test_a_server_elsewhere_of_the_same_rank_takes_a_part(
    dns: TableResolver, own: OwnAddresses, preference: int
) -> None:
    dns.zone.put(
        f"example.org. 9 IN MX {preference} mx.example.org.",
        f"example.org. 9 IN MX {preference} mx.elsewhere.example.",
    )
    found = look(dns, own)
    assert (found.severity, "a part of its mail goes elsewhere" in found.what) == (
        Severity.WARNING,
        True,
    )
    line = f"example.org. 3600 IN MX {preference + 10} mx.elsewhere.example."
    assert line in found.remedies
    follow(dns.zone, found.remedies)
    assert look(dns, own).severity is Severity.OK


def test_a_broken_backup_is_a_fault_although_mail_comes(dns: TableResolver) -> None:
    dns.zone.add("example.org. 9 IN MX 20 gone.example.org.")
    found = look(dns)
    assert (found.severity, found.why) == (
        Severity.FAILURE,
        "Some servers will not bring mail for example.org.",
    )


@pytest.mark.parametrize("unheard", ["failing", "silent"])
def test_what_can_not_be_told_is_a_doubt(dns: TableResolver, unheard: str) -> None:
    getattr(dns, unheard).add("example.org")
    found = look(dns)
    assert (found.severity, "could not be looked up" in found.what) == (Severity.WARNING, True)


def test_a_host_that_can_not_be_looked_up_is_a_doubt(dns: TableResolver) -> None:
    dns.zone.put("example.org. 9 IN MX 10 mute.example.org.")
    dns.silent.add("mute.example.org")
    assert look(dns).severity is Severity.WARNING


def test_behind_a_router_only_our_own_name_tells(dns: TableResolver) -> None:
    dns.zone.remove("mx.example.org", "A")
    dns.zone.put("example.org. 9 IN MX 10 mail.example.org.", f"mail.example.org. 9 IN A {OURS}")
    found = look(dns, BEHIND_ROUTER)
    assert (found.severity, "may lead elsewhere" in found.what) == (Severity.WARNING, True)
    dns.zone.put(f"mx.example.org. 9 IN A {OURS}")
    assert look(dns, BEHIND_ROUTER).severity is Severity.OK


def test_a_machine_without_ipv6_is_not_behind_an_address_of_it(dns: TableResolver) -> None:
    dns.zone.put(
        "example.org. 9 IN MX 10 six.example.org.", f"six.example.org. 9 IN AAAA {OURS_V6}"
    )
    assert look(dns, BEHIND_ROUTER).severity is Severity.FAILURE
