"""Which addresses are the Internet's, and which are somebody's own (RFC 6890, RFC 4291).

What others have chosen leads to the former only: behind the latter stand services that trust
whoever reaches them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

# Nobody's on the Internet, though Python 3.11 does not say so: examples (RFC 9637), the nearest
# relay of 6to4 (RFC 7526), the nearest server of AS112 (RFC 7535), segments (RFC 9602)
_NOBODY = (
    ip_network("3fff::/20"),
    ip_network("192.88.99.0/24"),
    ip_network("192.175.48.0/24"),
    ip_network("2001:4:112::/48"),
    ip_network("2620:4f:8000::/48"),
    ip_network("5f00::/16"),
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
    if any(judged in network for network in _NOBODY):
        return False
    return judged.is_global and not (judged.is_multicast or judged.is_reserved)


def _none(_address: IPAddress) -> bool:
    return False


class PrivateHosts:
    """Hosts that the owner allows though they have other addresses. Made of the settings.

    Each is written `host:port` or `host`, for any port; a host is a name or an address. What is
    named by its address may be called by any name. `own` tells which addresses are this machine's:
    what listens there may trust it as what listens at 127.0.0.1 does, public or not.
    """

    def __init__(
        self, allowed: Iterable[str] = (), own: Callable[[IPAddress], bool] = _none
    ) -> None:
        self._allowed = frozenset(each.lower() for each in allowed)
        self._own = own

    def refusal(self, host: str, port: int, address: IPAddress) -> str:
        """Say which kind of address keeps a host from being connected to; empty if none does."""
        names = {_written(host), _written(str(address)), _written(str(carried(address)))}
        if any(name in self._allowed or f"{name}:{port}" in self._allowed for name in names):
            return ""
        if not is_public(address):
            return "of a private network"
        own = self._own(address) or self._own(carried(address))
        return "of this machine" if own else ""


class AnyHost:
    """Allows every address, as tests and closed networks need."""

    @staticmethod
    def refusal(_host: str, _port: int, _address: IPAddress) -> str:
        """Allow it."""
        return ""


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
