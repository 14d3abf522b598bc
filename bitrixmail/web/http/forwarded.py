"""For whom a reverse proxy asks, and whether by TLS: X-Forwarded-For and X-Forwarded-Proto.

Nobody is believed but the networks that the owner names: whoever asks can write these fields.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.web.server import Request

from bitrixmail.link.peer import peer_of
from bitrixmail.model.limits import Networks, listed

# More proxies than stand one behind another
_MOST_HOPS = 20


class ForwardedRequest(Request):
    """A request that knows for whom it is asked. Made by the site for each.

    The site has `proxy_networks`.
    """

    def getClientAddress(self) -> IAddress:
        """See Request: behind a trusted proxy who asks it."""
        near: IAddress = super().getClientAddress()
        peer = peer_of(near)[0]
        networks = self._trusting()
        if not listed(peer, networks):
            return near
        found = client_of(peer, self._told(b"x-forwarded-for"), networks)
        kind = IPv6Address if ":" in found else IPv4Address
        return kind("TCP", found, 0)

    def isSecure(self) -> bool:
        """See Request: behind a trusted proxy whether it was asked by TLS."""
        peer = peer_of(super().getClientAddress())[0]
        if not listed(peer, self._trusting()):
            return bool(super().isSecure())
        told = self._told(b"x-forwarded-proto")
        return bool(told) and told[-1].lower() == "https"

    def _trusting(self) -> Networks:
        found: Callable[[], Networks] | None = getattr(self.site, "proxy_networks", None)
        return () if found is None else found()

    def _told(self, name: bytes) -> Sequence[str]:
        """Return the last values of a field, those of several fields as if they were one."""
        lines = b",".join(self.requestHeaders.getRawHeaders(name) or ())
        return [each.strip() for each in lines.decode("ascii", "replace").split(",")][-_MOST_HOPS:]


def client_of(peer: str, told: Sequence[str], networks: Networks) -> str:
    """Return the last address that is none of a trusted proxy: each writes behind the others.

    `peer` is one of them. What is no address ends it: the last one that was trusted has let it in.
    """
    for text in reversed(told):
        found = _address(text)
        if not found:
            return peer
        peer = found
        if not listed(peer, networks):
            break
    return peer


def _address(text: str) -> str:
    """Return an address in canonical text, without the port that some write; empty: it is none."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)
