"""Addresses of domains in other alphabets: both spellings, at a bounded cost."""

from __future__ import annotations

import sys
from types import FrameType

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.rules.address_facts import _MAX_FOREIGN, AddressReader


def looked_up(field: str) -> tuple[int, tuple[str, ...]]:
    """Read a To; return how many domains were spelled anew, and what rules see."""
    reader = AddressReader(HeaderSection.parse(f"To: {field}\r\n\r\n".encode()))
    calls = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_name == "_domain_spellings"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        texts = reader.read(("to",), "").texts
        domains = reader.read(("to",), "domain").texts
    finally:
        sys.setprofile(before)
    return calls, (*texts, *domains)


def test_both_spellings_are_known_and_a_domain_is_looked_up_once() -> None:
    calls, texts = looked_up(", ".join(["a@пример.рф"] * 50 + ["b@xn--e1afmkfd.xn--p1ai"]))
    assert calls == 2
    for wanted in ("a@пример.рф", "a@xn--e1afmkfd.xn--p1ai", "b@пример.рф", "пример.рф"):
        assert wanted in texts


def test_a_flood_of_domains_costs_no_more_than_so_many() -> None:
    calls, texts = looked_up(", ".join(f"a@пример{number}.рф" for number in range(2000)))
    assert calls == _MAX_FOREIGN
    assert "a@пример1999.рф" in texts


def test_a_field_that_many_messages_have_alike_is_read_as_any_other() -> None:
    for value in (b"Anna <anna@example.org>", b"a@b, c@d", b"<>", b"", b"x" * 300 + b"@y"):
        reader = AddressReader(HeaderSection([(b"To", value)], 0))
        for part in ("", "address", "local_part", "domain", "name"):
            for _ in range(2):
                assert reader.read(("to",), part).texts == reader.gather(("to",), part).texts
        twice = AddressReader(HeaderSection([(b"To", value), (b"To", b"z@z")], 0))
        assert "z@z" in twice.read(("to",), "").texts


def test_an_encoded_word_is_read_by_what_its_own_message_says() -> None:
    word = "привет".encode("koi8-r")
    value = b"=?us-ascii?Q?" + b"".join(b"=%02X" % octet for octet in word) + b"?= <a@b>"
    texts = []
    for charset in (b"koi8-r", b"cp866"):
        declared = (b"Content-Type", b"text/plain; charset=" + charset)
        reader = AddressReader(HeaderSection([(b"To", value), declared], 0))
        texts.append(reader.read(("to",), "name").texts)
    assert texts[0] == ("привет",)
    assert texts[1] != texts[0]
