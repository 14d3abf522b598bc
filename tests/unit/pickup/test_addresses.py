"""Addresses in arguments and fields."""

from __future__ import annotations

import pytest

from bitrixmail.model.address import Address
from bitrixmail.pickup.addresses import AddressError, address_of, addresses_in, sender_of


def found(value: str) -> list[str]:
    return [str(each) for each in addresses_in(value.encode(), "example.org")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@example.net", ["a@example.net"]),
        ("a@Example.NET, b@example.net", ["a@example.net", "b@example.net"]),
        ('"Petrov, Ivan" <i@example.net>', ["i@example.net"]),
        ("Friends: a@example.net, <b@example.net>;, c@example.net",
         ["a@example.net", "b@example.net", "c@example.net"]),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?B?0JjQstCw0L0sIEE=?= <i@example.net>", ["i@example.net"]),
        ("a@example.net (it is him, really)", ["a@example.net"]),
        ('"john doe"@example.net', ['"john doe"@example.net']),
        ("почта@пример.рф", ["почта@xn--e1afmkfd.xn--p1ai"]),
        ("root", ["root@example.org"]),
        ("<@relay.example:a@example.net>", ["a@example.net"]),
        ("a@[192.0.2.1]", ["a@[192.0.2.1]"]),
        ("<a@[IPv6:2001:DB8::1]>", ["a@[IPv6:2001:db8::1]"]),
    ],
)  # fmt: skip
def test_addresses(value: str, expected: list[str]) -> None:
    assert found(value) == expected


@pytest.mark.parametrize(
    "text",
    ["a@b@c", "a..b@example.net", "@example.net", "a@", "a@exa mple.net", "a\rb@example.net",
     "a" * 65 + "@example.net", "a@" + "b." * 130 + "c", "a@[300.1.1.1]", ""],
)  # fmt: skip
def test_no_address(text: str) -> None:
    with pytest.raises(AddressError):
        address_of(text, "example.org")


def test_one_that_is_none_costs_the_others_nothing() -> None:
    right, wrong, other = addresses_in(b"a@example.net, a..b@x, c@example.net", "example.org")
    assert (str(right), str(other)) == ("a@example.net", "c@example.net")
    assert isinstance(wrong, AddressError)
    assert wrong.given == "a..b@x"


def test_senders() -> None:
    assert sender_of(b"", "example.org") is None
    assert sender_of(b" <> ", "example.org") is None
    assert sender_of(b"<a@example.net>", "example.org") == Address("a", "example.net")
    assert sender_of(b"www-data", "example.org") == Address("www-data", "example.org")
    for wrong in (b"a@b.c, d@e.f", b"a..b@example.net"):
        with pytest.raises(AddressError):
            sender_of(wrong, "example.org")


@pytest.mark.parametrize(
    "value",
    ["a@example.net b@example.net", "<a@example.net> <b@example.net>",
     "a@example.net  Bcc: b@example.net", "a@example.net b@x.org: c@example.net",
     "<a@example.net> b@x.org", "John a@example.net", '"x" <a@example.net>: <b@x.org>;'],
)  # fmt: skip
def test_who_of_several_is_meant_is_not_guessed(value: str) -> None:
    """Neither is one of them left out in silence."""
    first, other = addresses_in(f"{value}, z@example.net".encode(), "example.org")
    assert isinstance(first, AddressError)
    assert first.given == value.rstrip(";")
    assert str(other) == "z@example.net"


def test_a_name_may_be_the_address() -> None:
    assert found("a@example.net <a@example.net>") == ["a@example.net"]
