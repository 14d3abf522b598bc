"""A message for the dry run: its octets without our own fields, its envelope from them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from bitrixmail.admin.specimen import Specimen, from_file, from_store
from bitrixmail.mime.trace_fields import delivered_to_field, received_field, return_path_field
from bitrixmail.model.client import Client, TLSInfo
from bitrixmail.model.errors import InputError
from tests.fakes.letters import deliver
from tests.fakes.stores import result_of
from tests.unit.admin.conftest import House

LETTER = b"Received: from elsewhere by somewhere; now\r\nFrom: a@example.net\r\n\r\nbody\r\n"
ARRIVED = datetime(2027, 1, 1, tzinfo=UTC)
CLIENTS = [
    Client("192.0.2.1", 25, "s1", helo="mx.example.net", esmtp=True),
    Client("2001:db8::1", 25, "s1", helo="[IPv6:2001:db8::1]", esmtp=True, smtputf8=True),
    Client("192.0.2.1", 25, "s1", helo="x", esmtp=True, tls=TLSInfo("TLSv1.3", "AES")),
    Client("192.0.2.1", 25, "s1", helo="mx"),
    Client("", 0, "s1"),
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("recipient", [None, "info@example.org", "x" * 60 + "@example.org"])
def test_our_own_fields_are_taken_off(client: Client, recipient: str | None) -> None:
    at = datetime(2027, 1, 1, tzinfo=UTC)
    prefix = received_field(client, "mx.example.org", "ID", recipient, at)
    assert from_file(prefix + LETTER).octets == LETTER
    read = return_path_field("boss@example.net") + delivered_to_field("info@example.org") + prefix
    assert from_file(read + LETTER) == Specimen(LETTER, "boss@example.net", ("info@example.org",))
    assert from_file(return_path_field("") + prefix + LETTER).sender == ""


def test_a_first_line_that_goes_on_from_nothing_is_the_messages_own() -> None:
    prefix = received_field(CLIENTS[0], "mx.example.org", "ID", None, ARRIVED)
    assert from_file(prefix + b" folded first\r\n" + LETTER).octets == b" folded first\r\n" + LETTER


def test_the_fields_of_others_stay() -> None:
    assert from_file(LETTER) == Specimen(LETTER, "a@example.net")
    twice = b"Return-Path: <x@example.net>\r\n" + LETTER
    assert from_file(twice) == Specimen(twice, "x@example.net")


def test_lines_of_another_system_are_mended() -> None:
    assert from_file(b"From: a@b.c\n\nx\r\ny\rz\n").octets == b"From: a@b.c\r\n\r\nx\r\ny\r\nz\r\n"


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r"])
def test_lines_are_mended_over_the_ends_of_slices(end: bytes) -> None:
    for before in range(256 * 1024 - 3, 256 * 1024 + 2):
        octets = b"x" * before + end * 2 + b"y" * 256 * 1024 + end
        once = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        assert from_file(octets).octets == once


def test_a_large_file_lets_others_have_their_turn() -> None:
    """Whoever looks each millisecond meanwhile never waits for long; at once it was for most."""
    octets = b"\n" * 32 * 1024 * 1024
    from_file(octets[:1000])
    thread = threading.Thread(target=from_file, args=(octets,))
    began = last = time.perf_counter()
    thread.start()
    longest = 0.0
    while thread.is_alive():
        time.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert longest < (last - began) / 4


@pytest.mark.parametrize("octets", [b"", b"\xff\xfe", b"From:\r\n\r\n", b"From: nobody\r\n\r\n"])
def test_who_says_nothing_has_no_sender(octets: bytes) -> None:
    assert "@" not in from_file(octets).sender


def test_a_stored_message_has_the_envelope_it_came_in(house: House) -> None:
    result_of(house.accounts.set_alias("sales@example.org", ("info@example.org",)))
    queue_id = deliver(house.stores, LETTER, "sales@example.org", sender="boss@example.net")
    for address, paths in (("info", ("sales@example.org",)), ("shop", ())):
        mailbox = result_of(house.accounts.mailbox(f"{address}@example.org"))
        found = result_of(from_store(queue_id, mailbox, house.stores.messages))
        assert found == Specimen(LETTER, "boss@example.net", paths, ARRIVED)


def test_what_nobody_kept_can_not_be_judged(house: House) -> None:
    queue_id = deliver(house.stores, LETTER, "info@example.org")
    mailbox = result_of(house.accounts.mailbox("info@example.org"))
    view = result_of(house.stores.messages.folder(mailbox.id, "INBOX"))
    assert view is not None
    result_of(house.stores.messages.expunge(view.id, [1]))
    with pytest.raises(InputError, match="no mailbox kept it"):
        result_of(from_store(queue_id, mailbox, house.stores.messages))
