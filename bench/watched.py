"""The server with a stop-watch on its reactor: `python -m bench.watched CALLS twistd-options…`

Each call that the reactor makes and that uses over 2 ms of its thread's CPU time becomes a line of
the file CALLS: when it ended (the monotonic clock, which all processes share), milliseconds, what
it was. Nothing of the server knows about it.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.scripts import twistd

_LEAST_NS = 2_000_000
_UNITS_A_MS = 1_000_000


class Watch:
    """Times calls. Made once, before the reactor runs; used in its thread."""

    def __init__(self, file: Path) -> None:
        self._lines = file.open("w", encoding="utf-8", buffering=1)

    def timed(self, what: Callable[[], str], call: Callable[[], Any]) -> Any:
        """Make a call; note it if it was long. `what` is asked only then."""
        begun = time.thread_time_ns()
        try:
            return call()
        finally:
            spent = time.thread_time_ns() - begun
            if spent >= _LEAST_NS:
                spent_ms = spent / _UNITS_A_MS
                self._lines.write(f"{time.monotonic():.6f}\t{spent_ms:.2f}\t{what()}\n")


def watch(reactor: Any, watch: Watch) -> None:
    """Put a stop-watch on what sockets, timers and other threads have the reactor do."""
    do, call_later = reactor._doReadOrWrite, reactor.callLater  # noqa: SLF001 - no other way in
    call_from_thread = reactor.callFromThread

    def timed_do(selectable: Any, fd: int, event: Any) -> None:
        def what() -> str:
            protocol = getattr(selectable, "protocol", None) or selectable
            return f"octets of {type(protocol).__name__}"

        watch.timed(what, functools.partial(do, selectable, fd, event))

    def timed_later(delay: float, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        what, later = functools.partial(_name, "timer", call), functools.partial(call)
        return call_later(
            delay, lambda: watch.timed(what, functools.partial(later, *given, **named))
        )

    def timed_from_thread(call: Callable[..., Any], *given: Any, **named: Any) -> None:
        what = functools.partial(_name, "thread's result", call, given)
        call_from_thread(lambda: watch.timed(what, functools.partial(call, *given, **named)))

    reactor._doReadOrWrite = timed_do  # noqa: SLF001
    reactor.callLater = timed_later
    reactor.callFromThread = timed_from_thread


def _name(kind: str, call: Any, given: tuple[Any, ...] = ()) -> str:
    names = [getattr(each, "__qualname__", "") for each in (call, *given) if callable(each)]
    return f"{kind}: {' '.join(name for name in names if name) or type(call).__name__}"


def main() -> None:
    from twisted.internet import reactor  # noqa: PLC0415 - chosen here, as twistd would

    file, *options = sys.argv[1:]
    watch(reactor, Watch(Path(file)))
    sys.argv = ["twistd", *options]
    twistd.run()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
