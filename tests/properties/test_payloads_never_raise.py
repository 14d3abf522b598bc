"""Whatever a message is made of, it can be told: a call that can't be written would never go out."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bitrixmail.mime.reply_text import reply_text
from bitrixmail.outbound.actions.payloads import PAYLOADS
from bitrixmail.rules.fill import NAMES
from tests.unit.outbound.test_payloads import MIXED, TERMS, letter

PIECES = st.sampled_from(
    [MIXED[:120], MIXED[120:400], MIXED[400:], b"\r\n\r\n", b"--=-cut\r\n", b"\xff\xfe", b"=?x?b?/?=",
     b"Content-Type: text/html; charset=utf-16\r\n", b"Content-Disposition: x; filename*=utf-16''%FF",
     b"Content-Transfer-Encoding: base64\r\n", b"From: \xd8\x00, <>\r\n", b"Message-ID: <\r\n >\r\n",
     b"\0", b"Subject: =?utf-8?q?=ED=A0=80?=\r\n"]
)  # fmt: skip
OCTETS = st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=12).map(b"".join)


@settings(max_examples=60, deadline=None)
@given(OCTETS)
def test_every_format_can_tell_every_message(octets: bytes) -> None:
    told = letter(octets)
    for write in PAYLOADS.values():
        write(told, TERMS)
    json.loads(PAYLOADS["json"](told, TERMS).octets)
    for name in NAMES:
        told.value(name)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["> a", "On 1 May, Ann wrote:", "wrote:", "From: x", "To: y", "Subject: z",
                         "--", "", "text", "вт, 3 мая 2026 г. в 10:00, А <a@b.c>:"]),
        max_size=12,
    )
)  # fmt: skip
def test_of_a_text_something_is_always_left(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = reply_text(text)
    assert bool(found.text) is bool(text.strip())
