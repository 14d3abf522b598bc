"""Nobody reads in a message that was submitted here who got a blind copy of it."""

from __future__ import annotations

import pytest

from bitrixmail.model.message import Content
from bitrixmail.pipeline.blind_copies import SubmittedSink
from bitrixmail.pipeline.content import ContentSink
from bitrixmail.rules.judging import HEAD_LIMIT_OCTETS
from bitrixmail.store.opening import InlineStores, done
from tests.unit.pipeline.test_submission import DATED, INFO, Office

FIELDS = b"From: info@example.org\r\nSubject: Bcc: x\r\n bcc: folded\r\n"
BLIND = b"BCC : a@example.net,\r\n b@example.net\r\n\tc@example.net\r\n"
RESENT = b"Resent-Bcc: d@example.net\r\n"
BODY = b"\r\nBcc: this is text\r\n\r\nBcc: and this\r\n"


@pytest.fixture
def office(stores: InlineStores, clock: object) -> Office:
    return Office(stores, clock)  # type: ignore[arg-type] # the clock of the stores


def taken(stores: InlineStores, *pieces: bytes, inline_octets: int = 200_000) -> Content:
    sink = SubmittedSink(stores.blobs, inline_octets)
    for piece in pieces:
        sink.write(piece)
    content: Content = done(sink.finish())
    return content


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 1000])
def test_blind_copies_are_taken_out_wherever_it_is_cut(stores: InlineStores, cut: int) -> None:
    octets = BLIND + FIELDS + RESENT + BLIND + BODY
    pieces = [octets[start : start + cut] for start in range(0, len(octets), cut)]
    content = taken(stores, *pieces)
    assert content.inline == FIELDS + BODY
    assert (content.head, content.size_octets) == (FIELDS + b"\r\n", len(FIELDS + BODY))


def test_what_is_nothing_but_a_header_section_or_a_body(stores: InlineStores) -> None:
    assert taken(stores, BLIND + FIELDS).inline == FIELDS
    assert taken(stores, BODY).inline == BODY
    assert taken(stores).inline == b""


def test_a_large_message_goes_to_its_file(stores: InlineStores) -> None:
    body = BODY * 1000
    content = taken(stores, FIELDS + BLIND, *[body] * 3, inline_octets=1000)
    assert content.blob_id is not None
    assert done(stores.blobs.read(content.blob_id, 0, 10**6)) == FIELDS + body * 3


def test_no_more_is_held_back_than_is_looked_at(stores: InlineStores) -> None:
    sink = SubmittedSink(stores.blobs, 10**6)
    for _ in range(200):
        sink.write(b"X: " + b"x" * 997 + b"\r\n")
    assert len(sink._section) == 0
    sink.write(BLIND)
    assert done(sink.finish()).size_octets > HEAD_LIMIT_OCTETS


def test_it_is_so_for_who_has_logged_in_and_nobody_else(office: Office) -> None:
    office.submitted(DATED + BLIND + FIELDS + BODY)
    (letter,) = office.folder(INFO)
    assert letter.endswith(DATED + FIELDS + BODY)
    assert b"example.net" not in letter
    assert type(office.opened(INFO).body()) is ContentSink
