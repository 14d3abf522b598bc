"""SPF by the examples of RFC 7208, and its bounds."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from bitrixmail.admin.spf import Result, SPFCheck, Verdict
from bitrixmail.admin.spf_record import RecordError, expand, parse_record
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import result_of

# RFC 7208 appendix A
ZONE = (
    "example.com. 60 IN MX 10 mail-a.example.com.",
    "example.com. 60 IN MX 20 mail-b.example.com.",
    "example.com. 60 IN A 192.0.2.10",
    "example.com. 60 IN A 192.0.2.11",
    "amy.example.com. 60 IN A 192.0.2.65",
    "bob.example.com. 60 IN A 192.0.2.66",
    "mail-a.example.com. 60 IN A 192.0.2.129",
    "mail-b.example.com. 60 IN A 192.0.2.130",
    "www.example.com. 60 IN CNAME example.com.",
    "example.org. 60 IN MX 10 mail-c.example.org.",
    "mail-c.example.org. 60 IN A 192.0.2.140",
    "10.2.0.192.in-addr.arpa. 60 IN PTR example.com.",
    "65.2.0.192.in-addr.arpa. 60 IN PTR amy.example.com.",
    "140.2.0.192.in-addr.arpa. 60 IN PTR mail-c.example.org.",
    "4.0.0.10.in-addr.arpa. 60 IN PTR bob.example.com.",
    "example.net. 60 IN MX 10 mail-a.example.com.",
    "v6.example.net. 60 IN AAAA 2001:db8::1",
)


def judged(record: str, address: str, *lines: str, dead: str = "") -> Verdict:
    resolver = TableResolver(*ZONE, f'example.com. 60 IN TXT "{record}"', *lines)
    resolver.failing = {dead}
    check = SPFCheck(resolver, ip_address(address), "example.com", "mx.example.com")
    return result_of(check.verdict())


@pytest.mark.parametrize(
    ("record", "address", "result"),
    [
        ("v=spf1 +all", "192.0.2.129", Result.PASS),
        ("v=spf1 a -all", "192.0.2.10", Result.PASS),
        ("v=spf1 a -all", "192.0.2.129", Result.FAIL),
        ("v=spf1 a:example.org -all", "192.0.2.10", Result.FAIL),
        ("v=spf1 mx -all", "192.0.2.129", Result.PASS),
        ("v=spf1 mx -all", "192.0.2.10", Result.FAIL),
        ("v=spf1 mx:example.org -all", "192.0.2.140", Result.PASS),
        ("v=spf1 mx mx:example.org ~all", "192.0.2.140", Result.PASS),
        ("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131", Result.PASS),
        ("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.141", Result.PASS),
        ("v=spf1 ptr -all", "192.0.2.65", Result.PASS),
        ("v=spf1 ptr -all", "192.0.2.140", Result.FAIL),
        ("v=spf1 ptr -all", "10.0.0.4", Result.FAIL),
        ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129", Result.PASS),
        ("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", Result.FAIL),
        ("v=spf1 ip4:192.0.2.0/24 -all", "2001:db8::1", Result.FAIL),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::1", Result.PASS),
        ("v=spf1 a:v6.example.net//64 -all", "2001:db8::9", Result.PASS),
        ("v=spf1 a:v6.example.net/8 -all", "2001:db8::9", Result.FAIL),
        ("v=spf1 ~all", "192.0.2.1", Result.SOFTFAIL),
        ("v=spf1 ?all", "192.0.2.1", Result.NEUTRAL),
        ("v=spf1 a", "192.0.2.1", Result.NEUTRAL),
        ("v=spf1 a:www.example.com -all", "192.0.2.11", Result.PASS),
        ("V=SPF1  MX  -ALL", "192.0.2.129", Result.PASS),
        ("v=spf1 include:other.example -all", "192.0.2.7", Result.PASS),
        ("v=spf1 include:other.example -all", "192.0.2.8", Result.FAIL),
        ("v=spf1 redirect=other.example", "192.0.2.7", Result.PASS),
        ("v=spf1 redirect=other.example", "192.0.2.8", Result.SOFTFAIL),
        ("v=spf1 redirect=other.example -all", "192.0.2.7", Result.FAIL),
        ("v=spf1 exp=other.example unknown=x mx -all", "192.0.2.129", Result.PASS),
        ("v=spf1 exists:%{ir}.%{l1r+}.ok.%{d} -all", "192.0.2.7", Result.PASS),
        ("v=spf1 include:%{d2}.other.example -all", "192.0.2.9", Result.PASS),
        ("v=spf2 -all", "192.0.2.1", Result.NONE),
        ("v=spf1 -all v=spf1", "192.0.2.1", Result.FAIL),
    ],
)
def test_results(record: str, address: str, result: Result) -> None:
    lines = (
        'other.example. 60 IN TXT "v=spf1 ip4:192.0.2.7 ~all"',
        'example.com.other.example. 60 IN TXT "v=spf1 ip4:192.0.2.9"',
        "7.2.0.192.postmaster.ok.example.com. 60 IN A 127.0.0.2",
    )
    assert judged(record, address, *lines).result is result


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        ("v=spf1 ip4:nonsense -all", "ip4:nonsense names no address of its kind"),
        ("v=spf1 ip6:192.0.2.1 -all", "ip6:192.0.2.1 names no address"),
        ("v=spf1 ipv4:192.0.2.1 -all", "ipv4:192.0.2.1 is nothing that SPF knows"),
        ("v=spf1 a/33 -all", "a/33 has a network that is longer"),
        ("v=spf1 a: -all", "a: names no domain"),
        ("v=spf1 include -all", "include names no domain"),
        ("v=spf1 all:x", "all:x has a value"),
        ("v=spf1 all/8", "all/8 ends in /8"),
        ("v=spf1 redirect=a.example redirect=b.example", "is a second redirect"),
        ("v=spf1 a:%{z}.example -all", "a:%{z}.example has a macro"),
        ("v=spf1 a:100%.example -all", "has a macro"),
        ("v=spf1 include:none.example -all", "none.example, which has no SPF record"),
        ("v=spf1 redirect=none.example", "none.example, which has no SPF record"),
        ("v=spf1 include:bad.example", "the record of bad.example: mix is nothing"),
        ("v=spf1 include:two.example", "two.example has 2 SPF records"),
        ("v=spf1 a:x.test a:y.test a:z.test -all", "lead to nothing, z.test is one"),
        ("v=spf1 include:example.com -all", "include:example.com is one too many"),
    ],
)
def test_records_that_count_for_nothing(record: str, detail: str) -> None:
    lines = (
        'bad.example. 60 IN TXT "v=spf1 mix -all"',
        'two.example. 60 IN TXT "v=spf1 -all"',
        'two.example. 60 IN TXT "v=spf1 ~all"',
    )
    verdict = judged(record, "192.0.2.200", *lines)
    assert verdict.result is Result.PERMERROR
    assert detail in verdict.detail


def test_two_records() -> None:
    verdict = judged("v=spf1 -all", "192.0.2.1", 'example.com. 60 IN TXT "v=spf1 ~all"')
    assert (verdict.result, verdict.detail) == (Result.PERMERROR, "example.com has 2 SPF records")


def test_ten_look_ups_and_no_more() -> None:
    names = ["a:amy.example.com"] * 11
    record = " ".join(("v=spf1", *names[:9], "mx", "-all"))
    assert judged(record, "10.0.0.1").result is Result.FAIL
    assert judged(record, "192.0.2.129").lookups == 10
    assert judged(" ".join(("v=spf1", *names, "-all")), "10.0.0.1").result is Result.PERMERROR
    # What matched before is not looked at again
    assert judged(" ".join(("v=spf1", "mx", *names, "-all")), "192.0.2.129").result is Result.PASS


def test_what_nobody_can_tell() -> None:
    verdict = judged("v=spf1 mx -all", "192.0.2.129", dead="mail-b.example.com")
    assert verdict.result is Result.TEMPERROR
    assert "mail-b.example.com: the table answers SERVFAIL" in verdict.detail


@pytest.mark.parametrize(
    ("text", "expanded"),
    [  # RFC 7208 §7.4
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l-}", "strong.bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("a%%b%_c%-", "a%b c%20"),
    ],
)
def test_macros(text: str, expanded: str) -> None:
    values = {
        "s": "strong-bad@email.example.com",
        "l": "strong-bad",
        "o": "email.example.com",
        "d": "email.example.com",
        "i": "192.0.2.3",
        "v": "in-addr",
    }
    assert expand(text, values) == expanded


def test_names_that_grow_too_long_lose_their_front() -> None:
    assert len(expand("%{d}.%{d}.%{d}", {"d": "a." * 60 + "example"})) <= 253


@pytest.mark.parametrize("text", ["v=spf1 a:%{d0}.x", "v=spf1 a:%{}.x", "v=spf1 -", "v=spf1 ip4"])
def test_no_record(text: str) -> None:
    with pytest.raises(RecordError):
        parse_record(text)
