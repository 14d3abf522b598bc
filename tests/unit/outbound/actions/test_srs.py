"""Senders of mail that is passed on lead back to the first sender, and to nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.model.address import Address
from bitrixmail.outbound.actions.srs import MAX_LOCAL_OCTETS, SRS, is_rewritten

KEY, OTHER = b"k" * 16, b"o" * 16
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ANN = Address("Ann", "shop.example")
OURS = "example.org"
MADE = SRS([KEY])


def made(sender: Address = ANN, at: datetime = NOW) -> Address:
    found = MADE.rewritten(sender, OURS, at)
    assert found is not None
    return found


def test_it_names_the_sender_and_leads_back_to_him() -> None:
    found = made()
    assert found.domain == OURS
    assert found.local_part.startswith("SRS0=")
    assert found.local_part.endswith("=shop.example=Ann")
    assert is_rewritten(found.local_part)
    assert MADE.original(found, NOW) == ANN


@given(
    st.text("abcXYZ019.+=-_", min_size=1, max_size=20).filter(lambda one: not is_rewritten(one)),
    st.integers(0, 4000),
)
def test_whatever_the_local_part_and_the_day(local: str, day: int) -> None:
    at = NOW + timedelta(days=day)
    sender = Address(local, "a.example")
    assert MADE.original(made(sender, at), at + timedelta(days=3)) == sender


def test_hosts_may_change_the_case_of_letters() -> None:
    found = made(Address("ann", "shop.example"))
    for local in (found.local_part.lower(), found.local_part.upper()):
        back = MADE.original(Address(local, OURS), NOW)
        assert back is not None
        assert back.key == "ann@shop.example"


def test_nothing_of_it_can_be_changed() -> None:
    local = made().local_part
    for place in range(5, len(local)):
        other = "b" if local[place].lower() != "b" else "c"
        forged = Address(local[:place] + other + local[place + 1 :], OURS)
        assert MADE.original(forged, NOW) is None, forged
    assert SRS([OTHER]).original(made(), NOW) is None


def test_a_former_key_is_believed_and_a_new_one_signs() -> None:
    both = SRS([OTHER, KEY])
    assert both.original(made(), NOW) == ANN
    assert both.rewritten(ANN, OURS, NOW) != made()


@pytest.mark.parametrize(
    ("days", "known"), [(-2, False), (-1, True), (0, True), (30, True), (33, False), (1000, False)]
)
def test_a_bounce_is_expected_for_a_month(days: int, known: bool) -> None:
    assert (MADE.original(made(), NOW + timedelta(days=days)) == ANN) is known


def test_a_chain_names_its_first_host_and_the_last() -> None:
    first = Address("SRS0=HHHH=TT=shop.example=ann", "first.example")
    second = made(first)
    assert second.local_part.startswith("SRS1=")
    assert second.local_part.endswith("=first.example==HHHH=TT=shop.example=ann")
    assert MADE.original(second, NOW) == first
    # a third host keeps the first one's name, whatever the second's was
    third = made(Address("SRS1=zzzz=first.example==HHHH=TT=shop.example=ann", "second.example"))
    assert third.local_part == second.local_part
    forged = Address(second.local_part.replace("=first.example=", "=other.example="), OURS)
    assert MADE.original(forged, NOW) is None


def test_other_separators_of_the_first_host_are_kept() -> None:
    for separator in "+-":
        first = Address(f"SRS0{separator}HH=TT=shop.example=ann", "first.example")
        assert MADE.original(made(first), NOW) == first


def test_one_that_would_be_too_long_is_none() -> None:
    room = MAX_LOCAL_OCTETS - len(made(Address("", "shop.example")).local_part)
    assert MADE.rewritten(Address("x" * room, "shop.example"), OURS, NOW) is not None
    assert MADE.rewritten(Address("x" * (room + 1), "shop.example"), OURS, NOW) is None


@pytest.mark.parametrize("local", ["SRS0", "srs2=x", "SRS0x", "info", "SRS", ""])
def test_what_only_begins_alike(local: str) -> None:
    assert not is_rewritten(local)
    assert MADE.original(Address(local, OURS), NOW) is None


def test_a_weak_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 octets"):
        SRS([b"short"])
