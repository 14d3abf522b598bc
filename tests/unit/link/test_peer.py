"""Who connected."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from bitrixmail.link.peer import peer_of, tls_of


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        (IPv4Address("TCP", "192.0.2.1", 4242), ("192.0.2.1", 4242)),
        (IPv6Address("TCP", "2001:DB8:0::1", 4242), ("2001:db8::1", 4242)),
        (IPv6Address("TCP", "::ffff:192.0.2.1", 4242), ("192.0.2.1", 4242)),
        (IPv6Address("TCP", "fe80::1%eth0", 4242), ("fe80::1", 4242)),
        (IPv6Address("TCP", "::1", 1), ("::1", 1)),
        (UNIXAddress(b"/run/x"), ("", 0)),
    ],
)
def test_a_peer_has_one_form(address: IAddress, peer: tuple[str, int]) -> None:
    assert peer_of(address) == peer


def test_what_is_no_tls_connection_agreed_on_nothing() -> None:
    assert tls_of(None) is None
    assert tls_of(object()) is None
