"""Who connected, as the transport tells it."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from twisted.internet.address import IPv4Address as IPv4Peer
from twisted.internet.address import IPv6Address as IPv6Peer
from twisted.internet.interfaces import IAddress

from bitrixmail.model.client import Client, TLSInfo


def peer_of(address: IAddress) -> tuple[str, int]:
    """Return a peer's IP address in canonical text and its port; empty and 0 for a local socket.

    A mapped address (`::ffff:192.0.2.1`) becomes IPv4, a zone (`fe80::1%eth0`) is dropped.
    """
    if not isinstance(address, IPv4Peer | IPv6Peer):
        return "", 0
    if ":" not in address.host:
        return address.host, address.port
    found = IPv6Address(address.host.partition("%")[0])
    return str(found.ipv4_mapped or found), address.port


def private(client: Client) -> bool:
    """Tell whether nobody can listen: under TLS, or within this machine (RFC 8314 §3)."""
    return client.tls is not None or not client.address or ip_address(client.address).is_loopback


def tls_of(connection: object) -> TLSInfo | None:
    """Return what a TLS handshake agreed on, from its pyOpenSSL connection once it is complete."""
    version = getattr(connection, "get_protocol_version_name", None)
    cipher = getattr(connection, "get_cipher_name", None)
    if version is None or cipher is None:
        return None
    return TLSInfo(version(), cipher() or "")
