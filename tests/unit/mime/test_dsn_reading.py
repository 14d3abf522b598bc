"""Bounces of all makes are read, what is none is not, and none takes long."""

from __future__ import annotations

import time

import pytest

from bitrixmail.mime.dsn_reading import MAX_RECIPIENTS, read_bounce
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.dsn import Action, Bounce
from tests.corpus.bounce_facts import BOUNCES, FOLDER, OTHERS, octets


def read(message: bytes) -> Bounce | None:
    return read_bounce(message, HeaderSection.parse(message), "mx.example.org")


def test_the_corpus_is_what_is_told_of_it() -> None:
    assert {path.stem for path in FOLDER.glob("*.eml")} == {*BOUNCES, *OTHERS}


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_is_read(name: str) -> None:
    told, bounce = BOUNCES[name], read(octets(name))
    assert bounce is not None
    concerned = bounce.recipients[-1]
    assert (concerned.address, concerned.action) == (told.address, told.action)
    assert concerned.status == told.status
    assert bounce.standard is told.standard
    assert bounce.message_id == ("<order-17@example.org>" if told.returned else "")
    assert bounce.queue_id == ("0PVXQ9M2KD3B7A" if told.returned else "")
    assert len(bounce.recipients) == (2 if name == "one-of-two" else 1)


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_bounce_is_none(name: str) -> None:
    assert read(octets(name)) is None


def test_what_a_standard_report_says_besides() -> None:
    bounce = read(octets("internationalised"))
    assert bounce is not None
    assert bounce.envelope_id == "order-17"
    assert bounce.reporting_host == "mail.example.net"
    assert bounce.recipients[0].original == "анна@example.net"
    two = read(octets("one-of-two"))
    assert two is not None
    assert [one.original for one in two.recipients] == ["", "anna@example.net"]
    assert two.recipients[0].action is Action.RELAYED
    assert two.recipients[0].host == "mx.example.net"


def test_a_queue_id_is_believed_only_of_our_host() -> None:
    message = octets("postfix-unknown-user")
    other = read_bounce(message, HeaderSection.parse(message), "mx.example.com")
    assert other is not None
    assert other.queue_id == ""


def test_a_report_that_somebody_forwards_is_read() -> None:
    inner = octets("postfix-unknown-user")
    message = (
        b"From: boss@example.org\r\nSubject: look\r\nContent-Type: multipart/mixed; boundary=x\r\n"
        b"\r\n--x\r\n\r\nWhat is that?\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n"
    ) + inner + b"\r\n--x--\r\n"  # fmt: skip
    bounce = read(message)
    assert bounce is not None
    assert bounce.recipients[0].address == "anna@example.net"


def test_remote_text_comes_as_one_line_without_controls() -> None:
    message = octets("postfix-unknown-user").replace(
        b"550 5.1.1 <anna", b"550 5.1.1 \x1b[2J\x00\xe2\x80\xae <anna"
    )
    bounce = read(message)
    assert bounce is not None
    diagnostic = bounce.recipients[0].diagnostic
    assert diagnostic.isprintable()
    assert "550 5.1.1" in diagnostic


def test_remote_text_in_a_comment_too() -> None:
    comment = "\u202e" + "user is gone " * 500
    message = report(f"Final-Recipient: rfc822; a@b.example\r\nStatus: 5.1.1 ({comment})".encode())
    bounce = read(message)
    assert bounce is not None
    diagnostic = bounce.recipients[0].diagnostic
    assert diagnostic.startswith("\\u{202e}user is gone")
    assert len(diagnostic) <= 1010


def test_addresses_of_the_message_that_comes_back_are_none_of_the_bounce() -> None:
    message = octets("qmail-no-mailbox").replace(
        b"Good day!", b"<boris@example.net>:\r\nuser unknown\r\n"
    )
    bounce = read(message)
    assert bounce is not None
    assert [one.address for one in bounce.recipients] == ["anna@example.net"]
    assert "boris" not in bounce.text


def report(blocks: bytes) -> bytes:
    return (
        b"From: MAILER-DAEMON@example.net\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + blocks + b"\r\n--b--\r\n"
    )


def test_recipients_are_bounded() -> None:
    block = b"\r\nFinal-Recipient: rfc822; a@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    bounce = read(report(b"Reporting-MTA: dns; a\r\n" + block * 3000))
    assert bounce is not None
    assert len(bounce.recipients) == MAX_RECIPIENTS


HOSTILE = {
    "addresses": b"From: MAILER-DAEMON\nSubject: failure notice\n\n"
    + b"<a@example.net>\n" * 60_000,
    "ats": b"From: MAILER-DAEMON\nSubject: failure notice\n\n" + b"@" * 1_000_000,
    "letters": b"From: MAILER-DAEMON\nSubject: failure notice\n\n" + b"user " * 200_000,
    "no line end": b"From: MAILER-DAEMON\nSubject: failure notice\n\n" + b"a.b@" * 250_000,
    "brackets": b"From: MAILER-DAEMON\nSubject: x\n\n" + b"(expanded <" * 90_000,
    "bars": b"From: MAILER-DAEMON\nSubject: x\n\n" + b"---- " * 200_000,
    "not": b"From: MAILER-DAEMON\nSubject: x\n\n" + b"not be been the " * 65_000,
    "fields": report(b"Final-Recipient: rfc822; (((((((\r\n" * 30_000),
    "comments": report(b"Final-Recipient: x\r\nStatus: " + b"(" * 200_000),
    "hex": report(b"Final-Recipient: utf-8; " + rb"\x{110000}\x{FFFFFF}\x{D800}" + b"\r\n\r\n"),
    "received": octets("success").replace(b"Received: from", b"Received: by " + b"by a " * 50_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ones_take_no_time(name: str) -> None:
    begun = time.thread_time()
    read(HOSTILE[name])
    assert time.thread_time() - begun < 2.0
