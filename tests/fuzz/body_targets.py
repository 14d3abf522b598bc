"""Bodies: the tree of parts, transfer encodings, texts of any charset, pages."""

from __future__ import annotations

from collections.abc import Hashable

from bitrixmail.mime.charset import codec_name
from bitrixmail.mime.content_kind import content_kind
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.html_text import html_text
from bitrixmail.mime.language import language_of
from bitrixmail.mime.multipart import Leaf, Multipart, SplitLimits, split_parts
from bitrixmail.mime.parts import BodyLimits, parse_body
from bitrixmail.mime.text import Guesses, decode_text
from bitrixmail.mime.transfer import Content
from tests.fuzz.target import Target, size_class

# Small, so that small inputs meet them
_LIMITS = (
    BodyLimits(),
    BodyLimits(max_parts=5, max_depth=2, max_text_octets=60, max_html_octets=30, max_guesses=1),
    BodyLimits(max_delimiters=6, max_head_octets=60, max_depth=3),
)
_MULTIPART = b"""\
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: multipart/alternative; boundary="bb"\r
\r
--bb\r
Content-Type: text/plain; charset=koi8-r\r
Content-Transfer-Encoding: quoted-printable\r
\r
=F0=D2=C9=\r
=D7\r
--bb\r
Content-Type: text/html\r
\r
<p>x<a href="http://example.org">y</a>\r
--bb--\r
--b\r
Content-Type: application/zip; name="a.zip"\r
Content-Transfer-Encoding: base64\r
Content-Disposition: attachment; filename*=utf-8''%D0%9F.zip\r
\r
UEsDBBQAAAAAAA==\r
--b--\r
"""
_NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
    for level in range(5)
)
_MIME_WORDS = (
    b"\r\n", b"\n", b"\r\n\r\n", b"--b", b"--bb", b"--b--", b"\r\n--b\r\n", b"\r\n--bb\r\n", b"\r\n--b--\r\n", b" ",
    b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: text/html\r\n", b"boundary=", b"charset=",
    b'Content-Type: multipart/alternative; boundary="bb"\r\n', b"Content-Type: message/rfc822\r\n",
    b"Content-Type: multipart/digest; boundary=b\r\n", b"Content-Type: text/plain; charset=utf-16\r\n",
    b"Content-Type: a/b; name=x\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Disposition: attachment; filename=", b"=?utf-8?B?0J8=?=", b"PK\x03\x04", b"\xd0\xcf\x11\xe0",
    b"0J8=", b"=", b"=D0=9F", b"=\r\n", b"<p hidden>", b"<!--", b"-->", b"&#", b"<script>", b"\xd0\x9f",
    b"\xcf\xf0\xe8\xe2\xe5\xf2", b"\xff", b"\0", b"begin 644 x\r\n", b"=ybegin line=128 size=9 name=x\r\n", b"=yend",
)  # fmt: skip


def _body(given: bytes) -> Hashable:
    limits = _LIMITS[given[0] % len(_LIMITS)] if given else _LIMITS[0]
    octets = given[1:]
    section = HeaderSection.parse(octets)
    body = parse_body(octets, section, limits)
    assert len(body.attachments) <= max(1, limits.max_parts)
    # base64 and the like become shorter; an estimate of uuencoded ones is never longer
    assert sum(each.size_octets for each in body.attachments) <= len(octets)
    assert len(body.text) <= 2 * len(octets) + 100
    body.text.encode("utf-8", "strict")
    assert body.charset == body.charset.lower()
    for each in body.attachments:
        each.name.encode("utf-8", "strict")
    language_of(body.text)
    split = SplitLimits(
        limits.max_parts, limits.max_depth, limits.max_delimiters, limits.max_head_octets
    )
    tree, _ = split_parts(octets, section, split)
    shape = _shape(tree, 0, len(octets), limits.max_depth)
    return (
        shape[:12],
        body.charset[:10],
        size_class(len(body.text)),
        body.complete,
        tuple(each.type for each in body.attachments[:2]),
    )


def _shape(node: Leaf | Multipart, start: int, end: int, depth: int) -> str:
    """Check that parts lie within their message, in their order and apart; draw the tree."""
    assert depth >= 0, "nested too deep"
    if isinstance(node, Leaf):
        assert start <= node.start <= node.end <= end or node.start >= end
        return node.declared_type[:1]
    drawn = "("
    assert node.parts, "a multipart without parts"
    for part in node.parts:
        drawn += _shape(part, start, end, depth - 1)
        start = part.end if isinstance(part, Leaf) else part.start
    return drawn + ")"


def body() -> Target:
    """The body of a message as rules see it."""
    return Target(
        "body",
        _body,
        seeds=(
            b"\0" + _MULTIPART,
            b"\1" + _MULTIPART,
            b"\2" + _MULTIPART,
            b"\1" + _NESTED,
            b"\0" + _NESTED + b"\r\nx\r\n--b3\r\n\r\ny\r\n--b4--\r\n--b1--\r\n",
            b"\0Subject: x\r\n\r\nplain\r\n",
            b"\0Content-Type: text/html\r\n\r\n<meta charset=windows-1251><p>\xcf\xf0\xe8\r\n",
        ),
        words=_MIME_WORDS,
        max_octets=900,
    )


def _page(given: bytes) -> Hashable:
    page = given.decode("utf-8", "replace")
    text = html_text(page)
    text.encode("utf-8", "strict")
    assert "\0" not in text
    # references become longer by a little: `&nGt;` is two letters; targets repeat what stands there
    assert len(text) <= 3 * len(page) + 10
    assert all(text.split("\n")) or not text
    return (
        size_class(len(text)),
        text.count("\n") > 1,
        min(page.count("<") - page.count(">"), 3),
        "http" in text,
        text[:1],
    )


def html() -> Target:
    """Pages, as text."""
    return Target(
        "html",
        _page,
        seeds=(
            b"<html><head><title>t</title><style>p{}</style></head><body><p>one<br>two</p></body></html>",
            b"<a href='http://example.org/?a=1&amp;b=2'>x</a><img src=x alt='y'><!-- c --><p hidden>no</p>z",
            b"<table><tr><td>a<td>b<tr><td style='display: none'>c</table>&#1055;&#x41f;&nbsp;&notit;",
        ),
        words=(
            b"<", b">", b"</", b"/>", b"<!--", b"-->", b"--!>", b"<!", b"<?", b"<a href=", b"<a ", b"'", b'"', b"=",
            b"http://x", b"<p>", b"</p>", b"<p hidden>", b"<div style='display:none'>", b"</div>", b"<script>",
            b"</script>", b"<title>", b"</title", b"<td>", b"<tr>", b"<table>", b"</table>", b"<template>", b"&#",
            b"&#x", b"&#0;", b"&#x110000;", b"&#xd800;", b"&amp", b"&lt;", b"&nbsp;", b"&notit;", b"&", b";", b"9999999999",
            b"0000000000", b"\0", b" ", b"\t", b"\n", b"\xc2\xa0", b"\xe2\x80\x8b", b"<img alt='", b"<base href=", b"cid:",
            b"javascript:", b"<iframe src=", b"<plaintext>", b"<svg/onload=", b"<![CDATA[", b"]]>",
        ),
        max_octets=400,
    )  # fmt: skip


_ENCODINGS = (b"base64", b"quoted-printable", b"uuencode", b"x-uue", b"8bit", b"binary; x", b"")
_CHARSETS = (
    "", "utf-8", "utf-16", "utf-16-le", "utf-32", "utf-7", "iso-2022-jp", "iso-2022-kr", "hz", "gb18030", "big5",
    "euc-jp", "shift_jis", "koi8-u", "windows-1251", "ibm866", "cp65001", "us-ascii", "x-unknown", "johab",
)  # fmt: skip


def _transfer(given: bytes) -> Hashable:
    encoding = _ENCODINGS[given[0] % len(_ENCODINGS)] if given else b""
    charset = _CHARSETS[given[1] % len(_CHARSETS)] if len(given) > 1 else ""
    octets = given[2:]
    section = HeaderSection.parse(b"Content-Transfer-Encoding: " + encoding)
    content = Content(octets, 0, len(octets), section)
    decoded, whole = content.first(63 * (len(octets) + 1))
    # a line of uuencoded text says its length, and is filled up if it has less
    assert len(decoded) <= len(octets) or len(decoded) <= 63 * (1 + octets.count(b"\n"))
    assert whole
    some, _ = content.first(20)
    assert decoded[:10].startswith(some[:10]) or encoding not in (b"8bit", b"")
    assert 0 <= content.size_octets() <= len(octets)
    for offset in (0, 7, len(octets), -1):
        assert len(content.at(offset, 16)) <= 16
    texts = []
    for is_html in (False, True):
        text, name = decode_text(decoded, charset, Guesses(1), is_html=is_html)
        text.encode("utf-8", "strict")
        assert len(text) <= 4 * len(decoded) + 4
        texts.append(name)
    kind = content_kind(decoded, content.at, content.size_octets())
    return (encoding, charset, kind, texts[0], codec_name(charset), size_class(len(decoded)))


def transfer() -> Target:
    """Transfer encodings, charsets and kinds of files."""
    return Target(
        "transfer",
        _transfer,
        seeds=(
            b"\0\0UHJpdmV0\r\nUHJpdmV0==\r\n", b"\1\1=D0=9F=\r\n=D1\r\n", b"\2\0begin 644 x\r\n#0V%T\r\n`\r\nend\r\n",
            b"\4\0PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/epub+zip", b"\4\2\xff\xfe1\0",
            b"\4\0\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 60, b"\4\0<?xml version='1.0'?><!-- x --><svg>",
            b"\4\x06\x1b$B4A\x1b(B", b"\4\x08~{<:Ky~}", b"\4\0MZ\0", b"\4\0#!/bin/sh\n",
        ),
        words=(
            b"=", b"==", b"\r\n", b"\n", b"=\r\n", b"=D0", b"=xx", b"AAAA", b"A", b"begin 644 x\r\n", b"`\r\n", b"end\r\n",
            b"M" * 61, b"#0V%T", b"\x1b$B", b"\x1b(B", b"\x1b$)C", b"\x0e", b"\x0f", b"~{", b"~}", b"\xff\xfe", b"\xfe\xff",
            b"\xd8\x00", b"\x00\xd8", b"PK\x03\x04", b"PK\x01\x02", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<!--", b"-->",
            b"<html>", b"\xef\xbb\xbf", b"ftypheic", b"RIFF", b"ustar", b"\x84\x31\xa4\x37", b"\x81", b"=ybegin ", b"=yend",
        ),
        max_octets=500,
    )  # fmt: skip
