"""Which addresses are the Internet's, and which are somebody's own (RFC 6890, RFC 4291).

What others have chosen leads to the former only: behind the latter stand services that trust
whoever reaches them.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address

# Addresses of IPv6 that stand for one of IPv4, and where it is in them: mapped, compatible,
# translated (RFC 6052 §2.1, RFC 2765 §2.1), 6to4 (RFC 3056 §2)
_CARRIERS = (
    (ip_network("::ffff:0:0/96"), 0),
    (ip_network("::/96"), 0),
    (ip_network("64:ff9b::/96"), 0),
    (ip_network("::ffff:0:0:0/96"), 0),
    (ip_network("2002::/16"), 80),
)


def carried(address: IPAddress) -> IPAddress:
    """Return the address of IPv4 that one of IPv6 stands for, else the address itself."""
    for network, shift in _CARRIERS:
        if address in network:
            return IPv4Address(int(address) >> shift & 0xFFFF_FFFF)
    return address


def is_public(address: IPAddress) -> bool:
    """Tell whether an address is one of the Internet's, or stands for one that is."""
    judged = carried(address)
    if isinstance(judged, IPv6Address) and (judged.is_site_local or judged.scope_id):
        return False
    return judged.is_global and not (judged.is_multicast or judged.is_reserved)


class PrivateHosts:
    """Hosts that the owner allows though they have other addresses. Made of the settings.

    Each is written `host:port` or `host`, for any port; a host is a name or an address. What is
    named by its address may be called by any name.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(each.lower() for each in allowed)

    def allow(self, host: str, port: int, address: IPAddress) -> bool:
        """Tell whether a host may be connected to at an address."""
        if is_public(address):
            return True
        names = {_written(host), _written(str(address)), _written(str(carried(address)))}
        return any(name in self._allowed or f"{name}:{port}" in self._allowed for name in names)


class AnyHost:
    """Allows every address, as tests and closed networks need."""

    @staticmethod
    def allow(_host: str, _port: int, _address: IPAddress) -> bool:
        """Allow it."""
        return True


def read_host(text: str) -> str:
    """Read `host:port` or `host`, in their one form. Raises ValueError."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or "]" in port or (":" in host and not host.startswith("[")):
        host, port = text.strip(), ""
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("no host with a port")
    bare = host.removeprefix("[").removesuffix("]")
    try:
        name = _written(str(ip_address(bare)))
    except ValueError:
        if not bare or set(bare) & set(":/@[]*? ") or bare != host:
            raise ValueError("no host with a port") from None
        name = bare.lower()
    return f"{name}:{port}" if port else name


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host.lower()
