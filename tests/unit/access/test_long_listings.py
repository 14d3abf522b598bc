from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fakes.reader_door import ReaderDoor
from tests.unit.access.conftest import Reader

Connect = Callable[[], Reader]
MANY = 100_000


@pytest.fixture
def reader(door: ReaderDoor, connect: Connect) -> Reader:
    door.accounts.stored["INBOX"] = dict.fromkeys(range(1, MANY + 1), b"hello\r\n")
    reader = connect()
    reader.log_in()
    return reader


@pytest.mark.parametrize("verb", [b"LIST", b"UIDL"])
def test_all_lines_come_and_little_is_held(door: ReaderDoor, reader: Reader, verb: bytes) -> None:
    reader.send(b"DELE 77777", verb, b"NOOP")
    heard = reader.transport.read()
    told = heard
    while not told.endswith(b".\r\n+OK\r\n"):
        door.clock.advance(0)
        heard = reader.transport.read()
        assert heard
        told += heard
    lines = told.split(b"\r\n")
    assert [line.partition(b" ")[0] for line in lines[2:-3]] == [
        b"%d" % number for number in range(1, MANY + 1) if number != 77777
    ]
    assert reader.transport.most <= 128 * 1024


def test_others_have_their_turns_between_some_lines(door: ReaderDoor, reader: Reader) -> None:
    reader.transport.room = 2**30
    reader.send(b"LIST")
    assert 1000 < reader.transport.read().count(b"\r\n") < 3000
    # the rest comes when the reactor has called whom it was to call before
    waiting = [call for call in door.clock.getDelayedCalls() if call.getTime() == 0]
    assert len(waiting) == 1
    door.clock.advance(0)
    assert reader.transport.read().endswith(b"\r\n.\r\n")


def test_a_peer_that_does_not_read_gets_no_more_lines(door: ReaderDoor, reader: Reader) -> None:
    reader.send(b"UIDL")
    for _ in range(100):
        door.clock.advance(0)
    assert reader.transport.most <= 128 * 1024
    reader.lose()
    for _ in range(5):
        door.clock.advance(0)


def test_a_peer_lost_amid_a_listing(door: ReaderDoor, reader: Reader) -> None:
    reader.send(b"LIST")
    door.clock.advance(0)
    reader.lose()
    door.clock.advance(0)
    assert door.accounts.logouts == 1
    assert not door.clock.getDelayedCalls()
