"""For whom a proxy asks."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from bitrixmail.web.http.forwarded import client_of

TRUSTED = tuple(map(ip_network, ("127.0.0.1/32", "10.0.0.0/24", "::1/128")))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("1.2.3.4 203.0.113.7", "203.0.113.7"),  # what the visitor wrote himself
        ("127.0.0.1 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7 10.0.0.5", "203.0.113.7"),
        ("10.0.0.6 10.0.0.5", "10.0.0.6"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7 unknown", "127.0.0.1"),
        ("203.0.113.7 unknown 10.0.0.5", "10.0.0.5"),
        ("", "127.0.0.1"),
        ("[", "127.0.0.1"),
    ],
)
def test_the_last_that_is_no_proxy_of_ours_counts(told: str, expected: str) -> None:
    assert client_of("127.0.0.1", told.split(" "), TRUSTED) == expected
