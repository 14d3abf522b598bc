"""The header section that programs of this machine leave unfinished."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bitrixmail.mime.headers import MAX_SECTION_OCTETS
from bitrixmail.model.address import Address
from bitrixmail.pickup.completion import HeadError, complete, read_head

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
AUTHOR = Address("www-data", "mx.example.org")
WHOLE = b"Date: x\r\nFrom: x\r\nMessage-ID: x\r\n"


def head_of(octets: bytes, name: str = "") -> tuple[bytes, bytes]:
    """Return the finished header section, and the body as it came."""
    head = read_head(octets)
    return complete(head, AUTHOR, name, AT, "1.2.3@mx.example.org"), octets[head.end :]


def test_what_is_missing_is_added() -> None:
    head, body = head_of(b"Subject: x\n\nHi\n", "Site")
    assert head == (
        b"Subject: x\r\n"
        b"Date: Sat, 28 Nov 2026 12:00:00 +0000\r\n"
        b'From: "Site" <www-data@mx.example.org>\r\n'
        b"Message-ID: <1.2.3@mx.example.org>\r\n\r\n"
    )
    assert body == b"Hi\n"


def test_what_is_there_stays() -> None:
    head, _ = head_of(b"FROM: a\nMessage-Id: b\ndate : c\n\n", "Site")
    assert head == b"FROM: a\r\nMessage-Id: b\r\ndate : c\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", b"From: www-data@mx.example.org\r\n"),
        ('A "B" \\C', b'From: "A \\"B\\" \\\\C" <www-data@mx.example.org>\r\n'),
        ("Иван", b"From: =?utf-8?b?0JjQstCw0L0=?=\r\n <www-data@mx.example.org>\r\n"),
        ("A\r\nBcc: b@example.net", b'From: "A Bcc: b@example.net" <www-data@mx.example.org>\r\n'),
    ],
)
def test_the_author(name: str, written: bytes) -> None:
    assert written in head_of(b"\n", name)[0]


def test_a_long_name_of_other_letters_is_folded() -> None:
    head, _ = head_of(b"\n", "Отдел продаж " * 20)
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_blind_copies_are_removed_with_their_folds() -> None:
    head, body = head_of(
        b"Bcc: a@example.net,\n\tb@example.net\nTo: c@example.net\nRESENT-BCC: d@x\n"
        + WHOLE
        + b"\nHi"
    )
    assert head == b"To: c@example.net\r\n" + WHOLE + b"\r\n"
    assert body == b"Hi"


def test_recipients() -> None:
    head = read_head(b"To: a,\n b\nBCC : c\nCc: d\nReply-To: e\nTo: f\n\n")
    assert head.recipients() == [b"a, b", b"c", b"d", b"f"]
    assert read_head(b"To: a\nResent-To: b\nResent-Bcc: c\n\n").recipients() == [b"b", b"c"]


@pytest.mark.parametrize(
    ("came", "fields", "body"),
    [
        (b"Just a text\nof two lines\n", b"", b"Just a text\nof two lines\n"),
        (b"To: a\nJust a text\n\nmore", b"To: a\r\n", b"Just a text\n\nmore"),
        (b"\nHi", b"", b"Hi"),
        (b"", b"", b""),
        (b"To: a", b"To: a\r\n", b""),
        (b"To: a\r\n\r\nHi\r\n", b"To: a\r\n", b"Hi\r\n"),
        (b"To: a\r\r\nCc: b\r\r\n\r\r\nHi", b"To: a\r\nCc: b\r\n", b"Hi"),
        (b"From root Sat Nov 28\nTo: a\n\nHi", b"To: a\r\n", b"Hi"),
        (b">From root Sat Nov 28\nTo: a\n\nHi", b"To: a\r\n", b"Hi"),
        (b" \n\nHi", b"", b" \n\nHi"),
        (b"To: a\n \n b\n\nHi", b"To: a\r\n b\r\n", b"Hi"),
    ],
)
def test_where_the_header_section_ends(came: bytes, fields: bytes, body: bytes) -> None:
    head, rest = head_of(came)
    assert head.startswith(fields)
    assert head.removeprefix(fields).startswith(b"Date:")
    assert rest == body


def test_a_lone_cr_adds_no_field() -> None:
    head, _ = head_of(b"Subject: a\rBcc: b@example.net\rTo: c\x00d\n" + WHOLE + b"\n")
    assert head == b"Subject: a Bcc: b@example.net To: c d\r\n" + WHOLE + b"\r\n"
    assert read_head(b"Subject: a\rBcc: b@example.net\n\n").recipients() == []


def test_eight_bits_stay() -> None:
    assert "Subject: тема\r\n".encode() in head_of("Subject: тема\n\n".encode())[0]
    assert b"Subject: \xf2\xe5\xec\xe0\r\n" in head_of(b"Subject: \xf2\xe5\xec\xe0\n\n")[0]


def test_a_header_section_has_a_bound() -> None:
    with pytest.raises(HeadError, match="more than"):
        read_head(b"X: y\n" * (MAX_SECTION_OCTETS // 5 + 2))
