from __future__ import annotations

import hashlib
from collections.abc import Callable

from bitrixmail.access.transaction import CHUNK_OCTETS
from tests.fakes.reader_door import ReaderDoor
from tests.unit.access.conftest import Reader

Connect = Callable[[], Reader]
LINE = b"x" * 98 + b"\r\n"


def big(octets: int) -> bytes:
    return b"Subject: big\r\n\r\n" + LINE * (octets // len(LINE))


def test_a_large_message_is_never_in_memory_as_a_whole(door: ReaderDoor, connect: Connect) -> None:
    content = big(25 * 2**20)
    door.accounts.add(content)
    reader = connect()
    reader.log_in()
    reader.send(b"RETR 1")
    got = hashlib.sha256()
    heard = reader.transport.read()
    reply, _, heard = heard.partition(b"\r\n")
    assert reply == b"+OK %d octets" % len(content)
    count = 0
    while heard:
        got.update(heard)
        count += len(heard)
        heard = reader.transport.read()
    assert got.digest() == hashlib.sha256(content + b".\r\n").digest()
    assert count == len(content) + 3
    assert reader.transport.most <= 2 * CHUNK_OCTETS + 100
    assert max(length for _, length in door.accounts.reads) <= CHUNK_OCTETS


def test_nothing_is_read_for_a_peer_that_does_not_read(door: ReaderDoor, connect: Connect) -> None:
    door.accounts.add(big(2**20))
    reader = connect()
    reader.log_in()
    reader.send(b"RETR 1", b"NOOP")
    before = len(door.accounts.reads)
    door.clock.advance(300)
    assert len(door.accounts.reads) == before <= 2
    reader.transport.read()
    assert len(door.accounts.reads) > before


def test_a_peer_that_never_reads_on_has_its_time(door: ReaderDoor, connect: Connect) -> None:
    door.accounts.add(big(2**20))
    reader = connect()
    reader.log_in()
    reader.send(b"RETR 1")
    for _ in range(3):  # each time it reads it has all of its time again
        door.clock.advance(590)
        assert not reader.transport.disconnecting
        reader.transport.read()
    door.clock.advance(590)
    door.clock.advance(20)
    assert reader.transport.disconnecting
    assert not door.accounts.held
    assert door.accounts.logouts == 1
    assert b"\r\n.\r\n" not in reader.transport.read()


def test_a_peer_lost_while_it_did_not_read(door: ReaderDoor, connect: Connect) -> None:
    door.accounts.add(big(2**20))
    reader = connect()
    reader.log_in()
    reader.send(b"RETR 1", b"DELE 1", b"QUIT")
    before = len(door.accounts.reads)
    assert reader.session._room is not None
    reader.lose()
    assert reader.session._room is None  # nothing waits for ever
    assert door.accounts.logouts == 1
    assert len(door.accounts.reads) == before
    assert door.accounts.stored["INBOX"]


def test_a_peer_lost_while_the_store_reads(door: ReaderDoor, connect: Connect) -> None:
    door.accounts.add(big(2**20))
    reader = connect()
    reader.log_in()
    door.accounts.hold.add("read")
    reader.send(b"RETR 1")
    reader.lose()
    door.accounts.release()
    assert door.accounts.logouts == 1
    assert len(door.accounts.reads) == 1


def test_a_message_that_goes_amid_its_lines_has_no_end(door: ReaderDoor, connect: Connect) -> None:
    door.accounts.add(big(2**20))
    reader = connect()
    reader.log_in()
    reader.send(b"RETR 1", b"QUIT")
    door.hooks()["gone"]("1")
    heard = reader.transport.read()
    heard += reader.transport.read()
    assert reader.transport.aborted
    assert b"\r\n.\r\n" not in heard
    assert b"-ERR" not in heard
    assert door.accounts.logouts == 1
    assert door.maillog.lines[-1][1]["reason"] == "no QUIT"


def test_a_bug_amid_a_message_has_no_end_either(
    door: ReaderDoor, connect: Connect, nothing_lost_or_left: list[object]
) -> None:
    door.accounts.add(big(2**20))
    reader = connect()
    reader.log_in()
    reader.send(b"RETR 1")
    door.hooks()["error"]("read bug")
    reader.transport.read()
    assert reader.transport.aborted
    assert len(nothing_lost_or_left) == 1
    nothing_lost_or_left.clear()


def test_a_message_shorter_than_it_should_be_has_no_end(door: ReaderDoor, connect: Connect) -> None:
    door.accounts.add(big(2**20))
    reader = connect()
    reader.log_in()
    door.accounts.stored["INBOX"][1] = big(3 * CHUNK_OCTETS)
    reader.send(b"RETR 1")
    heard = b""
    while more := reader.transport.read():
        heard += more
    assert reader.transport.aborted
    assert not heard.endswith(b".\r\n")


def test_top_reads_no_more_than_it_tells(door: ReaderDoor, connect: Connect) -> None:
    door.accounts.add(big(2**20))
    reader = connect()
    reader.log_in()
    reader.send(b"TOP 1 3")
    assert reader.transport.read().endswith(b"\r\n\r\n" + LINE * 3 + b".\r\n")
    assert door.accounts.reads == [(0, CHUNK_OCTETS)]
    lines = 2 * CHUNK_OCTETS // len(LINE) + 10
    reader.send(b"TOP 1 %d" % lines)
    heard = b""
    while more := reader.transport.read():
        heard += more
    assert heard.endswith(LINE + b".\r\n")
    assert heard.count(LINE) == lines
    assert len(door.accounts.reads) == 4


def test_dots_are_doubled_at_the_cuts_between_pieces(door: ReaderDoor, connect: Connect) -> None:
    for shift in range(4):
        content = b"x" * (CHUNK_OCTETS - shift) + b"\r\n.\r\n..\r\n" + LINE * 10
        door.accounts.add(content)
    reader = connect()
    reader.log_in()
    for number in range(1, 5):
        reader.send(b"RETR %d" % number)
        heard = b""
        while more := reader.transport.read():
            heard += more
        told = heard.partition(b"\r\n")[2]
        assert told.endswith(b"\r\n.\r\n")
        unstuffed = told[:-3].replace(b"\r\n.", b"\r\n")
        assert unstuffed == door.accounts.stored["INBOX"][number]
