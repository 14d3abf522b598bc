from __future__ import annotations

import time

import pytest

from bitrixmail.mime.addresses import HeaderAddress, parse_addresses
from bitrixmail.mime.headers import HeaderSection

decode = HeaderSection.parse(b"").decode


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", []),
        (",, ,", []),
        ("a@b.ru", [("", "a@b.ru")]),
        ("<a@b.ru>", [("", "a@b.ru")]),
        ("<>", []),
        ("Иван <a@b.ru>", [("Иван", "a@b.ru")]),
        ('"Petrov, Ivan" <i@x.ru>, b@y.ru', [("Petrov, Ivan", "i@x.ru"), ("", "b@y.ru")]),
        ('"a \\"b\\"" <i@x>', [('a "b"', "i@x")]),
        ("i@x.ru (Ivan (P) Petrov)", [("Ivan (P) Petrov", "i@x.ru")]),
        ("(note) Ivan <i@x>", [("Ivan", "i@x")]),
        ("=?utf-8?B?0J/RgNC40LLQtdGC?= <i@x>", [("Привет", "i@x")]),
        ('"=?utf-8?B?0J/RgNC40LLQtdGC?=" <i@x>', [("Привет", "i@x")]),
        ("=?utf-8?Q?Petrov,_Ivan?= <i@x>", [("Petrov, Ivan", "i@x")]),
        ("friends: a@x, B <b@x>; c@x", [("", "a@x"), ("B", "b@x"), ("", "c@x")]),
        ("undisclosed-recipients:;", []),
        ("<@relay,@other:u@x>", [("", "u@x")]),
        ("a @ b.ru", [("", "a@b.ru")]),
        ('"john doe"@x.ru', [("", '"john doe"@x.ru')]),
        ('<"a>b"@x>', [("", '"a>b"@x')]),
        # what broken senders write
        ('"Ivan <ivan@x.ru>', [("Ivan", "ivan@x.ru")]),
        ("Ivan Petrov ivan@x.ru", [("Ivan Petrov", "ivan@x.ru")]),
        ("Ivan <ivan@x.ru", [("Ivan", "ivan@x.ru")]),
        ("Petrov, Ivan <i@x>", [("Petrov", ""), ("Ivan", "i@x")]),
        ("Ivan ( <i@x>, (old) a@b", [("Ivan", "i@x"), ("old", "a@b")]),
        ("a@b.ru; c@d.ru", [("", "a@b.ru"), ("", "c@d.ru")]),
        ('"boss@x.ru" <evil@y>', [("boss@x.ru", "evil@y")]),
    ],
)
def test_addresses(value: str, found: list[tuple[str, str]]) -> None:
    assert list(parse_addresses(value.encode(), decode)) == found


def test_an_address_is_shown_with_its_name() -> None:
    assert str(HeaderAddress("Ivan", "i@x")) == "Ivan <i@x>"
    assert str(HeaderAddress("", "i@x")) == "i@x"
    assert str(HeaderAddress("Ivan", "")) == "Ivan"


def test_the_number_of_addresses_is_bounded() -> None:
    assert len(parse_addresses(b"a@b," * 100, decode, limit=7)) == 7
    assert len(parse_addresses(b"a (x) @b," * 100, decode, limit=7)) == 7


@pytest.mark.parametrize(
    "value",
    [
        b", ".join(b'"Name %d" <user%d@example.org>' % (n, n) for n in range(20_000)),
        b"(" * 100_000,
        b'"' * 100_001,
        b'"\\' * 50_000,
        b"<" * 100_000,
        b'<"\\"' * 30_000,
        b"\\" * 100_001,
        b"@" * 100_000,
        b"a " * 50_000,
        b"=?a?q?" * 20_000,
    ],
)
def test_time_grows_with_the_length_only(value: bytes) -> None:
    began = time.thread_time()
    parse_addresses(value, decode)
    assert time.thread_time() - began < 2
