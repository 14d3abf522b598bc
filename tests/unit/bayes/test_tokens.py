"""What a message is counted by."""

from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.bayes.lesson import lesson_of
from bitrixmail.bayes.tokens import MAX_TOKENS, hash_of, tokens_of
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import parse_body


def tokens(text: str | bytes) -> set[str]:
    octets = text.encode() if isinstance(text, str) else text
    octets = octets.replace(b"\n", b"\r\n")
    headers = HeaderSection.parse(octets)
    found = tokens_of(headers, parse_body(octets, headers))
    assert len(found) == len(set(found)) <= MAX_TOKENS
    return set(found)


def test_a_word_is_told_by_where_it_stands() -> None:
    found = tokens("From: Ann <ann@shop.example>\nSubject: Cheap watches\n\nCheap, truly.\n")
    assert {"cheap", "truly", "subject:cheap", "subject:cheap watches"} <= found
    assert {"from:ann@shop.example", "from:@shop.example", "from:@example", "from:ann"} <= found
    assert "watches" not in found


def test_russian_is_folded_and_e_with_dots_is_e() -> None:
    body = base64.encodebytes("Счёт ЕЩЁ Ещё".encode("windows-1251")).decode()
    head = "Content-Type: text/plain; charset=windows-1251\nContent-Transfer-Encoding: base64\n"
    found = tokens(
        f"Subject: =?koi8-r?B?{base64.b64encode('Счёт'.encode('koi8-r')).decode()}?=\n{head}\n{body}"
    )
    assert {"subject:счет", "счет", "еще"} <= found
    assert not {"ещё", "счёт"} & found


def test_tricks_that_hide_a_word_do_not() -> None:
    found = tokens(
        "Subject: v\u200bi\u00adagra\n\n\uff43\uff41\uff53\uff49\uff4e\uff4f kре\u0434\u0438\u0442\n"
    )
    assert {"subject:viagra", "trick:unseen", "casino", "trick:mixed alphabets"} <= found


def test_html_is_read_as_it_is_seen_and_its_links_are_followed() -> None:
    page = (
        "Content-Type: text/html\n\n<p>vi<b>ag</b>ra<!-- lunch --></p>"
        "<p style='display:none'>meeting</p>"
        "<a href='http://user@www.pills.example:81/buy/now?x=%41'>shop</a>\n"
    )
    found = tokens(page)
    assert {"viagra", "shop", "url:pills.example", "url:(user)", "url:(port 81)"} <= found
    assert {"url:(escaped)", "url/buy"} <= found
    assert not {"lunch", "meeting"} & found


def test_what_hosts_add_on_the_way_changes_nothing() -> None:
    letter = "From: a@b.example\nSubject: hello\nMessage-ID: <1@b.example>\n\nlunch today\n"
    trace = "Return-Path: <a@b.example>\nDelivered-To: x@y.example\nX-Spam-Status: No\n"
    trace += "Received: from z.example by mx (bitrixmail) with ESMTP id 1\n"
    assert tokens(letter) == tokens(trace + letter)
    here, there = (
        lesson_of(text.replace("\n", "\r\n").encode(), spam=True)
        for text in (letter, trace + letter)
    )
    assert here == there
    other = lesson_of(letter.replace("lunch", "dinner").encode(), spam=True)
    assert other.digest != here.digest


def test_a_word_without_end_is_no_token_of_its_own() -> None:
    found = tokens("Subject: x\n\n" + "a" * 1000 + "\n")
    assert "long:a100" in found
    assert max(map(len, found)) < 100


def test_a_hash_has_64_bits_and_stays_what_it_is() -> None:
    assert hash_of("subject:счет") == 5824551702715681468
    assert -(2**63) <= hash_of("x") < 2**63
    assert len({hash_of(f"{number}") for number in range(10_000)}) == 10_000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600))
def test_nothing_raises(octets: bytes) -> None:
    tokens(b"From: a\nSubject: b\n\n" + octets)
    tokens(octets)
