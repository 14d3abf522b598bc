"""Whatever stands in an SPF record: what the doctor says to write in its place is well."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.admin.dns_records import text_strings
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.admin.spf_look import SPFLook, WayOut
from bitrixmail.admin.spf_record import RecordError, parse_record
from bitrixmail.model.finding import Finding, Severity
from tests.fakes.resolver import TableResolver
from tests.fakes.stores import result_of

ZONE = (
    "example.org. 60 IN MX 10 mx.example.org.",
    "mx.example.org. 60 IN A 203.0.113.5",
    'us.example. 60 IN TXT "v=spf1 ip4:203.0.113.5 ip6:2001:db8::5 -all"',
    'them.example. 60 IN TXT "v=spf1 include:example.org ~all"',
    'bad.example. 60 IN TXT "v=spf1 ipv4:192.0.2.1 -all"',
)
QUALIFIERS = st.sampled_from(["", "+", "-", "~", "?"])
MECHANISMS = st.sampled_from(
    ["a", "mx", "ptr", "ip4:203.0.113.5", "ip4:203.0.113.0/33", "ip6:2001:db8::/32", "ip6:x", "a/0",
     "include:us.example", "include:them.example", "include:bad.example", "include:gone.example",
     "a:gone.example", "exists:%{i}.us.example", "exists:%{z}.x", "mx:gone.example", "mix", "all",
     "ALL"]
)  # fmt: skip
MODIFIERS = st.sampled_from(
    ["redirect=us.example", "redirect=them.example", "redirect=gone.example", "exp=x", "redirect="]
)
WORDS = st.one_of(st.builds("{}{}".format, QUALIFIERS, MECHANISMS), MODIFIERS)
ADDRESSES = st.sampled_from([("203.0.113.5",), ("203.0.113.5", "2001:db8::5"), ("2001:db8::5",)])


@given(st.lists(WORDS, max_size=14), ADDRESSES)
@settings(max_examples=150, deadline=None)
def test_what_is_to_be_written_lets_this_server_send(
    words: list[str], addresses: tuple[str, ...]
) -> None:
    first = finding_of(text_strings(" ".join(("v=spf1", *words))), addresses)
    if first.severity is not Severity.OK:
        mended = first.remedies[1].partition(" TXT ")[2]
        assert finding_of(mended, addresses).severity is Severity.OK, (first, mended)


def finding_of(record: str, addresses: tuple[str, ...]) -> Finding:
    own = OwnAddresses(frozenset(map(ip_address, addresses)))
    resolver = TableResolver(*ZONE, f"example.org. 60 IN TXT {record}")
    look = SPFLook("example.org", "mx.example.org", resolver, own, WayOut())
    return result_of(look.finding())


@given(st.text(alphabet="amxiplte46:/%{}drs+-~?=. \udcff9", max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(RecordError):
        parse_record(f"v=spf1 {text}")
