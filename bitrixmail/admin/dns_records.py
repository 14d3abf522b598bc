"""The records that a domain of ours needs in the DNS, so that its mail is taken elsewhere.

MX, SPF (RFC 7208), DKIM (RFC 6376 §3.6), DMARC; a word on MTA-STS (RFC 8461). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bitrixmail.admin.probes.own_addresses import IPAddress
from bitrixmail.model.dkim import DKIMKey, KeyState

_TTL_S = 3600
# RFC 1035 §3.3: what one string of a TXT record holds.
_STRING_OCTETS = 255
ADDRESSES = ("A", "AAAA")
# What a line has where nobody but the owner knows the address
OPEN_ADDRESS = "ADDRESS"
_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PUBLISHED = (KeyState.NEW, KeyState.SIGNING, KeyState.RETIRED)


@dataclass(frozen=True, slots=True)
class ZoneRecord:
    """One record. `name` has no dot at its end; `value` is whole, as a form of a provider wants it.

    `value` is empty for an address that is not known here. `line` is what a zone file has.
    """

    name: str
    type: str
    value: str
    ttl_s: int = _TTL_S

    @property
    def line(self) -> str:
        """The record as a line of a zone."""
        if self.type in ADDRESSES:
            value = self.value or OPEN_ADDRESS
        else:
            value = text_strings(self.value) if self.type == "TXT" else f"{self.value}."
        return f"{self.name}. {self.ttl_s} IN {self.type} {value}"


def text_strings(text: str) -> str:
    """Write a text as the strings of a TXT record, in quotes, none above 255 octets."""
    escaped = (
        text[start : start + _STRING_OCTETS].replace("\\", r"\\").replace('"', r"\"")
        for start in range(0, len(text), _STRING_OCTETS)
    )
    return " ".join(f'"{string}"' for string in escaped)


def text_of(line: str) -> str:
    """Return the text of a TXT record's line: what `text_strings` was given."""
    return re.sub(r"\\(.)", r"\1", "".join(_STRINGS.findall(line)))


def spf_record(domain: str, text: str = "v=spf1 mx ~all") -> ZoneRecord:
    """Return the record that says who sends for a domain."""
    return ZoneRecord(domain, "TXT", text)


def dkim_record(key: DKIMKey) -> ZoneRecord:
    """Return the record of a key."""
    return ZoneRecord(key.name, "TXT", key.record)


def dmarc_record(domain: str) -> ZoneRecord:
    """Return a record that asks for reports and for nothing else yet."""
    policy = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    return ZoneRecord(f"_dmarc.{domain}", "TXT", policy)


def wanted_records(
    domain: str, hostname: str, keys: Iterable[DKIMKey], at: datetime
) -> tuple[ZoneRecord, ...]:
    """Return all that a domain needs at a moment."""
    published = [key for key in keys if key.state(at) in _PUBLISHED]
    return (
        ZoneRecord(domain, "MX", f"10 {hostname}"),
        spf_record(domain),
        *map(dkim_record, published),
        dmarc_record(domain),
    )


def host_records(hostname: str, addresses: Iterable[IPAddress]) -> tuple[ZoneRecord, ...]:
    """Return those that give the mail host its addresses; one to fill in if none is known."""
    known = tuple(
        ZoneRecord(hostname, "A" if address.version == 4 else "AAAA", str(address))
        for address in addresses
    )
    return known or (ZoneRecord(hostname, "A", ""),)


def zone_lines(
    domain: str, hostname: str, records: Iterable[ZoneRecord], host: Iterable[ZoneRecord] = ()
) -> Iterator[str]:
    """Write the records as lines of a zone, with comments between.

    Those of the `host` are a comment where its name lies in another zone, or an address is not
    known.
    """
    yield f"; Mail of {domain}. Is it there? bitrixmail dns check {domain}"
    for record in records:
        yield record.line
    for record in host:
        ours = f".{record.name}".endswith(f".{domain}") and record.value
        yield record.line if ours else f"; {record.line}"
    yield "; MTA-STS lets others insist on TLS. It wants a web server at this name, where"
    yield f"; https://mta-sts.{domain}/.well-known/mta-sts.txt says:"
    yield f";   version: STSv1 / mode: testing / mx: {hostname} / max_age: 604800"
    yield f'; _mta-sts.{domain}. {_TTL_S} IN TXT "v=STSv1; id=1"'


def record_tags(text: str) -> dict[str, str]:
    """Read the tags of a record of DKIM or DMARC (RFC 6376 §3.2)."""
    pairs = (tag.partition("=") for tag in text.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
