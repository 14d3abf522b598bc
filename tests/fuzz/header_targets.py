"""Header sections, and the fields within them."""

from __future__ import annotations

import re
from collections.abc import Hashable

from bitrixmail.mime.addresses import MAX_ADDRESSES, parse_addresses
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parameters import parse_parameters
from bitrixmail.mime.stored_marks import from_head, mark_fields
from bitrixmail.mime.trace_fields import count_hops
from bitrixmail.rules.address_facts import spellings
from bitrixmail.rules.header_facts import all_fields, list_ids, priority_of
from bitrixmail.rules.times import date_of
from tests.fuzz.target import Target, size_class

ENCODED = (
    b"=?", b"?=", b"=?utf-8?B?", b"=?UTF-8?q?", b"=?utf-16?Q?", b"=?koi8-r?B?", b"=?utf-7?Q?+AAA-?=",
    b"=?unicode_escape?q?=5Cx41?=", b"=?idna?q?xn--?=", b"=?iso-2022-jp?B?GyRC?=", b"=?utf-32?B?", b"?q?", b"?B?",
    b"=?utf-8*ru?B?0J8=?=", b"0J8=", b"=D0", b"=D0=9F", b"=?hz?q?~{", b"=?zlib?B?eJw=?=", b"_", b"=?gb18030?B?",
)  # fmt: skip
FIELDS = (
    b"Subject: ", b"From: ", b"To: ", b"Cc: ", b"Date: ", b"Received: ", b"List-Id: ", b"X-Priority: ",
    b"Content-Type: ", b"text/plain; charset=", b"koi8-r", b"windows-1251", b"utf-8", b"Importance: ",
    b"Status: ", b"X-Status: ", b"X-Keywords: ", b"X-Mozilla-Status: ", b"Return-Path: ",
)  # fmt: skip
_MARKS = (
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b"\r\n ",
    b"\r\n\r\n",
    b"\0",
    b"\xd0\x9f",
    b"\xcf\xf0\xe8",
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SECTION = b"""\
Received: from a.example (a.example [192.0.2.1]) by b.example; Mon, 1 Jan 2024 10:00:00 +0300\r
From: =?koi8-r?B?6dfBzg==?= <a@example.org>\r
To: "B, C" <b@example.org>,\r
 undisclosed:;\r
Subject: =?utf-8?B?0J/RgNC40LLQtdGC?=\r
List-Id: news <news.example.org>\r
X-Priority: 1 (Highest)\r
Date: Mon, 01 Jan 2024 10:00:00 +0300\r
Content-Type: text/plain; charset=windows-1251\r
\r
text\r
"""


def _assert_text(text: str) -> None:
    """Check that what a field says is one line that can be stored."""
    assert _CONTROL.search(text) is None, text
    text.encode("utf-8", "strict")


def _headers(octets: bytes) -> Hashable:
    section = HeaderSection.parse(octets)
    assert 0 <= section.end <= len(octets)
    texts = all_fields(section)
    assert len(texts) == len(section)
    assert sum(map(len, texts)) <= 4 * len(octets) + 2 * len(texts)
    for text in texts:
        _assert_text(text)
    for name, value in section.fields():
        assert b"\n" not in value
        assert section.count(name.decode("ascii", "replace")) or not name.isascii()
    date = date_of(section.text("date"))
    ids, priority = list_ids(section), priority_of(section)
    hops = count_hops(section)
    rest, marks = from_head(octets[: section.end])
    assert len(rest) <= section.end
    # what is written of marks is read again
    assert from_head(mark_fields(marks.flags, marks.tags))[1].tags == marks.tags
    return (
        size_class(len(texts)),
        size_class(len(section.text("subject"))),
        len(section.text("subject")) == len(section.first("subject") or b""),
        date is not None,
        len(ids),
        priority,
        min(hops, 3),
        len(marks.flags),
        size_class(len(marks.tags)),
        section.end == len(octets),
    )


def headers() -> Target:
    """The header section of a message, and all that is made of it for rules."""
    return Target(
        "headers",
        _headers,
        seeds=(
            _SECTION,
            b"Subject: \xcf\xf0\xe8\xe2\xe5\xf2\n\n",
            b"Status: RO\nX-Status: AF\nX-Keywords: work $Junk\nX-Mozilla-Status: 0001\n\n",
        ),
        words=(*FIELDS, *ENCODED, *_MARKS),
        max_octets=500,
    )


def _addresses(value: bytes) -> Hashable:
    section = HeaderSection.parse(b"")
    value = value.replace(b"\r", b"").replace(b"\n", b"")
    found = parse_addresses(value, section.decode)
    assert len(found) <= MAX_ADDRESSES
    assert len(found) <= value.count(b",") + value.count(b";") + 1
    for each in found:
        assert each.name or each.address
        _assert_text(each.name + each.address)
        assert len(spellings(each.address)) <= 2
    few = parse_addresses(value, section.decode, 2)
    assert few == found[:2]
    return (
        size_class(len(found)),
        tuple((bool(each.name), each.address.count("@")) for each in found[:3]),
        tuple(size_class(len(each.name)) for each in found[:2]),
    )


def addresses() -> Target:
    """Address fields (RFC 5322 §3.4), encoded words in them, domains in letters."""
    return Target(
        "addresses",
        _addresses,
        seeds=(
            b'"Ivan, I." <ivan@example.org>, (comment) b@example.org (B)',
            b"group: a@example.org, b@example.org;, <@route:c@example.org>",
            "Иван <ivan@пример.рф>, x@xn--e1afmkfd.xn--p1ai".encode(),
            b"=?utf-8?B?0J/RgNC40LLQtdGC?= <a@example.org>",
        ),
        words=(
            b"<", b">", b"(", b")", b'"', b"\\", b",", b";", b":", b"@", b".", b" ", b"a@b.example", b"xn--",
            b"xn--p1ai", "пример.рф".encode(), "。".encode(), b"a\\(b", b'"a b"@c', b"\xff", b"\0", *ENCODED[:8],
        ),
        max_octets=300,
    )  # fmt: skip


def _parameters(value: bytes) -> Hashable:
    token, found = parse_parameters(value)
    assert token == token.lower()
    assert len(found) <= 100
    for name, text in found.items():
        assert name == name.lower()
        assert len(text) <= 2 * len(value)
        text.encode("utf-8", "strict")
    return (
        size_class(len(found)),
        tuple((name[:4], size_class(len(text)), text.isascii()) for name, text in found.items())[
            :3
        ],
        "/" in token,
    )


def parameters() -> Target:
    """Parameters of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2231)."""
    return Target(
        "parameters",
        _parameters,
        seeds=(
            b'text/plain; charset="utf-8"; format=flowed',
            b"attachment; filename*0*=koi8-r'ru'%F0%F2; filename*1=x; filename*2*=%20.pdf",
            b"attachment; filename*=UTF-8''%D0%9F; filename=\"a\\\"b.txt\"",
            b"multipart/mixed; boundary=\"a'b(c)\"",
        ),
        words=(
            b";", b"=", b'"', b"\\", b"*", b"*0", b"*0*=", b"*1*=", b"*1=", b"*99*=", b"*100=", b"filename", b"name",
            b"charset", b"boundary", b"''", b"'", b"utf-8", b"utf-16", b"utf-7", b"koi8-r", b"%D0%9F", b"%", b"%0",
            b"%00", b" ", b"\t", b"\r\n ", b"\xd0\x9f", b"\xff", b"x" * 80, b"idna''", b"unicode_escape''%5Cud800",
            b"utf-32-be''", b"\0",
        ),
        max_octets=400,
    )  # fmt: skip
