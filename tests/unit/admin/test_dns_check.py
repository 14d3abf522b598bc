"""The records of a domain: as they should be, and as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import dns.rrset
import pytest

from bitrixmail.admin.dns_check import DNSCheck, Looked
from bitrixmail.admin.dns_records import text_strings, wanted_records, zone_lines
from bitrixmail.admin.findings.russian import in_russian
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.admin.spf_look import WayOut
from bitrixmail.model.dkim import Algorithm, DKIMKey
from bitrixmail.model.finding import Finding, Severity
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import result_of

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = DKIMKey("example.org", "one", Algorithm.RSA, "QUJD" * 98, NOW - 9 * DAY, NOW - 2 * DAY)
KEYS = (KEY, replace(KEY, selector="two", algorithm=Algorithm.ED25519, public_key="QUJD"))
GOOD = [record.line for record in wanted_records("example.org", "mx.example.org", KEYS, NOW)]


OURS = OwnAddresses(frozenset({ip_address("203.0.113.5")}))


def looked(*lines: str, keys: tuple[DKIMKey, ...] = KEYS, dead: str = "") -> Looked:
    resolver = TableResolver("mx.example.org. 60 IN A 203.0.113.5", *lines)
    resolver.failing = {dead}
    return result_of(DNSCheck("example.org", "mx.example.org", resolver, OURS).look(keys, NOW))


def without(probe: str) -> list[str]:
    marks = {"spf": "v=spf1", "dmarc": "DMARC1", "dkim": "one._domainkey"}
    return [line for line in GOOD if marks[probe] not in line]


def told(probe: str, *lines: str) -> Finding:
    return next(each for each in looked(*lines).findings if each.probe == probe)


def test_what_is_wanted_is_well_once_it_is_there() -> None:
    found = looked(*GOOD)
    assert [each.probe for each in found.findings] == ["mx", "spf", "dkim", "dkim", "dmarc"]
    wrong = [each for each in found.findings[1:] if each.severity is not Severity.OK]
    assert not wrong
    assert found.published == {"one", "two"}


def test_lines_are_those_of_a_zone() -> None:
    lines = list(
        zone_lines(
            "example.org",
            "mx.example.org",
            wanted_records("example.org", "mx.example.org", KEYS, NOW),
        )
    )
    zone = [line for line in lines if not line.startswith(";")]
    assert len(zone) == 5
    for line in zone:
        name, ttl, net, kind, data = line.split(maxsplit=4)
        (rdata,) = dns.rrset.from_text(name, int(ttl), net, kind, data)
        if "one._domainkey" in line:
            assert b"".join(rdata.strings).decode() == KEY.record
            assert max(map(len, rdata.strings)) == 255
    assert text_strings('a"b\\') == r'"a\"b\\"'


def test_only_keys_that_are_needed() -> None:
    gone = replace(KEY, selector="gone", active_until=NOW - 40 * DAY)
    retired = replace(KEY, selector="retired", active_until=NOW - 4 * DAY)
    names = [each.name for each in wanted_records("example.org", "mx", (gone, retired), NOW)]
    assert names[2:-1] == ["retired._domainkey.example.org"]


@pytest.mark.parametrize(
    ("probe", "severity"),
    [("spf", Severity.WARNING), ("dkim", Severity.FAILURE), ("dmarc", Severity.WARNING)],
)
def test_what_is_missing_is_told_with_its_line(probe: str, severity: Severity) -> None:
    finding = told(probe, *without(probe))
    assert finding.severity is severity
    assert "has no" in finding.what
    assert finding.remedies[1] in GOOD


@pytest.mark.parametrize(
    ("record", "severity", "wanted"),
    [
        ("v=spf1 ip4:203.0.113.0/24 -all", Severity.OK, ""),
        ("v=spf1 a:mx.example.org -all", Severity.OK, ""),
        ("v=spf1 +mx -all", Severity.OK, ""),
        ("v=spf1 include:us.example ~all", Severity.OK, ""),
        ("v=spf1 redirect=us.example", Severity.OK, ""),
        ("v=spf1 ip4:203.0.114.0/24 -all", Severity.FAILURE, "v=spf1 mx ip4:203.0.114.0/24 -all"),
        ("v=spf1 -mx -all", Severity.FAILURE, "v=spf1 mx -mx -all"),
        ("v=spf1 a", Severity.WARNING, "v=spf1 mx a ~all"),
        ("v=spf1 ip4:nonsense a -all", Severity.FAILURE, "v=spf1 mx a -all"),
        ("v=spf1 include:gone.example ~all", Severity.FAILURE, "v=spf1 mx ~all"),
        ("v=spf1 include:them.example ~all", Severity.FAILURE,
         "v=spf1 mx include:them.example ~all"),
        ("v=spf1 redirect=them.example", Severity.FAILURE, "v=spf1 mx redirect=them.example"),
        ("v=spf1 mx +all", Severity.WARNING, "v=spf1 mx ~all"),
        ("v=spf1 +all", Severity.WARNING, "v=spf1 mx ~all"),
        ("v=spf1 " + "a:mx.gone.example " * 3 + "-all", Severity.FAILURE, None),
    ],
)  # fmt: skip
def test_spf_names_this_server_or_not(record: str, severity: Severity, wanted: str | None) -> None:
    others = (
        'us.example. 60 IN TXT "v=spf1 ip4:203.0.113.5 -all"',
        'them.example. 60 IN TXT "v=spf1 ip4:203.0.113.6 -all"',
    )
    finding = told("spf", *without("spf"), f'example.org. 60 IN TXT "{record}"', *others)
    assert finding.severity is severity, finding
    if wanted:
        assert f'"{wanted}"' in finding.remedies[1]
    if severity is not Severity.OK:
        # What it says to write is well
        mended = told("spf", *without("spf"), finding.remedies[1], *others)
        assert mended.severity is Severity.OK, (finding, mended)


def test_where_its_mx_is_another_its_addresses_are_named() -> None:
    lines = [line for line in without("spf") if " MX " not in line]
    other = ("example.org. 60 IN MX 10 mx.other.example.", "mx.other.example. 60 IN A 203.0.113.9")
    finding = told("spf", *lines, *other)
    assert finding.remedies[1].endswith('"v=spf1 ip4:203.0.113.5 ~all"')


def test_each_of_its_addresses_must_be_named() -> None:
    both = OwnAddresses(frozenset(map(ip_address, ("203.0.113.5", "2001:db8::5"))))
    lines = (*without("spf"), 'example.org. 60 IN TXT "v=spf1 mx -all"')
    (finding,) = spf_of(both, WayOut(), *lines)
    assert finding.severity is Severity.FAILURE
    assert "does not name 2001:db8::5 of this server" in finding.what
    assert finding.remedies[1].endswith('"v=spf1 ip4:203.0.113.5 ip6:2001:db8::5 mx -all"')
    (finding,) = spf_of(both, WayOut(ipv6=False), *lines)
    assert finding.severity is Severity.OK


def test_a_smarthost_is_named_as_its_owner_says() -> None:
    (finding,) = spf_of(OURS, WayOut("smtp.example.com"), *GOOD)
    assert (finding.severity, "of smtp.example.com" in finding.what) == (Severity.OK, True)


def test_who_does_not_know_his_address_goes_by_the_words() -> None:
    nobody = OwnAddresses()
    (finding,) = spf_of(nobody, WayOut(), *GOOD, name="mx.unknown.example")
    assert finding.severity is Severity.OK
    lines = (*without("spf"), 'example.org. 60 IN TXT "v=spf1 a -all"')
    (finding,) = spf_of(nobody, WayOut(), *lines, name="mx.unknown.example")
    assert (finding.severity, "may not name" in finding.what) == (Severity.WARNING, True)


def spf_of(
    own: OwnAddresses, way_out: WayOut, *lines: str, name: str = "mx.example.org"
) -> tuple[Finding, ...]:
    resolver = TableResolver("mx.example.org. 60 IN A 203.0.113.5", *lines)
    return result_of(DNSCheck("example.org", name, resolver, own, way_out).spf())


def test_two_spf_records_are_merged() -> None:
    two = (
        'example.org. 60 IN TXT "v=spf1 a -all"',
        'example.org. 60 IN TXT "v=spf1 ip4:192.0.2.1 ~all"',
    )
    finding = told("spf", *without("spf"), *two)
    assert finding.severity is Severity.FAILURE
    assert finding.remedies[1].endswith(
        ('"v=spf1 mx a ip4:192.0.2.1 ~all"', '"v=spf1 mx ip4:192.0.2.1 a ~all"')
    )


@pytest.mark.parametrize(
    "record",
    ["v=DKIM1; k=rsa; p=QUJD", f"v=DKIM1; k=ed25519; p={KEY.public_key}", "v=DKIM1; p="],
)
def test_another_key_is_no_key(record: str) -> None:
    found = looked(
        *without("dkim"), f"one._domainkey.example.org. 60 IN TXT {text_strings(record)}"
    )
    assert found.published == {"two"}
    finding = next(each for each in found.findings if each.subject == KEY.name)
    assert (finding.severity, finding.what) == (Severity.FAILURE, "has a record with another key")


def test_spaces_in_a_record_do_not_count() -> None:
    record = f"k=rsa;p= {KEY.public_key[:40]} {KEY.public_key[40:]} ; t=s"
    found = looked(
        *without("dkim"), f"one._domainkey.example.org. 60 IN TXT {text_strings(record)}"
    )
    assert found.published == {"one", "two"}


@pytest.mark.parametrize("record", ["v=DMARC1; rua=mailto:x@example.org", "v=DMARC1; p=maybe"])
def test_a_dmarc_record_without_a_policy(record: str) -> None:
    finding = told("dmarc", *without("dmarc"), f'_dmarc.example.org. 60 IN TXT "{record}"')
    assert finding.severity is Severity.FAILURE


def test_a_policy_that_turns_our_own_mail_away() -> None:
    strict = '_dmarc.example.org. 60 IN TXT "v=DMARC1; p=reject"'
    foreign = 'example.org. 60 IN TXT "v=spf1 ip4:192.0.2.1 -all"'
    lines = [line for line in GOOD if not any(word in line for word in ("v=spf1", "DMARC1"))]
    assert told("dmarc", *lines, strict, foreign).severity is Severity.OK
    unsigned = [line for line in lines if "_domainkey" not in line]
    finding = told("dmarc", *unsigned, strict, foreign)
    assert finding.severity is Severity.FAILURE
    assert "turns away" in finding.what
    assert told("dmarc", *unsigned, strict, 'example.org. 60 IN TXT "v=spf1 mx -all"') == replace(
        finding, severity=Severity.OK, what="is there: v=DMARC1; p=reject", why="", remedies=()
    )


def test_reports_that_nobody_takes() -> None:
    lines = (*without("dmarc"),
             '_dmarc.example.org. 60 IN TXT "v=DMARC1; p=none; rua=mailto:a@eye.example!10m"')  # fmt: skip
    finding = told("dmarc", *lines)
    assert finding.severity is Severity.WARNING
    assert "to eye.example, which does not take them" in finding.what
    assert told("dmarc", *lines, finding.remedies[1]).severity is Severity.OK


def test_a_domain_below_another_has_its_policy() -> None:
    resolver = TableResolver('_dmarc.example.org. 60 IN TXT "v=DMARC1; p=none; sp=reject"')
    check = DNSCheck("shop.example.org", "mx.example.org", resolver, OURS)
    (finding,) = result_of(check.dmarc((), NOW))
    assert (finding.severity, "turns away" in finding.what) == (Severity.FAILURE, True)
    resolver.zone.put('_dmarc.example.org. 60 IN TXT "v=DMARC1; p=none"')
    (finding,) = result_of(check.dmarc((), NOW))
    assert (finding.severity, finding.what.startswith("is that of the domain above")) == (
        Severity.OK,
        True,
    )


def test_a_domain_without_keys() -> None:
    (finding,) = result_of(DNSCheck("example.org", "mx", TableResolver(), OURS).dkim((), NOW))
    assert (finding.severity, finding.remedies[1]) == (
        Severity.WARNING,
        "bitrixmail dns records example.org",
    )


def test_a_new_key_may_wait_and_one_that_is_gone_may_go() -> None:
    keys = (
        replace(KEY, active_from=NOW + DAY),
        replace(KEY, selector="gone", active_until=NOW - 40 * DAY),
    )
    found = looked(*without("dkim"), keys=keys)
    severities = [each.severity for each in found.findings if each.probe == "dkim"]
    assert severities == [Severity.WARNING, Severity.OK]


def test_a_dead_dns_is_no_verdict() -> None:
    finding = next(
        each for each in looked(*GOOD, dead=KEY.name).findings if each.subject == KEY.name
    )
    assert finding.severity is Severity.WARNING
    assert "could not be looked up" in finding.what


def test_every_sentence_has_its_russian() -> None:
    two = ('example.org. 60 IN TXT "v=spf1 a -all"', 'example.org. 60 IN TXT "v=spf1 ~all"')
    gone = replace(KEY, active_until=NOW - 40 * DAY)
    retired = replace(KEY, active_until=NOW - 4 * DAY)
    cases = [
        looked(),
        looked(*GOOD),
        looked(*GOOD, *two),
        looked(*without("spf"), 'example.org. 60 IN TXT "v=spf1 -all"'),
        *(
            looked(*without("spf"), f'example.org. 60 IN TXT "v=spf1 {words}"')
            for words in ("include:x.example -all", "mix", "+all", "a:mx.gone.example " * 3)
        ),
        looked(
            *without("dmarc"),
            '_dmarc.example.org. 60 IN TXT "v=DMARC1; p=none; rua=mailto:a@b.example"',
        ),
        looked('_dmarc.example.org. 60 IN TXT "v=DMARC1; p=reject"'),
        looked(*without("dmarc"), '_dmarc.example.org. 60 IN TXT "v=DMARC1"'),
        looked(*GOOD, '_dmarc.example.org. 60 IN TXT "v=DMARC1; p=none"'),
        looked(*GOOD, keys=(gone, retired, replace(KEY, active_from=None))),
        looked(keys=(gone, replace(KEY, active_from=None))),
        looked(*GOOD, dead="one._domainkey.example.org"),
        looked(*without("dkim"), 'one._domainkey.example.org. 60 IN TXT "p=x"'),
    ]
    for case in cases:
        for finding in case.findings:
            for text in (finding.what, finding.why, *finding.remedies[:1]):
                assert not text or in_russian(text) != text, text
