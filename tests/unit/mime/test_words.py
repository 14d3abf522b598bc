from __future__ import annotations

import time

import pytest

from bitrixmail.mime.words import decode_words


def undeclared(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?B?0J/RgNC40LLQtdGC?=", "Привет"),
        (b"=?UTF-8?q?caf=C3=A9_au_lait?=", "café au lait"),
        (b"=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        (b"=?utf-8?Q?a?=\t  =?koi8-r?Q?=C1?=", "aа"),
        (b"=?utf-8?Q?a?= x =?utf-8?Q?b?=", "a x b"),
        (b"x=?utf-8?Q?a?=y", "xay"),
        # a letter cut in two, in one encoding and across both
        (b"=?utf-8?B?0A==?= =?utf-8?B?nw==?=", "П"),
        (b"=?utf-8?B?0A==?= =?utf-8?Q?=9F?=", "П"),
        # broken ones
        (b"=?utf-8?B?0J/RgNC40LLQtdGC", "=?utf-8?B?0J/RgNC40LLQtdGC"),
        (b"=?utf-8?B?0J_8?=", "П"),
        (b"=?utf-8?B?0J8?=", "П"),
        (b"=?utf-8?B?YQ==YQ==?=", "aa"),
        (b"=?utf-8?B?Y W Jj?=", "abc"),
        (b"=?utf-8?Q?100=_sure=ZZ?=", "100= sure=ZZ"),
        (b"=?utf-8?Q?What? yes?=", "What? yes"),
        (b"=?utf-8?Q?=FF?=", "�"),
        (b"=?utf-8?Q??=", ""),
        (b"=?no-such?Q?caf=C3=A9?=", "café"),
        (b"=?utf-16?B?AA==?=", "\ufffd"),
        (b"=?utf-8*en?Q?a?=", "a"),
        ("сырой =?utf-8?Q?a?=".encode(), "сырой a"),
    ],
)
def test_words(value: bytes, text: str) -> None:
    assert decode_words(value, undeclared) == text


@pytest.mark.parametrize("piece", [b"=?a?q?x", b"=?a?q?", b"=?", b"=?utf-8?Q?a?= ", b"=?a?q??x"])
def test_work_grows_with_the_length_only(piece: bytes) -> None:
    began = time.thread_time()
    decode_words(piece * 20_000, undeclared)
    assert time.thread_time() - began < 2
