"""Octets to events: lines, content, chunks, and back."""

from __future__ import annotations

from bitrixmail.smtp.content import ContentRules, Inspector
from bitrixmail.smtp.wire import Chunk, End, Event, Wire
from bitrixmail.wire.lines import Line


def inspector() -> Inspector:
    return Inspector(ContentRules(0, 0))


def events(wire: Wire) -> list[Event]:
    found = []
    while (event := wire.next()) is not None:
        found.append(event)
    return found


def test_nothing_is_parsed_ahead_of_what_was_asked_for() -> None:
    wire = Wire(100)
    wire.feed(b"DATA\r\nNOOP\r\n.\r\nQUIT\r\n")
    assert wire.next() == Line(b"DATA")
    wire.begin_data(inspector())
    assert wire.in_content
    assert events(wire) == [Chunk(b"NOOP\r\n"), End.DATA, Line(b"QUIT")]
    assert not wire.in_content
    assert wire.pending == 0


def test_an_end_holds_until_it_is_taken() -> None:
    wire = Wire(100)
    wire.begin_data(inspector())
    wire.feed(b"x\r\n.\r\nNO")
    assert wire.next() == Chunk(b"x\r\n")
    assert wire.in_content
    wire.feed(b"OP\r\n")
    assert events(wire) == [End.DATA, Line(b"NOOP")]


def test_empty_content_has_no_chunk() -> None:
    wire = Wire(100)
    wire.begin_data(inspector())
    wire.feed(b".\r\n")
    assert events(wire) == [End.DATA]


def test_one_dot_is_taken_from_each_line_that_begins_with_one() -> None:
    wire = Wire(100)
    wire.begin_data(inspector())
    wire.feed(b"..a\r\n.b\r\nc.\r\n...\r\n.\r\n")
    assert events(wire) == [Chunk(b".a\r\nb\r\nc.\r\n..\r\n"), End.DATA]


def test_a_chunk_has_so_many_octets() -> None:
    wire = Wire(100)
    wire.feed(b"BDAT 8\r\n.\r\nab\r\n.\r\nNOOP\r\n")
    assert wire.next() == Line(b"BDAT 8")
    wire.begin_chunk(8, inspector())
    assert events(wire) == [Chunk(b".\r\nab\r\n."), End.CHUNK, Line(b""), Line(b"NOOP")]


def test_an_empty_chunk_ends_at_once() -> None:
    wire = Wire(100)
    wire.begin_chunk(0, inspector())
    assert events(wire) == [End.CHUNK]
    wire.begin_chunk(0, None)
    assert events(wire) == [End.CHUNK]


def test_chunks_of_one_message_go_through_one_inspector() -> None:
    wire, one = Wire(100), inspector()
    wire.begin_chunk(2, one)
    wire.feed(b"a\r")
    assert events(wire) == [Chunk(b"a"), End.CHUNK]
    wire.begin_chunk(1, one)
    wire.feed(b"\n")
    assert events(wire) == [Chunk(b"\r\n"), End.CHUNK]
    assert one.fault is None


def test_a_chunk_nobody_wants_is_read_past() -> None:
    wire = Wire(100)
    wire.begin_chunk(1_000_000, None)
    for _ in range(1000):
        wire.feed(b"QUIT\r\n" + b"x" * 994)
        assert wire.pending <= 1000
        assert events(wire) in ([], [End.CHUNK])
    wire.feed(b"NOOP\r\n")
    assert events(wire) == [Line(b"NOOP")]


def test_content_is_handed_on_as_it_comes_and_not_kept() -> None:
    wire = Wire(100)
    wire.begin_data(inspector())
    for _ in range(100):
        wire.feed(b"x" * 998 + b"\r\n")
        assert sum(len(event.octets) for event in events(wire) if isinstance(event, Chunk)) > 990
        assert wire.pending == 0


def test_what_was_thrown_away_is_counted_and_gone() -> None:
    wire = Wire(100)
    wire.feed(b"STARTTLS\r\nNOOP\r\nNO")
    assert wire.next() == Line(b"STARTTLS")
    assert wire.pending == 8
    assert wire.discard() == 8
    wire.feed(b"QUIT\r\n")
    assert events(wire) == [Line(b"QUIT")]
