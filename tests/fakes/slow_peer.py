"""A transport in memory whose peer reads when the test says so."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from twisted.internet.interfaces import IPushProducer
from twisted.internet.testing import StringTransport


class SlowPeer(StringTransport):
    """Pauses its producer when it holds more than `room` octets, as a socket does. Made by a test.

    `read` takes what is held, and lets the producer go on; `most` is the most that was ever held.
    """

    def __init__(self, room: int = 64 * 1024) -> None:
        super().__init__()
        self.room = room
        self.most = 0
        self.aborted = False

    def write(self, data: bytes) -> None:
        super().write(data)
        held = len(self.value())
        self.most = max(self.most, held)
        if held > self.room and self.producer is not None:
            IPushProducer(self.producer).pauseProducing()

    def read(self) -> bytes:
        octets: bytes = self.value()
        self.clear()
        if len(octets) > self.room and self.producer is not None:
            IPushProducer(self.producer).resumeProducing()
        return octets

    def abortConnection(self) -> None:
        self.aborted = self.disconnecting = True
