"""Signed return paths: made, read back, and not to be made by others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bitrixmail.model.address import Address
from bitrixmail.outbound.bounces.return_paths import ReturnPaths

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY, OLD_KEY = b"k" * 32, b"o" * 32
PATHS = ReturnPaths([KEY, OLD_KEY])


@pytest.mark.parametrize("name", ["1", "9223372036854775807", "0PVXQ9M2KD3B7A", "x" * 24])
def test_a_name_comes_back(name: str) -> None:
    address = PATHS.make(name, "Example.org", NOW)
    assert len(address.local_part) <= 64
    assert address.domain == "example.org"
    assert str(address) == f"{address.local_part}@example.org"  # no quoting
    assert PATHS.read(address, NOW) == name.lower()


def test_hosts_may_change_the_case() -> None:
    address = PATHS.make("17", "example.org", NOW)
    shouted = Address(address.local_part.upper(), "EXAMPLE.ORG")
    assert PATHS.read(shouted, NOW) == "17"


def test_each_octet_is_signed() -> None:
    address = PATHS.make("1234", "example.org", NOW)
    local = address.local_part
    for place in range(len(local)):
        changed = local[:place] + ("x" if local[place] != "x" else "y") + local[place + 1 :]
        assert PATHS.read(Address(changed, "example.org"), NOW) is None, place
    assert PATHS.read(Address(local, "example.net"), NOW) is None
    assert PATHS.read(Address(local[:-1], "example.org"), NOW) is None
    assert PATHS.read(Address(local + "a", "example.org"), NOW) is None


def test_a_former_key_is_believed_and_a_strange_one_is_not() -> None:
    assert PATHS.read(ReturnPaths([OLD_KEY]).make("5", "example.org", NOW), NOW) == "5"
    assert PATHS.read(ReturnPaths([b"s" * 32]).make("5", "example.org", NOW), NOW) is None


def test_it_ages() -> None:
    paths = ReturnPaths([KEY], lifetime=timedelta(days=10))
    address = paths.make("5", "example.org", NOW)
    read = [paths.read(address, NOW + timedelta(days=days)) for days in (-2, -1, 0, 10, 12)]
    assert read == [None, "5", "5", "5", None]


@pytest.mark.parametrize(
    "local",
    ["", "b+", "b+--", "b+a-b", "b+a-b-c-d", "info", "b+\u0660-1-" + "a" * 16, "b+" + "9" * 5000,
     "b+zzzz-1-" + "a" * 16, "b+-1-1-1"],
)  # fmt: skip
def test_what_is_none_is_none(local: str) -> None:
    assert PATHS.read(Address(local, "example.org"), NOW) is None


@pytest.mark.parametrize("name", ["", "a-b", "a@b", "x" * 25, "ü", "a b"])
def test_a_name_is_letters_and_digits(name: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        PATHS.make(name, "example.org", NOW)


@pytest.mark.parametrize("keys", [[], [b"short"], [KEY, b""]])
def test_keys_are_long(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="octets"):
        ReturnPaths(keys)


def test_the_keys_are_not_shown() -> None:
    assert "kkkk" not in repr(PATHS)
