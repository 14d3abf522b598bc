"""Answers of name servers turned into plain values. Pure; the messages are hostile."""

from __future__ import annotations

from typing import Any

from dns.flags import AD
from dns.message import Message
from dns.name import Name
from dns.rcode import NXDOMAIN
from dns.rdataclass import IN
from dns.rdatatype import CNAME, SOA, RdataType
from dns.rrset import RRset

from bitrixmail.model.dns import ROOT, Answer, Lookup, Record


class Chain:
    """The names from the one asked for to the end of its aliases. Made for one question.

    `ttl_s` is that of the record that ends first; `authentic` whether all that was read so far is.
    """

    def __init__(self, asked: Name) -> None:
        self.names = [asked]
        self.ttl_s = 2**31 - 1
        self.authentic = True

    @property
    def end(self) -> Name:
        """The last name."""
        return self.names[-1]

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names behind the first."""
        return tuple(map(plain_name, self.names[1:]))


def plain_name(name: Name) -> str:
    """Write a name in lower case, without the dot at its end; the root is "."."""
    return name.to_text(omit_final_dot=True).lower() or ROOT


def read_answer(message: Message, chain: Chain, kind: RdataType) -> Answer | None:
    """Return what a message says; None if the end of the chain must be asked for.

    The chain grows by the aliases found. The message's word on DNSSEC is taken (RFC 4035 §4.9.3).
    """
    chain.authentic = chain.authentic and bool(message.flags & AD)
    start = len(chain.names)
    most = start + len(message.answer)
    while len(chain.names) <= most:
        found = _rrset(message, chain.end, kind)
        if found is not None:
            return _found(found, chain, kind)
        alias = _rrset(message, chain.end, CNAME)
        if alias is None:
            break
        chain.ttl_s = min(chain.ttl_s, alias.ttl)
        chain.names.append(alias[0].target)
    negative = _negative_ttl(message)
    if message.rcode() == NXDOMAIN:
        return _none(chain, kind, Lookup.NXDOMAIN, negative or 0)
    if len(chain.names) > start and negative is None:
        return None
    return _none(chain, kind, Lookup.NODATA, negative or 0)


def _rrset(message: Message, name: Name, kind: RdataType) -> RRset | None:
    return next(
        (
            found
            for found in message.answer
            if found.name == name and found.rdtype == kind and found.rdclass == IN and len(found)
        ),
        None,
    )


def _negative_ttl(message: Message) -> int | None:
    """How long it holds that there is nothing (RFC 2308 §5); None: nobody says so."""
    for found in message.authority:
        if found.rdtype == SOA and len(found):
            return int(min(found.ttl, found[0].minimum))
    return None


def _found(found: RRset, chain: Chain, kind: RdataType) -> Answer:
    records = sorted(
        (_record(rdata, found.ttl) for rdata in found), key=lambda record: record.preference
    )
    return Answer(
        plain_name(chain.names[0]),
        kind.name,
        Lookup.FOUND,
        tuple(records),
        chain.aliases,
        min(chain.ttl_s, found.ttl),
        authentic=chain.authentic,
    )


def _none(chain: Chain, kind: RdataType, lookup: Lookup, ttl_s: int) -> Answer:
    name = plain_name(chain.names[0])
    ttl_s = min(chain.ttl_s, ttl_s)
    return Answer(name, kind.name, lookup, (), chain.aliases, ttl_s, authentic=chain.authentic)


def _record(rdata: Any, ttl_s: int) -> Record:
    match rdata.rdtype:
        case RdataType.MX:
            return Record(plain_name(rdata.exchange), ttl_s, rdata.preference)
        case RdataType.PTR | RdataType.NS | RdataType.CNAME:
            return Record(plain_name(rdata.target), ttl_s)
        case RdataType.TXT:
            return Record(b"".join(rdata.strings).decode("utf-8", "surrogateescape"), ttl_s)
        case _:
            return Record(rdata.to_text(), ttl_s)
