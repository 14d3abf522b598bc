"""The addresses of a machine, as the kernel tells them."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from bitrixmail.admin.probes.own_addresses import OwnAddresses, kind_of, own_addresses

FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 5.6.7.0/24 2 0 2
           |-- 5.6.7.8
              /32 host LOCAL
        |-- 5.6.7.255
           /32 link BROADCAST
"""
IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
2a000001000200000000000000000003 02 40 00 80     eth0
"""


def test_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/fib_trie").write_text(FIB_TRIE)
    (tmp_path / "net/if_inet6").write_text(IF_INET6)
    own = own_addresses((), tmp_path)
    assert own.found == set(map(ip_address, ("127.0.0.1", "5.6.7.8", "::1", "2a00:1:2::3")))
    assert own.public == (ip_address("5.6.7.8"), ip_address("2a00:1:2::3"))


def test_what_can_not_be_read_is_not_there(tmp_path: Path) -> None:
    assert own_addresses((), tmp_path) == OwnAddresses()


def test_those_of_this_machine_are_among_them() -> None:
    assert ip_address("127.0.0.1") in own_addresses().found


@pytest.mark.parametrize(
    ("told", "found", "address", "held"),
    [
        ([], ["1.2.3.4"], "1.2.3.4", True),
        ([], ["1.2.3.4"], "1.2.3.5", False),
        (["1.2.3.4"], ["192.168.1.2"], "1.2.3.4", True),
        (["1.2.3.4"], ["192.168.1.2"], "1.2.3.5", False),
        ([], ["192.168.1.2"], "1.2.3.5", None),
        ([], ["192.168.1.2"], "2a00:1::1", False),
        ([], ["127.0.0.1", "::1", "fe80::1"], "1.2.3.5", False),
        ([], ["192.168.1.2", "2a00:1::1"], "1.2.3.5", None),
    ],
)
def test_which_lead_here(told: list[str], found: list[str], address: str, held: object) -> None:
    own = OwnAddresses(frozenset(map(ip_address, told)), frozenset(map(ip_address, found)))
    assert own.holds(ip_address(address)) is held


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("1.2.3.4", ""),
        ("2a00:1::1", ""),
        ("127.0.0.1", "itself"),
        ("0.0.0.0", "itself"),
        ("::1", "itself"),
        ("169.254.1.1", "neighbours"),
        ("fe80::1", "neighbours"),
        ("10.0.0.1", "private"),
        ("100.64.0.1", "private"),
        ("192.0.2.1", "reserved"),
        ("224.0.0.1", "reserved"),
        ("fd00::1", "private"),
    ],
)
def test_whom_they_can_be_reached_by(address: str, kind: str) -> None:
    assert kind in kind_of(ip_address(address))
    assert bool(kind) == bool(kind_of(ip_address(address)))
