"""What readers are told of a hostile content: every variant, at every place where it is cut."""

from __future__ import annotations

import pytest

from bitrixmail.wire.dots import DotStuffer
from tests.attacks.reference import read_data, stuffed
from tests.attacks.sessions import SECOND
from tests.attacks.test_smuggling import VARIANTS, in_three, in_two, octet_by_octet


def told(pieces: tuple[bytes, ...]) -> bytes:
    stuffer = DotStuffer()
    return b"".join(map(stuffer.feed, pieces)) + stuffer.finish()


@pytest.mark.parametrize("before", [b"", b"first", b"first\r\n", b"." * 64])
def test_no_variant_ends_a_reply(before: bytes) -> None:
    for variant in (b"\r\n.\r\n", b".\r\n", *VARIANTS):
        content = before + variant + SECOND
        said = stuffed(content)
        assert read_data(said) == (content, b"")
        for pieces in ((content,), octet_by_octet(content), *in_two(content)):
            assert told(pieces) == said, pieces
        short = before[:8] + variant + b".\r\n"
        for pieces in in_three(short):
            assert told(pieces) == stuffed(short), pieces
