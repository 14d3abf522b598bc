from __future__ import annotations

from dataclasses import replace

import pytest

from bitrixmail.mime.ticket_addresses import ReplyAddresses, token_of
from bitrixmail.model.address import Address
from bitrixmail.model.ticket import Ticket, TicketState, Token
from tests.fakes.drafts import RECEIVED

KEY, OTHER = b"k" * 32, b"o" * 32
TICKET = Ticket(
    5, "desk@example.org", 1042, "bob@b.c", "x", TicketState.OPEN, RECEIVED, RECEIVED
)  # fmt: skip


def token(address: str) -> Token:
    found = token_of(Address.of(address).detail)
    assert found is not None
    return found


def test_an_address_is_of_its_ticket_alone() -> None:
    addresses = ReplyAddresses([KEY])
    made = addresses.make(TICKET)
    assert made.startswith("desk+t1042.")
    assert made.endswith("@example.org")
    assert len(made.partition("@")[0]) <= 64
    assert addresses.fits(token(made), TICKET)
    assert addresses.fits(token(made.upper()), TICKET)
    for other in (
        replace(TICKET, id=6),
        replace(TICKET, number=1043),
        replace(TICKET, desk="shop@example.org"),
    ):
        assert not addresses.fits(token(made), other)
        assert addresses.make(other) != made
    swapped = Token(1043, token(made).proof)
    assert not addresses.fits(swapped, replace(TICKET, number=1043))
    assert not ReplyAddresses([OTHER]).fits(token(made), TICKET)
    assert ReplyAddresses([OTHER, KEY]).fits(token(made), TICKET)
    # whose it is, and what stands in it, may change
    assert addresses.fits(token(made), replace(TICKET, owner="eve@b.c", subject="y"))


@pytest.mark.parametrize(
    "detail",
    [
        "",
        "Invoices",
        "t1042",
        "t1042.",
        "1042.abcdefghijklmnop",
        "t.abcdefghijklmnop",
        "t1042.abcdefghijklmno",
        "t1042.abcdefghijklmnopq",
        "t1042.abcdefghijklmno1",
        "t1234567890.abcdefghijklmnop",
        "t١.abcdefghijklmnop",
        "t1042.abcdefghijklmnop\n",
    ],
)
def test_what_looks_otherwise_is_no_token(detail: str) -> None:
    assert token_of(detail) is None


def test_a_desk_whose_name_leaves_no_room_has_none() -> None:
    addresses = ReplyAddresses([KEY])
    assert addresses.make(replace(TICKET, desk="d" * 41 + "@example.org"))
    assert not addresses.make(replace(TICKET, desk="d" * 42 + "@example.org"))
    assert not addresses.make(replace(TICKET, desk="a+b@example.org"))


def test_a_key_must_be_one() -> None:
    for keys in ([], [b"short"], [KEY, b"short"]):
        with pytest.raises(ValueError, match="octets"):
            ReplyAddresses(keys)
