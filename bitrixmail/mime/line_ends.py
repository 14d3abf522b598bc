"""Line ends of mail that lay in files, made CRLF piece by piece (RFC 5322 §2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def with_crlf(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Turn bare CR and bare LF into CRLF and end the last line; no octets stay none.

    Works in any cuts: what comes out does not depend on where the pieces end.
    """
    held = False
    ended = True
    for piece in pieces:
        given = b"\r" + piece if held else piece
        held = given.endswith(b"\r")
        lines = given[:-1] if held else given
        if lines:
            ended = lines.endswith((b"\n", b"\r"))
            yield lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if held or not ended:
        yield b"\r\n"


def with_lf(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Turn CRLF into LF, as files of mail have it on Unix; works in any cuts."""
    held = False
    for piece in pieces:
        given = b"\r" + piece if held else piece
        held = given.endswith(b"\r")
        lines = given[:-1] if held else given
        if lines:
            yield lines.replace(b"\r\n", b"\n")
    if held:
        yield b"\r"
