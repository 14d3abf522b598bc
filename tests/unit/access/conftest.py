"""A session that is logged in, over a transport whose peer reads when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from twisted.internet.protocol import connectionDone

from tests.fakes.maildrop import PASSWORD
from tests.fakes.reader_door import ReaderDoor
from tests.fakes.slow_peer import SlowPeer


class Reader:
    """One session of a door."""

    def __init__(self, door: ReaderDoor) -> None:
        self.door = door
        self.transport = SlowPeer()
        # Twisted's protocols have no types
        self.session = cast("Any", door.factory.buildProtocol(None))
        self.session.makeConnection(self.transport)
        self.gone = False

    def send(self, *lines: bytes) -> None:
        self.session.dataReceived(b"".join(line + b"\r\n" for line in lines))

    def log_in(self) -> None:
        self.send(b"USER info@example.org", b"PASS " + PASSWORD)
        assert self.transport.read().endswith(b" octets)\r\n")

    def lose(self) -> None:
        if not self.gone:
            self.gone = True
            self.session.connectionLost(connectionDone)


@pytest.fixture
def door() -> ReaderDoor:
    return ReaderDoor()


@pytest.fixture
def connect(door: ReaderDoor) -> Iterator[Callable[[], Reader]]:
    readers: list[Reader] = []

    def connected() -> Reader:
        readers.append(Reader(door))
        return readers[-1]

    yield connected
    for reader in readers:
        reader.lose()
    assert not door.accounts.held
    assert not door.clock.getDelayedCalls()
