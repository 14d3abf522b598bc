"""Whether a message has a file with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.mime.enclosed import has_file
from bitrixmail.mime.headers import HeaderSection


def told(octets: bytes) -> bool:
    return has_file(octets, HeaderSection.parse(octets))


def mixed(*parts: str) -> bytes:
    body = "".join(f"--b\r\n{part}\r\n\r\nx\r\n" for part in parts)
    return f'Content-Type: multipart/mixed; boundary="b"\r\n\r\n{body}--b--\r\n'.encode()


@pytest.mark.parametrize(
    ("octets", "has"),
    [
        (b"", False),
        (b"Subject: x\r\n\r\nhello", False),
        (b"Content-Type: text/html\r\n\r\n<p>", False),
        (b"Content-Type: application/pdf\r\n\r\nx", True),
        (b"Content-Disposition: attachment\r\n\r\nx", True),
        (mixed("Content-Type: text/plain", "Content-Type: text/html"), False),
        (mixed("Content-Type: text/plain", "Content-Type: image/png"), True),
        (mixed('Content-Type: text/plain; name="a.txt"'), True),
        (mixed("Content-Type: text/plain\r\nContent-Disposition: inline; filename=a"), True),
        (mixed("Content-Type: image/png\r\nContent-ID: <a@b>"), False),
        (
            mixed(
                "Content-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Disposition: attachment"
            ),
            True,
        ),
        (mixed("Content-Type: application/pgp-signature; name=s.asc"), False),
        (mixed("Content-Type: message/rfc822"), True),
        (mixed("Content-Type: text/plain", "Content-Type: application/pdf")[:120], True),
    ],
)
def test_files_are_told_from_what_is_read(octets: bytes, has: bool) -> None:
    assert told(octets) is has


@given(st.binary(max_size=300))
def test_no_octets_break_it(octets: bytes) -> None:
    told(octets)
    told(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + octets)
