"""The stop-watch on the reactor's calls."""

from __future__ import annotations

import time
from pathlib import Path

from bench.watched import Watch, watch


class Reactor:
    """The three ways in which a reactor is made to call."""

    def __init__(self) -> None:
        self.called: list[tuple[object, ...]] = []

    def _doReadOrWrite(self, selectable: object, fd: int, event: object) -> None:
        self.called.append((selectable, fd, event))
        busy(0.01)

    def callLater(self, delay: float, call: object, *given: object, **named: object) -> None:
        self.called.append((delay, call, *given, *named))
        assert callable(call)
        call(*given, **named)

    def callFromThread(self, call: object, *given: object, **named: object) -> None:
        assert callable(call)
        call(*given, **named)


def busy(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_long_calls_are_noted_and_short_ones_are_not(tmp_path: Path) -> None:
    reactor, file = Reactor(), tmp_path / "calls"
    watch(reactor, Watch(file))
    reactor.callLater(0, busy, 0)
    # waiting is no use of the CPU
    reactor.callFromThread(time.sleep, 0.02)
    assert file.read_text() == ""
    reactor._doReadOrWrite(self_named := Path("x"), 7, "in")
    reactor.callLater(0, busy, seconds=0.01)
    reactor.callFromThread(busy, 0.01)
    lines = [line.split("\t") for line in file.read_text().splitlines()]
    assert [what for _, _, what in lines] == [
        "octets of PosixPath",
        "timer: busy",
        "thread's result: busy",
    ]
    assert all(float(spent_ms) >= 10 for _, spent_ms, _ in lines)
    assert reactor.called[1] == (self_named, 7, "in")
