"""The addresses of this machine: those on its interfaces, and those told because it can't see them.

Read from /proc; raises nothing: what can't be read is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

IPAddress = IPv4Address | IPv6Address
_PROC = Path("/proc")
_LEAF = re.compile(r"\|-- (\S+)\n\s*/32 host LOCAL")


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """What is known of them. `told` comes from the settings, `found` from the interfaces."""

    told: frozenset[IPAddress] = frozenset()
    found: frozenset[IPAddress] = frozenset()

    @property
    def public(self) -> tuple[IPAddress, ...]:
        """Those under which the Internet reaches this machine, as far as known; IPv4 first."""
        return in_order(self.told or filter(is_public, self.found))

    def holds(self, address: IPAddress) -> bool | None:
        """Tell whether an address leads here; None if a router before us may hold it."""
        if address in self.told or address in self.found:
            return True
        alike = [own for own in self.found if own.version == address.version]
        if any(own.version == address.version for own in self.told) or any(map(is_public, alike)):
            return False
        if address.version == 6 and self.public:
            return False  # private networks of IPv6 are everywhere, and no sign of a router
        return None if any(map(_is_behind_router, alike)) else False


def own_addresses(told: Iterable[IPAddress] = (), proc: Path = _PROC) -> OwnAddresses:
    """Read the addresses of this network namespace. `told`: those of the settings."""
    return OwnAddresses(frozenset(told), frozenset(_found(proc)))


def _found(proc: Path) -> Iterator[IPAddress]:
    for text in _LEAF.findall(_read(proc / "net" / "fib_trie")):
        yield ip_address(text)
    for line in _read(proc / "net" / "if_inet6").splitlines():
        yield IPv6Address(bytes.fromhex(line.split()[0]))


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii", "replace")
    except OSError:
        return ""


def in_order(addresses: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
    """Sort addresses of both kinds, IPv4 first."""
    return tuple(sorted(addresses, key=lambda address: (address.version, int(address))))


def is_public(address: IPAddress) -> bool:
    """Tell whether the whole Internet can reach such an address."""
    return address.is_global and not address.is_multicast


def kind_of(address: IPAddress) -> str:
    """Name what keeps the Internet from an address; empty if nothing does."""
    if is_public(address):
        return ""
    if address.is_loopback or address.is_unspecified:
        return "the machine itself"
    if address.is_link_local:
        return "the neighbours on one cable"
    return "a private or reserved network"


def _is_behind_router(address: IPAddress) -> bool:
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
