"""The relaxed forms of DKIM, held against those of dkimpy."""

from __future__ import annotations

from random import Random

import pytest
from dkim.canonicalization import Relaxed

from bitrixmail.mime.canonical import RelaxedBody, relaxed_field

PIECES = (
    b"a",
    b"word",
    b" ",
    b"  ",
    b"\t",
    b" \t ",
    b"\r\n",
    b"\r\n\r\n",
    b"\r",
    b" \r\n",
    b"\xd0\xb8",
)


def relaxed(*chunks: bytes) -> bytes:
    taken: list[bytes] = []
    body = RelaxedBody(taken.append)
    for chunk in chunks:
        body.feed(chunk)
    body.close()
    return b"".join(taken)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # RFC 6376 §3.4.5
        (b"", b""),
        (b"\r\n\r\n\r\n", b""),
        (b" \t\r\n \r\n", b""),
        (b"no end", b"no end\r\n"),
        (b"no end \t", b"no end\r\n"),
        (b"a\r\n \t", b"a\r\n"),
        (b"a\r", b"a\r\r\n"),
        (b"\r\n\r\na\r\n", b"\r\n\r\na\r\n"),
        (b"a\tb\r\n", b"a b\r\n"),
    ],
)
def test_bodies(body: bytes, expected: bytes) -> None:
    assert relaxed(body) == expected
    assert relaxed(*(body[at : at + 1] for at in range(len(body)))) == expected


def test_any_body_in_any_chunks_is_as_dkimpy_has_it() -> None:
    random = Random(4)
    for _ in range(600):
        body = b"".join(random.choices(PIECES, k=random.randrange(1, 14))) + b"\r\n"
        chunks, rest = [], body
        while rest:
            cut = random.randrange(1, 6)
            chunks.append(rest[:cut])
            rest = rest[cut:]
        assert relaxed(*chunks) == Relaxed.canonicalize_body(body), (body, chunks)


def test_any_field_is_as_dkimpy_has_it() -> None:
    random = Random(5)
    pieces = (b"a", b"word", b" ", b"\t", b"\r\n ", b"\r\n\t", b"=?x?=", b"\xff")
    for _ in range(300):
        value = b"".join(random.choices(pieces, k=random.randrange(9)))
        ((name, expected),) = Relaxed.canonicalize_headers([(b"Subject", value + b"\r\n")])
        assert relaxed_field(b"subject", value + b"\r") == name + b":" + expected


@pytest.mark.parametrize("run", [b"\r\n", b" ", b"\t", b" \r\n", b"x", b"x\r\n"])
def test_little_is_kept_however_long_a_run(run: bytes) -> None:
    given = 0

    def take(piece: bytes) -> None:
        nonlocal given
        given += len(piece)
        assert len(piece) <= 9000

    body = RelaxedBody(take)
    body.feed(b"start\r\n")
    for _ in range(500):
        body.feed(run * (4096 // len(run)))
        assert len(body._held) <= 2
    body.feed(b"end")
    body.close()
    if run == b"\r\n":
        assert given == 500 * 4096 + len(b"start\r\n") + len(b"end\r\n")


def test_blank_lines_inside_take_no_more_than_others() -> None:
    # As time is not measured here: a search that begins anew at each line would take minutes.
    body = b"a" + b"\r\n" * 200_000 + b"b\r\n"
    assert relaxed(body) == body
