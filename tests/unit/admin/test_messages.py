"""Stored messages, as an operator looks at them."""

from __future__ import annotations

import pytest

from bitrixmail.admin.messages import MAX_EVENTS, Messages, Pieces
from bitrixmail.admin.traces import Traces
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.plan import Trace
from tests.fakes.letters import deliver
from tests.fakes.stores import result_of
from tests.unit.admin.conftest import House, faults

LETTER = b"Subject: =?utf-8?B?0YHRh9GR0YI=?=\r\nX-Odd: a\r\n b\r\n\r\nbody\r\n"


def test_what_is_shown_of_a_message(house: House) -> None:
    queue_id = deliver(house.stores, LETTER, "info@example.org", "shop@example.org")
    shown = result_of(house.messages.show(queue_id))
    assert [place.mailbox for place in shown.places] == ["info@example.org", "shop@example.org"]
    assert shown.fields[1:] == (("Subject", "счёт"), ("X-Odd", "a b"))
    assert [told.event.kind for told in shown.events] == ["received", "filed", "filed"]
    assert [told.trace is None for told in shown.events] == [True, False, False]
    assert result_of(house.messages.export(queue_id)).endswith(LETTER)


def test_one_is_read_piece_by_piece(house: House) -> None:
    queue_id = deliver(house.stores, LETTER, "info@example.org")
    whole = result_of(house.messages.export(queue_id))
    pieces = result_of(house.messages.pieces(queue_id))
    assert pieces.size_octets == len(whole)
    for step in (1, 7, len(whole), 2 * len(whole)):
        cut = [result_of(_cut(pieces, at, step)) for at in range(0, len(whole), step)]
        assert b"".join(cut) == whole
    assert result_of(_cut(pieces, len(whole), 1)) == b""
    with pytest.raises(NotFoundError, match="message list"):
        result_of(house.messages.pieces("NONE"))


async def _cut(pieces: Pieces, offset: int, length: int) -> bytes:
    return await pieces.read(offset, length)


def test_of_what_nobody_kept_the_events_are_shown(house: House) -> None:
    queue_id = deliver(house.stores, LETTER, "info@example.org")
    mailbox = result_of(house.accounts.mailbox("info@example.org"))
    view = result_of(house.stores.messages.folder(mailbox.id, "INBOX"))
    assert view is not None
    result_of(house.stores.messages.expunge(view.id, [1]))
    shown = result_of(house.messages.show(queue_id))
    assert (shown.places, shown.fields) == ((), ())
    assert [told.event.kind for told in shown.events] == ["received", "filed", "deleted"]


def test_a_listing_is_bounded_and_takes_what_was_typed(house: House) -> None:
    for hour in range(3):
        deliver(house.stores, LETTER, "info@example.org", hour=hour)
    listed = result_of(house.messages.listing("INFO@Example.org", "inbox", 2))
    assert [each.uid for each in listed] == [3, 2]
    assert len(result_of(house.messages.listing("info@example.org", None, 10**9))) == 3


def test_what_is_not_found_has_a_remedy(house: House) -> None:
    for attempt in (
        house.messages.listing("who@example.org", None, 1),
        house.messages.listing("info@example.org", "Bills", 1),
        house.messages.show("X"),
        house.messages.export("X"),
        house.messages.trace("X", 1),
        house.messages.trace("who@example.org", 1),
    ):
        with pytest.raises(NotFoundError) as caught:
            result_of(attempt)
        assert all(fault.remedy for fault in caught.value.faults), faults(caught)
    with pytest.raises(InputError):
        result_of(house.messages.listing("nobody", None, 1))


def test_a_trace_is_asked_for_by_message_or_address(house: House) -> None:
    queue_id = deliver(house.stores, LETTER, "info@example.org", sender="Boss@example.net")
    by_id = result_of(house.messages.trace(queue_id, 10))
    assert [told.event.kind for told in by_id] == ["received", "filed"]
    by_address = result_of(house.messages.trace("boss@Example.net", 10))
    assert [told.event.kind for told in by_address] == ["received"]
    # The last ones, the oldest of them first; never more than is good.
    assert result_of(house.messages.trace(queue_id, 1)) == by_id[1:]
    assert result_of(house.messages.trace(queue_id, MAX_EVENTS * 10)) == by_id


def test_a_trace_of_a_later_version_is_passed_over(house: House) -> None:
    def unreadable(_text: str) -> Trace:
        raise ValueError("no trace")

    queue_id = deliver(house.stores, LETTER, "info@example.org")
    older = Messages(house.stores.messages, Traces(unreadable, house.stores.rulebook))
    told = result_of(older.trace(queue_id, 10))
    assert [each.trace for each in told] == [None, None]
    assert told[1].event.text == "kept in INBOX"
