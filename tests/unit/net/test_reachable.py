from __future__ import annotations

from ipaddress import ip_address

import pytest

from bitrixmail.net.reachable import PrivateHosts, is_public, read_host

INSIDE = """
127.0.0.1 127.255.255.254 0.0.0.0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
100.64.0.1 100.127.255.255 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1
::ffff:169.254.169.254 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1::
2002:a00:1::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1 2001:db8::1 100::1
::ffff:0:127.0.0.1 3fff::1 3fff:fff::1 2001:4:112::1 192.88.99.1 2002:c058:6301:: 192.175.48.6
2620:4f:8000::6 5f00::1
"""
OUTSIDE = """
8.8.8.8 1.1.1.1 172.32.0.1 192.169.0.1 100.128.0.1 2606:4700::1 2a00:1450::1 ::ffff:8.8.8.8
64:ff9b::808:808 2002:808:808::1
"""


@pytest.mark.parametrize("text", INSIDE.split())
def test_what_the_internet_cannot_reach(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE.split())
def test_what_it_can(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    ("allowed", "host", "port", "address", "may"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, "127.0.0.1", True),
        ("127.0.0.1:8080", "localhost", 8080, "127.0.0.1", True),
        ("127.0.0.1:8080", "127.0.0.1", 8081, "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", 1, "127.0.0.1", True),
        ("127.0.0.1:8080", "::ffff:127.0.0.1", 8080, "::ffff:127.0.0.1", True),
        ("[::1]:80", "::1", 80, "::1", True),
        ("crm.local:80", "crm.local", 80, "10.0.0.1", True),
        ("crm.local:80", "evil.example", 80, "10.0.0.1", False),
        ("CRM.local", "crm.local", 443, "10.0.0.1", True),
    ],
)
def test_what_is_allowed_by_hand(
    allowed: str, host: str, port: int, address: str, may: bool
) -> None:
    hosts = PrivateHosts([read_host(allowed)])
    refused = "" if may else "of a private network"
    assert hosts.refusal(host, port, ip_address(address)) == refused
    assert not hosts.refusal("any.example", 443, ip_address("8.8.8.8"))


@pytest.mark.parametrize("text", ["8.8.4.4", "::ffff:8.8.4.4", "2002:808:404::1", "2a00:1450::1"])
def test_what_is_the_machines_own_is_asked_for_as_well(text: str) -> None:
    own = {ip_address("8.8.4.4"), ip_address("2a00:1450::1")}
    address = ip_address(text)
    hosts = PrivateHosts([], own.__contains__)
    assert hosts.refusal("any.example", 443, address) == "of this machine"
    assert not hosts.refusal("any.example", 443, ip_address("8.8.8.8"))
    for allowed in ("any.example", f"[{text}]:443" if ":" in text else f"{text}:443"):
        hosts = PrivateHosts([read_host(allowed)], own.__contains__)
        assert not hosts.refusal("any.example", 443, address)


@pytest.mark.parametrize("text", ["", ":80", "a:0", "a:99999", "a:b", "http://a/", "a b", "[a]:80"])
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="no host"):
        read_host(text)
