from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitrixmail.access.top import Top

MESSAGE = b"A: b\r\nC: d\r\n\r\none\r\ntwo\r\n\r\nfour\r\n"


def taken(lines: int, *chunks: bytes) -> bytes:
    top = Top(lines)
    return b"".join(top.take(chunk) for chunk in chunks)


@pytest.mark.parametrize(
    ("lines", "beginning"),
    [
        (0, b"A: b\r\nC: d\r\n\r\n"),
        (1, b"A: b\r\nC: d\r\n\r\none\r\n"),
        (3, b"A: b\r\nC: d\r\n\r\none\r\ntwo\r\n\r\n"),
        (4, MESSAGE),
        (5, MESSAGE),
        (10**10 - 1, MESSAGE),
    ],
)
def test_so_many_lines_of_the_body(lines: int, beginning: bytes) -> None:
    assert taken(lines, MESSAGE) == beginning


@given(st.integers(0, 6), st.lists(st.sampled_from([b"a", b"\r\n", b"\r\n\r\n"])), st.data())
def test_the_cuts_do_not_matter(lines: int, parts: list[bytes], data: st.DataObject) -> None:
    message = b"".join(parts)
    cut = data.draw(st.integers(0, len(message)))
    whole = taken(lines, message)
    assert taken(lines, message[:cut], message[cut:]) == whole
    assert taken(lines, *(message[at : at + 1] for at in range(len(message)))) == whole
    assert message.startswith(whole)


def test_it_knows_when_no_more_is_needed() -> None:
    top = Top(1)
    top.take(b"A: b\r\n\r")
    assert not top.done
    top.take(b"\none\r\ntwo\r\n")
    assert top.done
    assert top.take(b"three\r\n") == b""
