from __future__ import annotations

import sys
import time
from types import FrameType
from typing import SupportsIndex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.mime.charset import _KNOWN
from bitrixmail.mime.content_kind import content_kind
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.html_text import html_text
from bitrixmail.mime.language import language_of
from bitrixmail.mime.parts import Body, BodyLimits, parse_body
from bitrixmail.mime.text import Guesses, decode_text

PIECES = st.sampled_from(
    [b"\r\n", b"\n", b"\r\n\r\n", b"--b", b"--bb", b"--b--", b"\r\n--b\r\n", b"\r\n--bb\r\n", b" ",
     b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: text/html\r\n",
     b'Content-Type: multipart/alternative; boundary="bb"\r\n', b"Content-Type: message/rfc822\r\n",
     b"Content-Type: multipart/digest; boundary=b\r\n", b"Content-Type: multipart/x\r\n",
     b"Content-Type: text/plain; charset=utf-16\r\n", b"Content-Type: a/b; name=x\r\n",
     b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n",
     b"Content-Transfer-Encoding: quoted-printable\r\n", b"Content-Disposition: attachment; filename=",
     b"=?utf-8?B?0J8=?=", b"PK\x03\x04", b"PK\x01\x02", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"MZ\x00",
     b"0J8=", b"=", b"=D0=9F", b"=\r\n", b"<p hidden>", b"<a href='", b"'>", b"<!--", b"-->", b"&#",
     b"<script>", b"</", b">", b'"', b"\xd0\x9f", b"\xcf\xf0\xe8\xe2\xe5\xf2", b"\xff", b"\x00", b"M" * 60,
     b"begin 644 x\r\n", b"<?xml", b"#!", b"the and of "]
)  # fmt: skip
OCTETS = st.one_of(st.binary(max_size=400), st.lists(PIECES, max_size=60).map(b"".join))
LIMITS = st.builds(
    BodyLimits,
    max_parts=st.integers(0, 9),
    max_depth=st.integers(0, 4),
    max_text_octets=st.integers(0, 99),
    max_html_octets=st.integers(0, 99),
    max_delimiters=st.integers(0, 20),
    max_head_octets=st.integers(0, 99),
)


@settings(deadline=None, max_examples=300)
@given(OCTETS, st.one_of(st.just(BodyLimits()), LIMITS))
def test_any_octets_are_a_body(octets: bytes, limits: BodyLimits) -> None:
    body = parse_body(octets, HeaderSection.parse(octets), limits)
    assert len(body.attachments) <= max(1, limits.max_parts)
    assert sum(each.size_octets for each in body.attachments) <= len(octets)
    assert body.charset == body.charset.lower()
    assert "\x00" not in html_text(body.text)
    body.text.encode()  # no lone surrogates
    language_of(body.text)


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_any_header_section_belongs_to_any_body(octets: bytes) -> None:
    parse_body(octets[: len(octets) // 2], HeaderSection.parse(octets))


@settings(deadline=None, max_examples=100)
@given(OCTETS, st.sampled_from(sorted(_KNOWN)))
def test_any_octets_are_text_of_any_charset(octets: bytes, charset: str) -> None:
    for is_html in (False, True):
        decode_text(octets, charset, Guesses(2), is_html=is_html)[0].encode("utf-8", "strict")


@settings(deadline=None, max_examples=100)
@given(OCTETS, OCTETS)
def test_any_octets_are_of_some_kind(head: bytes, elsewhere: bytes) -> None:
    content_kind(head, lambda _offset, size: elsewhere[:size], len(head))


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=200))
def test_any_text_is_of_some_language_or_none(text: str) -> None:
    assert len(language_of(text)) in (0, 2)


def test_guesses_at_charsets_are_few() -> None:
    name = b"caf\xe9 \xdf\xf0" * 20
    piece = b"--b\nContent-Disposition: x; filename=%b\n\n%b\n" % (name, name * 4)
    message = b"Content-Type: multipart/mixed; boundary=b\n\n" + piece * 199
    headers = HeaderSection.parse(message)
    guesses = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal guesses
        guesses += event == "call" and frame.f_code.co_name == "guess_charset"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        body = parse_body(message, headers)
    finally:
        sys.setprofile(before)
    assert guesses == BodyLimits().max_guesses
    assert body.attachments[-1].name.startswith("caf\xe9")


class Counted(bytes):
    """Octets that count how many of them were searched or copied."""

    work = 0

    def __getitem__(self, key: SupportsIndex | slice) -> bytes:  # type: ignore[override]  # slices only
        found = super().__getitem__(key)
        assert isinstance(found, bytes)
        self.work += len(found)
        return found

    def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]  # as we call it
        stop = len(self) if end is None else end
        found = super().find(sub, start, stop)
        self.work += max(0, (found if found >= 0 else min(stop, len(self))) - start)
        return found

    def count(self, sub: bytes, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]  # as we call it
        stop = len(self) if end is None else end
        self.work += stop - start
        return super().count(sub, start, stop)


def nested(depth: int) -> bytes:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )
    return head + b"\r\n"


MULTIPART = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
HOSTILE = {
    "parts without an empty line": (MULTIPART, b"--b\nX: y\n"),
    "empty parts": (MULTIPART, b"--b\n\n"),
    "almost delimiters": (MULTIPART + b"--b\n\n", b"--bb\n"),
    "delimiters without an end": (MULTIPART, b"\n--b" + b" " * 70),
    "deep": (nested(19), b"\n--b1x\n--b"),
    "deep, and no line": (nested(19), b"--b18"),
    "multiparts": (MULTIPART, b"--b\nContent-Type: multipart/mixed; boundary=b\n\n"),
    "opened and closed": (MULTIPART, b"--b\nContent-Type: multipart/x; boundary=c\n\n--c--\n"),
    "base64": (
        b"Content-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\n",
        b"=A" * 30 + b"\n",
    ),
    "quoted": (b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"=\r\r=\n== ="),
    "uuencode": (b"Content-Transfer-Encoding: x-uuencode\r\n\r\n", b"begin 644 \n`\n"),
    "8bit": (b"\r\n", b"\xff\xd0 --"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_each_octet_is_looked_at_a_few_times(name: str) -> None:
    head, piece = HOSTILE[name]
    message = Counted(head + piece * (3_000_000 // len(piece)))
    body = parse_body(message, HeaderSection.parse(bytes(message)))
    heads = 201 * (BodyLimits().max_head_octets + 300)  # each part's header section, cut
    assert message.work < 5 * len(message) + heads
    assert isinstance(body, Body)


PAGES = (
    "<a>", "<a ", '<a b="', "<a b='x' ", "<!--", "<!-- --", "<![if ", "</", "</é", "<script>",
    "<style></style", "&#" + "9" * 50, "&#0000000", "&amp", "&" + "a" * 40, "<p hidden>", "<div>",
    "<div hidden><td>", "<td></p>", "<p></div>", '="', "<", "<?", "<title", "<a href=x>", "\x00",
    '<a b=" = ', "<a" + " " * 50, "<img alt='<", "<a =", "<a/", "<b style='display:none'></i>",
)  # fmt: skip


@pytest.mark.parametrize("piece", PAGES)
def test_a_page_twice_as_long_is_twice_the_work(piece: str) -> None:
    def work(octets: int) -> int:
        calls = 0

        def note(*_: object) -> None:
            nonlocal calls
            calls += 1

        page = piece * (octets // len(piece))
        before = sys.getprofile()
        sys.setprofile(note)
        try:
            html_text(page)
        finally:
            sys.setprofile(before)
        return calls

    assert work(20_000) <= 2 * work(10_000) + 200
    # What the calls do is not counted: in the square of the length it would be minutes.
    started = time.thread_time()
    html_text(piece * (BodyLimits().max_html_octets // len(piece)))
    assert time.thread_time() - started < 1.5
