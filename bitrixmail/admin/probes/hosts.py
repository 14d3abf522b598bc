"""A host by its name: its addresses, and whether they lead here; the lines for a zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address

from bitrixmail.admin.dns_records import OPEN_ADDRESS
from bitrixmail.admin.probes.own_addresses import (
    IPAddress,
    OwnAddresses,
    in_order,
    is_public,
    kind_of,
)
from bitrixmail.interfaces.resolver import IResolver
from bitrixmail.model.dns import Lookup
from bitrixmail.tasks import gather

_TTL_S = 3600


class Leads(Enum):
    """Where the addresses of a host lead."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"  # to a router, perhaps before this machine
    NOWHERE = "nowhere"  # there is none, or none that the Internet reaches


@dataclass(frozen=True, slots=True)
class Host:
    """What the DNS says of a host. `lookup` is FOUND if it has an address at all."""

    name: str
    lookup: Lookup
    addresses: tuple[IPAddress, ...] = ()
    aliases: tuple[str, ...] = ()
    detail: str = ""

    @property
    def unknown(self) -> bool:
        """Whether nobody could say what there is."""
        return self.lookup in (Lookup.SERVFAIL, Lookup.TIMEOUT)

    @property
    def public(self) -> tuple[IPAddress, ...]:
        """The addresses that the Internet reaches."""
        return tuple(filter(is_public, self.addresses))

    def leads(self, own: OwnAddresses) -> Leads:
        """Tell where the public addresses lead."""
        held = {own.holds(address) for address in self.public}
        if not held:
            return Leads.NOWHERE
        if True in held:
            return Leads.HERE
        return Leads.UNKNOWN if None in held else Leads.ELSEWHERE

    def shown(self) -> str:
        """Write its addresses, and whom alone the hidden ones can be reached by."""
        return ", ".join(
            f"{address} (only for {kind_of(address)})" if kind_of(address) else str(address)
            for address in self.addresses
        )


async def look_up_host(resolver: IResolver, name: str) -> Host:
    """Look up both kinds of addresses of a name at the same time; an address is its own."""
    with suppress(ValueError):
        return Host(name, Lookup.FOUND, (ip_address(name),))
    answers = await gather(*(resolver.look_up(name, kind) for kind in ("A", "AAAA")))
    addresses = in_order(ip_address(text) for answer in answers for text in answer.texts)
    # An error that was told says more than silence, and both more than that there is nothing.
    order = (Lookup.FOUND, Lookup.SERVFAIL, Lookup.TIMEOUT, Lookup.NODATA, Lookup.NXDOMAIN)
    best = min(answers, key=lambda answer: order.index(answer.lookup))
    return Host(name, best.lookup, addresses, best.aliases, best.detail)


def mx_line(domain: str, hostname: str, preference: int = 10) -> str:
    """Write the record that sends the mail of a domain to a host."""
    return f"{domain}. {_TTL_S} IN MX {preference} {hostname}."


def ptr_line(address: IPAddress, hostname: str) -> str:
    """Write the record that gives an address its name."""
    return f"{address.reverse_pointer}. {_TTL_S} IN PTR {hostname}."


def address_lines(hostname: str, addresses: Iterable[IPAddress]) -> Iterator[str]:
    """Write the records that give a host its addresses; with a gap to fill if none is known."""
    lines = [
        f"{hostname}. {_TTL_S} IN {'A' if address.version == 4 else 'AAAA'} {address}"
        for address in addresses
    ]
    yield from lines or [f"{hostname}. {_TTL_S} IN A {OPEN_ADDRESS}"]


def way_to_addresses(hostname: str, own: OwnAddresses) -> Iterator[str]:
    """Say how the name of this server gets its addresses: sentences and lines."""
    known = own.public
    yield f"Where the DNS of {hostname} is kept, replace its records (A, AAAA, CNAME) by:"
    yield from address_lines(hostname, known)
    if not known:
        yield (
            f"{OPEN_ADDRESS} is the public address of this server: the panel of your hosting shows"
            " it. Write it into server.public_addresses too."
        )
