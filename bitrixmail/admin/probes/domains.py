"""Where the mail of a domain goes: its MX records, or its own address (RFC 5321 §5.1, RFC 7505)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from zope.interface import implementer

from bitrixmail.admin.probes.host_programs import program, sudo
from bitrixmail.admin.probes.hosts import Host, Leads, look_up_host, mx_line, way_to_addresses
from bitrixmail.admin.probes.own_addresses import OwnAddresses
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import ROOT, Answer, Lookup
from bitrixmail.model.finding import Finding, Severity

_MOST_EXCHANGES = 16
_WHY = "Mail for {} does not come to this server."
_WHY_SOME = "Some servers will not bring mail for {}."
_WHY_TOLD = "Whether mail for {} comes to this server can't be told."


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One MX record and where it leads; `fault` says what keeps mail from going there."""

    name: str
    preference: int
    leads: Leads
    fault: str
    host: Host

    def __str__(self) -> str:
        """Write the record and the addresses found."""
        return f"MX {self.preference} {self.name} ({self.host.shown() or 'no address'})"


@implementer(IProbe)
class DomainProbe:
    """Looks where the mail of one domain goes. Made by app.doctor for one examination."""

    name = "mx"

    def __init__(self, domain: str, hostname: str, resolver: IResolver, own: OwnAddresses) -> None:
        self._domain = domain
        self._hostname = hostname
        self._resolver = resolver
        self._own = own

    async def probe(self) -> tuple[Finding, ...]:
        """See IProbe. One finding, the worst; it has all that was found."""
        answer = await self._resolver.look_up(self._domain, "MX")
        if answer.unknown:
            what = f"its MX records could not be looked up: {answer.detail}"
            return (self._told(Severity.WARNING, what, _WHY_TOLD, *self._later()),)
        us = await look_up_host(self._resolver, self._hostname)
        if answer.lookup is Lookup.NXDOMAIN:
            what = "does not exist in the DNS"
            first = f"Register {self._domain}, and name its DNS servers where it is registered."
            return (self._told(Severity.FAILURE, what, _WHY, first, *self._way(us)),)
        if not answer.records:
            return (await self._without_mx(us),)
        if ROOT in answer.texts:
            what = 'says that it takes no mail at all (null MX: "MX 0 .")'
            return (self._told(Severity.FAILURE, what, _WHY, *self._way(us)),)
        exchanges = [found async for found in self._exchanges(answer, us)]
        return (self._judged(exchanges, us),)

    async def _without_mx(self, us: Host) -> Finding:
        """Judge a domain whose own address takes its mail, or would (RFC 5321 §5.1)."""
        host = await look_up_host(self._resolver, self._domain)
        if self._leads(host, us) is Leads.HERE:
            what = f"has no MX record; mail comes by its own address {host.shown()}"
            why = "A change of the website's address would take the mail away with it."
            return self._told(Severity.WARNING, what, why, *self._way(us))
        what = "has no MX record and no address"
        if host.addresses:
            what = f"has no MX record and its own address {host.shown()} is not this server"
        return self._told(Severity.FAILURE, what, _WHY, *self._way(us))

    async def _exchanges(self, answer: Answer, us: Host) -> AsyncIterator[_Exchange]:
        for record in answer.records[:_MOST_EXCHANGES]:
            if _is_address(record.text):
                host = Host(record.text, Lookup.NXDOMAIN)
                fault = f"{record.text} is an address, and an MX record must lead to a name"
                yield _Exchange(record.text, record.preference, Leads.NOWHERE, fault, host)
                continue
            host = us if record.text == us.name else await look_up_host(self._resolver, record.text)
            leads = self._leads(host, us)
            yield _Exchange(record.text, record.preference, leads, _fault(host), host)

    def _leads(self, host: Host, us: Host) -> Leads:
        """Tell where a host leads; behind a router, whether to where our own name leads."""
        leads = host.leads(self._own)
        if leads is not Leads.UNKNOWN:
            return leads
        if set(host.public) & set(us.public):
            return Leads.HERE
        return Leads.ELSEWHERE if us.public else Leads.UNKNOWN

    def _judged(self, exchanges: list[_Exchange], us: Host) -> Finding:
        shown = ", ".join(map(str, exchanges))
        faults = [found.fault for found in exchanges if found.fault]
        way = self._way(us)
        here = [found for found in exchanges if found.leads is Leads.HERE]
        if faults:
            why = _WHY_SOME if here else _WHY
            return self._told(Severity.FAILURE, f"{'; '.join(faults)}: {shown}", why, *way)
        if not here:
            if any(found.leads is Leads.UNKNOWN or found.host.unknown for found in exchanges):
                return self._told(Severity.WARNING, f"may lead elsewhere: {shown}", _WHY_TOLD, *way)
            return self._told(Severity.FAILURE, f"its mail goes elsewhere: {shown}", _WHY, *way)
        first = min(found.preference for found in exchanges)
        if all(found.preference > first for found in here):
            what = f"its mail goes elsewhere first: {shown}"
            why = "Mail for {} comes here only if the server before does not take it."
            also = "If a filter stands there on purpose, nothing is wrong."
            return self._told(Severity.WARNING, what, why, also, *way)
        best = min(found.preference for found in here)
        rivals = [
            found
            for found in exchanges
            if found.leads is not Leads.HERE and found.preference <= best
        ]
        if rivals:
            return self._shared(rivals, shown, way, best)
        return self._told(Severity.OK, f"its mail comes here: {shown}", "")

    def _shared(
        self, rivals: list[_Exchange], shown: str, way: tuple[str, ...], best: int
    ) -> Finding:
        """Tell of records that stand as high as ours (RFC 5321 §5.1: chosen by chance)."""
        why = "Of records with equal numbers each server takes any: a part of the mail for {} does"
        behind = (mx_line(self._domain, found.name, best + 10) for found in rivals)
        return self._told(
            Severity.WARNING,
            f"a part of its mail goes elsewhere: {shown}",
            f"{why} not come here.",
            *way,
            "Or, if the other server keeps mail for this one while it is away, put it behind it by"
            " a larger number:",
            *behind,
        )

    def _way(self, us: Host) -> tuple[str, ...]:
        """Say which lines bring the mail here: that of the domain, and if needed those of ours."""
        if "." not in self._hostname:
            return ('Set server.hostname to the full name, like "mx.example.org".',)
        lines = [
            f"Where the DNS of {self._domain} is kept, replace its MX records by this one:",
            mx_line(self._domain, self._hostname),
        ]
        if (
            self._leads(us, us) is not Leads.HERE
            or us.aliases
            or len(us.public) < len(us.addresses)
        ):
            lines += way_to_addresses(self._hostname, self._own)
        return tuple(lines)

    def _later(self) -> Iterator[str]:
        yield "See what another name server says:"
        if not program("dig"):
            yield sudo("apt-get install bind9-dnsutils")
        yield f"dig +short MX {self._domain} @9.9.9.9"
        yield "If that fails too, ask who keeps the DNS of the domain."

    def _told(self, severity: Severity, what: str, why: str, *remedies: str) -> Finding:
        return Finding(
            self.name, self._domain, severity, what, why.format(self._domain), tuple(remedies)
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _fault(host: Host) -> str:
    """Say what is wrong with a host as the target of an MX record (RFC 2181 §10.3)."""
    if host.aliases:
        return (
            f"{host.name} is an alias (CNAME) of {host.aliases[-1]}, and an MX must not lead to one"
        )
    if host.unknown:
        return ""
    if not host.addresses:
        return f"{host.name} has no address"
    hidden = len(host.addresses) - len(host.public)
    return f"{host.name} has an address that the Internet can't reach" if hidden else ""
