from __future__ import annotations

import pytest

from bitrixmail.wire.lines import Line, LineBuffer, LineFault


def lines(*chunks: bytes, max_octets: int = 64) -> list[Line]:
    buffer = LineBuffer(max_octets)
    found = []
    for chunk in chunks:
        buffer.feed(chunk)
        while (line := buffer.next()) is not None:
            found.append(line)
    return found


def test_a_line_ends_at_crlf() -> None:
    assert lines(b"NOOP\r\nQUIT\r\nHE") == [Line(b"NOOP"), Line(b"QUIT")]


@pytest.mark.parametrize(
    "stream",
    [
        b"NOOP\r\n\r\nEHLO x\r\n",
        b"A\rB\r\nC\0D\r\nE\nF\r\nG\r\n",
        b"A\r\r\nB\n\nC\r\n\nD\r\nE\r\n",
        b"x" * 30 + b"\r\nQUIT\r\n",
        b"x" * 15 + b"\nQUIT\r\nNOOP\r\n",
        b"x" * 15 + b"\r\r\nQUIT\r\n",
    ],
)
def test_how_the_stream_is_cut_does_not_matter(stream: bytes) -> None:
    whole = lines(stream, max_octets=16)
    for size in range(1, len(stream)):
        cut = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert lines(*cut, max_octets=16) == whole


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        (b"A\rB\r\n", LineFault.BARE_CR),
        (b"AB\r\r\n", LineFault.BARE_CR),
        (b"A\0B\r\n", LineFault.NUL),
        (b"AB\n", LineFault.BARE_LF),
        (b"\n", LineFault.BARE_LF),
    ],
)
def test_faults_are_named(stream: bytes, fault: LineFault) -> None:
    assert next(line.fault for line in lines(stream, b"NEXT\r\n")) is fault


def test_nothing_behind_a_bare_lf_is_clean_before_the_next_crlf() -> None:
    found = lines(b"NOOP\nMAIL FROM:<a@b>\r\nQUIT\r\n")
    assert [line.fault for line in found] == [LineFault.BARE_LF, LineFault.BARE_LF, None]


def test_a_client_that_sends_only_lf_gets_a_line_each_time() -> None:
    assert len(lines(b"EHLO x\n", b"QUIT\n")) == 2


@pytest.mark.parametrize(("length", "fault"), [(14, None), (15, LineFault.TOO_LONG)])
def test_the_limit_counts_the_line_end(length: int, fault: LineFault | None) -> None:
    line = b"x" * length + b"\r\n"
    assert [found.fault for found in lines(line, max_octets=16)] == [fault]
    assert [found.fault for found in lines(line[:-1], b"\n", max_octets=16)] == [fault]


def test_a_too_long_line_is_reported_once_and_held_in_flat_memory() -> None:
    buffer = LineBuffer(16)
    for _ in range(1000):
        buffer.feed(b"x" * 1000)
        assert buffer.next() is None
        assert buffer.pending <= 16
    buffer.feed(b"\r\nNOOP\r\n")
    assert buffer.next() == Line(b"", LineFault.TOO_LONG)
    assert buffer.next() == Line(b"NOOP")
    assert buffer.next() is None


def test_drain_gives_back_what_was_not_taken_and_forgets_how_it_began() -> None:
    buffer = LineBuffer(16)
    buffer.feed(b"DATA\r\nabc")
    assert buffer.next() == Line(b"DATA")
    assert (buffer.pending, buffer.drain(), buffer.pending) == (3, b"abc", 0)
    buffer.feed(b"x" * 20)
    assert buffer.next() is None
    assert buffer.drain() == b""
    buffer.feed(b"NOOP\r\n")
    assert buffer.next() == Line(b"NOOP")
