"""No text of strangers breaks a notice, and no octets break the reader of bounces."""

from __future__ import annotations

import email
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.mime.dsn import compose
from bitrixmail.mime.dsn_reading import read_bounce
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.dsn import Action, Notice, Reason, Reported
from bitrixmail.outbound.reasons.judging import classify, judge
from tests.corpus.bounce_facts import BOUNCES, octets

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NASTY = st.sampled_from(
    ["\r\n", "\n", "\r", "\r\nBcc: evil@example.com\r\n", "\r\n\r\n", "--dsn-", "=?utf-8?q?", "\0", " ",
     "550 ", "ж", "x" * 1500, "\u2028", "\ud800", ";", "<", ">", "{", "}", "\x1b", "\u202e"]
)  # fmt: skip
TEXT = st.one_of(st.text(max_size=40), st.lists(NASTY, max_size=6).map("".join))
OCTETS = st.one_of(
    st.binary(max_size=200),
    st.lists(NASTY, max_size=8).map(lambda pieces: "".join(pieces).encode("utf-8", "replace")),
)


@settings(deadline=None, max_examples=60)
@given(TEXT, TEXT, TEXT, TEXT, TEXT, OCTETS, st.sampled_from(Action), st.booleans())
def test_no_text_breaks_a_notice(
    recipient: str, original: str, host: str, reply: str, envelope_id: str, message: bytes,
    action: Action, smtputf8: bool,
) -> None:  # fmt: skip
    reported = Reported(
        recipient, action, reply, Reason.SPAM, f"rfc822;{original}", host, reply, reply, NOON, NOON
    )
    notice = Notice(
        "mx.example.org", "postmaster@example.org", "shop@example.org", "<1@mx.example.org>", NOON,
        NOON, original, (reported,), message, len(message), envelope_id, None, smtputf8,
    )  # fmt: skip
    composed = compose(notice)
    lines = composed.octets.split(b"\r\n")
    assert all(b"\r" not in line and b"\n" not in line for line in lines)
    assert all(len(line) <= 998 for line in lines)
    assert b"\0" not in composed.octets
    assert composed.body == "8BITMIME" or composed.octets.isascii()
    whole = email.message_from_bytes(composed.octets)
    assert whole.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
        *(["Content-Transfer-Encoding"] if composed.body == "8BITMIME" else []),
    ]  # fmt: skip
    payload = whole.get_payload()
    assert isinstance(payload, list)
    assert len(payload) == 3
    bounce = read_bounce(composed.octets, HeaderSection.parse(composed.octets))
    assert bounce is None or (bounce.standard and len(bounce.recipients) == 1)
    assert bounce is None or bounce.recipients[0].action is action


WORDS = st.sampled_from(
    [b"\r\n", b"\r\n\r\n", b"Final-Recipient: rfc822; ", b"Action: failed", b"Status: 5.1.1", b"<a@b.c>",
     b"--=_part_7", b"550 5.1.1 ", b"(", b")", b"@", b"\xff", b"\x00", b"utf-8; \\x{110000}", b";", b":",
     b"Content-Type: message/delivery-status", b"user unknown", b"Received: by a id b", b"Message-ID: <"]
)  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(sorted(BOUNCES)), st.integers(0, 3000), st.integers(0, 60),
       st.one_of(st.binary(max_size=60), st.lists(WORDS, max_size=12).map(b"".join)))  # fmt: skip
def test_no_octets_break_the_reader(name: str, at: int, cut: int, put: bytes) -> None:
    message = octets(name)
    message = message[:at] + put + message[at + cut :]
    bounce = read_bounce(message, HeaderSection.parse(message), "mx.example.org")
    if bounce is None:
        return
    for returned in bounce.recipients:
        judge(returned, bounce)
        for text in (returned.address, returned.diagnostic, returned.original, returned.host):
            assert "\n" not in text
            assert "\r" not in text
            assert "\x1b" not in text
            assert len(text) <= 1000


@settings(deadline=None, max_examples=60)
@given(TEXT, TEXT)
def test_any_text_has_a_verdict(status: str, text: str) -> None:
    assert classify(status, text).reason in Reason
