"""The name of this server: does it lead here, and do its addresses lead back to it.

RFC 5321 §4.1.4. Without the first no mail comes; without the second others take little of what is
sent from here.
"""

from __future__ import annotations

from zope.interface import implementer

from bitrixmail.admin.dns_records import OPEN_ADDRESS
from bitrixmail.admin.probes.host_programs import IN_THE_FILE
from bitrixmail.admin.probes.hosts import (
    Host,
    look_up_host,
    ptr_line,
    way_to_addresses,
)
from bitrixmail.admin.probes.own_addresses import IPAddress, OwnAddresses, kind_of
from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import Lookup
from bitrixmail.model.finding import Finding, Severity

_MOST_ADDRESSES = 8
_WHY_HOST = "Other mail servers look this name up to find where to bring mail."
_WHY_REVERSE = "Large providers refuse mail, or call it spam, from an address without a true name."
_LATER = "Look again later; if it stays so, ask who keeps the DNS of this name."
_MISSING = {Lookup.NXDOMAIN: "does not exist in the DNS", Lookup.NODATA: "has no address"}


@implementer(IProbe)
class HostnameProbe:
    """Looks where server.hostname leads. Made by app.doctor for one examination."""

    name = "hostname"

    def __init__(self, hostname: str, resolver: IResolver, own: OwnAddresses) -> None:
        self._hostname = hostname
        self._resolver = resolver
        self._own = own

    async def probe(self) -> tuple[Finding, ...]:
        """See IProbe."""
        if "." not in self._hostname:
            remedy = 'Set server.hostname to the full name, like "mx.example.org".'
            return (self._bad("is not a full name: no other server can look it up", remedy),)
        host = await look_up_host(self._resolver, self._hostname)
        return tuple(self._judged(host))

    def _judged(self, host: Host) -> list[Finding]:
        way = tuple(way_to_addresses(self._hostname, self._own))
        if host.unknown:
            what = f"could not be looked up: {host.detail}"
            return [self._finding(Severity.WARNING, what, _LATER)]
        if not host.addresses:
            return [self._bad(_MISSING[host.lookup], *way)]
        findings = []
        if host.aliases:
            what = f"is an alias (CNAME) of {host.aliases[-1]}: an MX record may not lead to it"
            findings.append(self._bad(what, *way))
        findings += [self._judged_address(address, way) for address in host.addresses]
        return findings

    def _judged_address(self, address: IPAddress, way: tuple[str, ...]) -> Finding:
        kind = kind_of(address)
        if kind:
            return self._bad(f"leads to {address}, which only {kind} can reach", *way)
        held = self._own.holds(address)
        if held is False:
            own = ", ".join(map(str, self._own.public)) or "none of that kind"
            return self._bad(f"leads to {address}, which is not this machine (it has {own})", *way)
        if held is None:
            what = f"leads to {address}: that of a router before this machine, or another machine"
            return self._finding(Severity.WARNING, what, *_if_it_is_ours(address))
        return self._finding(Severity.OK, f"leads to {address}")

    def _bad(self, what: str, *remedies: str) -> Finding:
        return self._finding(Severity.FAILURE, what, *remedies)

    def _finding(self, severity: Severity, what: str, *remedies: str) -> Finding:
        why = "" if severity is Severity.OK else _WHY_HOST
        return Finding(self.name, self._hostname, severity, what, why, remedies)


def _if_it_is_ours(address: IPAddress) -> tuple[str, ...]:
    return (
        "Compare it with the address that the panel of your hosting shows, or that of your router.",
        f"If it is the same, put this below [server] {IN_THE_FILE}",
        f'public_addresses = ["{address}"]',
    )


@implementer(IProbe)
class ReverseProbe:
    """Looks which names our addresses have, and whether those lead back. Made as above.

    Doubts only: mail comes in without it.
    """

    name = "ptr"

    def __init__(self, hostname: str, resolver: IResolver, own: OwnAddresses) -> None:
        self._hostname = hostname
        self._resolver = resolver
        self._own = own

    async def probe(self) -> tuple[Finding, ...]:
        """See IProbe."""
        addresses = self._own.public
        if not addresses and "." in self._hostname:
            addresses = (await look_up_host(self._resolver, self._hostname)).public
        if not addresses:
            what = "no public address of this server is known"
            remedies = (
                "Take the one that the panel of your hosting shows in the place of ADDRESS.",
                f"Put this below [server] {IN_THE_FILE}",
                f'public_addresses = ["{OPEN_ADDRESS}"]',
            )
            return (Finding(self.name, "PTR", Severity.WARNING, what, _WHY_REVERSE, remedies),)
        return tuple([await self._of(address) for address in addresses[:_MOST_ADDRESSES]])

    async def _of(self, address: IPAddress) -> Finding:
        answer = await self._resolver.look_up(address.reverse_pointer, "PTR")
        if answer.unknown:
            return self._doubt(address, f"could not be looked up: {answer.detail}", _LATER)
        if not answer.records:
            return self._doubt(address, "has no name (PTR record)", *self._way(address))
        names = answer.texts[:_MOST_ADDRESSES]
        confirmed = []
        for name in names:
            host = await look_up_host(self._resolver, name)
            if address in host.addresses:
                confirmed.append(name)
        shown = ", ".join(names)
        if not confirmed:
            what = f"has the name {shown}, which does not lead back to it"
            return self._doubt(address, what, *self._way(address))
        if self._hostname not in confirmed:
            what = f"has the name {shown}, and the server calls itself {self._hostname}"
            return self._doubt(address, what, *self._way(address))
        what = f"has the name {self._hostname}, which leads back to it"
        return Finding(self.name, str(address), Severity.OK, what)

    def _way(self, address: IPAddress) -> tuple[str, ...]:
        return (
            f"Ask the provider of {address} (its panel often calls it reverse DNS or PTR) to set:",
            ptr_line(address, self._hostname),
            *way_to_addresses(self._hostname, self._own),
        )

    def _doubt(self, address: IPAddress, what: str, *remedies: str) -> Finding:
        return Finding(self.name, str(address), Severity.WARNING, what, _WHY_REVERSE, remedies)
