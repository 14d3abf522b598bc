"""The mail log's lines of what is refused before or amid a message: who, what, and no flood."""

from __future__ import annotations

import pytest

from bitrixmail.link.refusal_lines import LINES_A_SECOND
from bitrixmail.model.reply import MAILBOX_FULL, NO_SUCH_MAILBOX, TOO_MANY_CONNECTIONS
from tests.dialogs.dialog import MemoryConnection
from tests.fakes.door import Door
from tests.fakes.reader_door import ReaderDoor

EHLO = b"EHLO client.example\r\n"
MAIL = b"MAIL FROM:<a@client.example>\r\n"
RCPT = b"RCPT TO:<info@example.org>\r\n"


def lines_of(door: Door, octets: bytes) -> list[tuple[str, ...]]:
    connection = MemoryConnection(door.factory)
    connection.send(octets)
    connection.abort()
    keys = ("sender", "recipient", "reply")
    return [
        (transition, *(str(fields.get(key, "-")) for key in keys))
        for transition, fields in door.maillog.lines
    ]


@pytest.mark.parametrize(
    ("command", "sender", "reply"),
    [
        (b"MAIL FROM:<big@a.example> SIZE=99999999", "big@a.example", "552 5.3.4"),
        (b"MAIL FROM:<a b@a.example>", "a b@a.example", "501 5.1.7"),
        (b"MAIL FROM:<a@a.example> FOO=1", "a@a.example", "555 5.5.4"),
        (b"MAIL FROM:<\xff@a.example>", "\ufffd@a.example", "501 5.5.2"),
        ("MAIL FROM:<пётр@a.example>".encode(), "пётр@a.example", "553 5.6.7"),
    ],
)
def test_a_refused_sender_has_a_line(command: bytes, sender: str, reply: str) -> None:
    (line,) = lines_of(Door(), EHLO + command + b"\r\n")
    assert line[:3] == ("refused", sender, "-")
    assert line[3].startswith(reply)


def test_a_recipient_of_a_wrong_form_has_a_line() -> None:
    (line,) = lines_of(Door(), EHLO + MAIL + b"RCPT TO:<x y@example.org>\r\n")
    assert line[:3] == ("refused", "a@client.example", "x y@example.org")


def test_commands_out_of_order_have_none() -> None:
    assert not lines_of(Door(), EHLO + RCPT + MAIL + MAIL + b"DATA\r\n")


def test_what_may_come_again_is_deferred() -> None:
    door = Door()
    door.gate.refuse["info@example.org"] = MAILBOX_FULL
    (line,) = lines_of(door, EHLO + MAIL + RCPT)
    assert line[:3] == ("deferred", "a@client.example", "info@example.org")


def test_refused_content_tells_whose_it_was() -> None:
    content = RCPT + RCPT.replace(b"info", b"sales") + b"DATA\r\nSubject: x\n\r\n.\r\n"
    (line,) = lines_of(Door(), EHLO + MAIL + content)
    assert line[:3] == ("refused", "a@client.example", "info@example.org")
    assert line[3].startswith("550 5.6.0")


def test_a_flood_of_refused_recipients_is_summed_up() -> None:
    door = Door()
    door.gate.refuse["nobody@example.org"] = NO_SUCH_MAILBOX
    nobody = EHLO + MAIL + RCPT.replace(b"info", b"nobody") * 10
    for _ in range(20):
        lines_of(door, nobody)
    assert len(door.maillog.lines) == LINES_A_SECOND
    door.clock.advance(1)
    transition, fields = door.maillog.lines[-1]
    assert (transition, fields["count"]) == ("refused", 200 - LINES_A_SECOND)
    assert fields["reply"] == str(NO_SUCH_MAILBOX)


def test_a_flood_of_refused_readers_is_summed_up() -> None:
    door = ReaderDoor()
    door.factory.limits = door.factory.limits.__class__(connections_per_ip=1)
    for connection in [MemoryConnection(door.factory) for _ in range(LINES_A_SECOND + 101)]:
        connection.abort()
    assert len(door.maillog.lines) == LINES_A_SECOND
    door.clock.advance(1)
    _, fields = door.maillog.lines[-1]
    assert (fields["reason"], fields["count"]) == (TOO_MANY_CONNECTIONS.text, 100)
