from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.wire.dots import DotStuffer

PARTS = st.lists(st.sampled_from([b".", b"\r\n", b"\r", b"\n", b"a", b"\r\n.", b"\r\n.\r\n"]))


def stuffed(*chunks: bytes) -> bytes:
    stuffer = DotStuffer()
    return b"".join(stuffer.feed(chunk) for chunk in chunks) + stuffer.finish()


def unstuffed(told: bytes) -> bytes:
    """Read it as a client does: up to the dot, without the doubled ones."""
    lines = told.split(b"\r\n")
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""]
    return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:end])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", b".\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n", b"a\r\n..\r\n.\r\n"),
        (b"a\r\n..b\r\n", b"a\r\n...b\r\n.\r\n"),
        (b"a.\r\n", b"a.\r\n.\r\n"),
        (b"a\n.\r\n", b"a\n.\r\n.\r\n"),
        (b"\r\n", b"\r\n.\r\n"),
        (b"a\r", b"a\r\r\n.\r\n"),
    ],
)
def test_dots_at_the_start_of_lines_are_doubled(content: bytes, told: bytes) -> None:
    assert stuffed(content) == told
    assert stuffed(*(content[at : at + 1] for at in range(len(content)))) == told


@given(PARTS, st.data())
def test_the_cuts_do_not_matter(parts: list[bytes], data: st.DataObject) -> None:
    content = b"".join(parts)
    first = data.draw(st.integers(0, len(content)))
    second = data.draw(st.integers(first, len(content)))
    assert stuffed(content[:first], content[first:second], content[second:]) == stuffed(content)


@given(PARTS)
def test_the_peer_reads_what_was_meant(parts: list[bytes]) -> None:
    content = b"".join(parts)
    whole = content if not content or content.endswith(b"\r\n") else content + b"\r\n"
    assert unstuffed(stuffed(content)) == whole
