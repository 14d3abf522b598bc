"""SIGTERM and SIGINT: the first ends the server, and further ones change nothing.

A second one, of who is impatient, would stop a reactor that stops already, which is an error.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

_ENDING = (signal.SIGTERM, signal.SIGINT)


def end_once(reactor: Any) -> None:
    """Put this in force as soon as the reactor runs, which takes the signals then."""
    reactor.callWhenRunning(_take, reactor)


def _take(reactor: Any) -> None:
    taken = {number: signal.getsignal(number) for number in _ENDING}
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        first, asked = not asked, True
        handler = taken[signal.Signals(number)]
        if first and callable(handler):
            handler(number, frame)

    for number, handler in taken.items():
        if getattr(handler, "__self__", None) is reactor:
            signal.signal(number, handle)
