"""A resolver that has its answers from a table and asks nobody."""

from __future__ import annotations

from dataclasses import replace

import dns.exception
import dns.name
from dns.rdatatype import CNAME, RdataType
from zope.interface import implementer

from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import ROOT, Answer, Lookup, Record
from tests.fakes.zone import Zone

_ALIASES = 8


@implementer(IResolver)
class TableResolver:
    """See IResolver. `failing` and `silent` are names that can't be looked up, `signed` those that
    DNSSEC has proved. Made by a test.
    """

    def __init__(self, *lines: str) -> None:
        self.zone = Zone(lines)
        self.failing: set[str] = set()
        self.silent: set[str] = set()
        self.signed: set[str] = set()
        self.asked: list[tuple[str, str]] = []

    async def look_up(self, name: str, kind: str) -> Answer:
        self.asked.append((name, kind))
        try:
            start = end = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            return Answer(name, kind, Lookup.NXDOMAIN, detail="no name can be written so")
        aliases: list[str] = []
        signed = True
        for _ in range(_ALIASES + 1):
            signed = signed and _plain(end) in self.signed
            if _plain(end) in self.failing:
                return self._none(
                    start, kind, Lookup.SERVFAIL, aliases, "the table answers SERVFAIL"
                )
            if _plain(end) in self.silent:
                return self._none(start, kind, Lookup.TIMEOUT, aliases, "no answer from the table")
            found = self.zone.records(end, RdataType[kind])
            if found is not None:
                records = sorted(
                    (_record(rdata, found.ttl) for rdata in found), key=lambda each: each.preference
                )
                return Answer(
                    _plain(start),
                    kind,
                    Lookup.FOUND,
                    tuple(records),
                    tuple(aliases),
                    found.ttl,
                    authentic=signed,
                )
            alias = self.zone.records(end, CNAME)
            if alias is None:
                lookup = Lookup.NODATA if self.zone.has(end) else Lookup.NXDOMAIN
                return replace(self._none(start, kind, lookup, aliases), authentic=signed)
            end = alias[0].target
            aliases.append(_plain(end))
        return self._none(start, kind, Lookup.SERVFAIL, aliases, "its aliases lead in a circle")

    def _none(
        self, name: dns.name.Name, kind: str, lookup: Lookup, aliases: list[str], detail: str = ""
    ) -> Answer:
        return Answer(_plain(name), kind, lookup, (), tuple(aliases), detail=detail)


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() or ROOT


def _record(rdata: object, ttl: int) -> Record:
    words = str(rdata).split()
    if rdata.__class__.__name__ == "TXT":
        return Record(str(rdata).replace('" "', "").strip('"'), ttl)
    if rdata.__class__.__name__ == "TLSA":
        return Record(str(rdata), ttl)
    text = words[-1]
    if rdata.__class__.__name__ in ("MX", "PTR", "NS", "CNAME"):
        text = text.lower().removesuffix(".") or ROOT
    return Record(text, ttl, int(words[0]) if len(words) == 2 else 0)
