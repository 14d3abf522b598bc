from __future__ import annotations

import pytest

from bitrixmail.model.address import Address


@pytest.mark.parametrize(
    ("address", "written"),
    [
        (Address("info", "example.org"), "info@example.org"),
        (Address("a.b+c", "example.org"), "a.b+c@example.org"),
        (Address("a b", "example.org"), '"a b"@example.org'),
        (Address('q"\\', "example.org"), '"q\\"\\\\"@example.org'),
        (Address("a..b", "example.org"), '"a..b"@example.org'),
        (Address("", "example.org"), '""@example.org'),
        (Address("инфо", "xn--e1afmkfd.xn--p1ai"), "инфо@xn--e1afmkfd.xn--p1ai"),
        (Address("Postmaster", ""), "Postmaster"),
    ],
)
def test_is_written_as_a_mailbox(address: Address, written: str) -> None:
    assert str(address) == written


def test_key_ignores_case_and_normal_form() -> None:
    assert Address("InFo", "example.org").key == "info@example.org"
    assert Address("ЁЛКА", "example.org").key == Address("е\u0308лка", "example.org").key


def test_detail_and_base() -> None:
    address = Address("info+Invoices+2026", "example.org")
    assert address.detail == "Invoices+2026"
    assert address.base == Address("info", "example.org")
    plain = Address("info", "example.org")
    assert plain.detail == ""
    assert plain.base is plain
    only_plus = Address("+x", "example.org")
    assert only_plus.base is only_plus


@pytest.mark.parametrize(
    "local_part", ["ann", "a b", 'a"b', "a\\", '\\"', 'x\\\\"y', "a@b", "почта", '"', "a\\\\"]
)
def test_what_is_written_is_read_back(local_part: str) -> None:
    address = Address(local_part, "example.org")
    assert Address.of(str(address)) == address


def test_the_one_without_a_domain_is_read_back() -> None:
    assert Address.of("postmaster") == Address("postmaster", "")
