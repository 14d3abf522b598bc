"""Who may send as whom."""

from __future__ import annotations

from bitrixmail.model.address import Address
from bitrixmail.pickup.rights import may_send

OWN = ("example.org",)
INFO = Address("Info", "example.org")
FOREIGN = Address("boss", "example.net")
GRANTS = {
    33: frozenset({"info@example.org"}),
    34: frozenset({"@example.net"}),
    35: frozenset({"*"}),
    36: frozenset[str](),
}


def may(uid: int, sender: Address | None) -> bool:
    return may_send(uid, sender, GRANTS, OWN, (0,))


def test_everybody_may_use_the_null_sender() -> None:
    assert may(36, None)


def test_who_has_no_grants_sends_as_any_address_of_ours() -> None:
    assert may(1000, INFO)
    assert not may(1000, FOREIGN)
    assert not may(1000, Address("info", "sub.example.org"))


def test_who_has_grants_sends_as_those_alone() -> None:
    assert may(33, INFO)
    assert not may(33, Address("shop", "example.org"))
    assert may(34, FOREIGN)
    assert not may(34, INFO)
    assert may(35, FOREIGN)
    assert not may(36, INFO)


def test_the_trusted_send_as_anybody() -> None:
    assert may(0, FOREIGN)
