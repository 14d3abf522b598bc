"""How many have come to a door's sockets, and who last: in the server, or in a receiver."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from bitrixmail.app.listening.listeners import Listener

# As an order carries it: endpoint, connections, address and time of the last
Arrivals = tuple[str, int, str, float]


@dataclass(frozen=True, slots=True)
class Arrived:
    """Connections taken since the start, the last one's address and time (since 1970; 0: none)."""

    count: int = 0
    peer: str = ""
    at: float = 0.0

    def __add__(self, other: Arrived) -> Arrived:
        last = max(self, other, key=lambda each: each.at)
        return Arrived(self.count + other.count, last.peer, last.at)


def arrived_at(listener: Listener) -> Arrived:
    """Return what this process has taken there."""
    found = Arrived()
    for acceptance in listener.acceptances:
        peer, at = acceptance.last or ("", 0.0)
        found += Arrived(acceptance.taken, _address(peer), at)
    return found


def arrivals_of(listener: Listener) -> Arrivals:
    """Return the same for the server, of a receiver's socket."""
    found = arrived_at(listener)
    return listener.endpoint.text, found.count, found.peer, found.at


def _address(peer: Any) -> str:
    """Return the address of what accept(2) tells; of a local socket there is none."""
    if not isinstance(peer, tuple):
        return ""
    address = ip_address(str(peer[0]).partition("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address)
