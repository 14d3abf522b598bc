"""Run the server as twistd does, with one step of it set to kill the process.

    python -m tests.crash.armed --parent PID [--point NAME --passage N --delay-us D --struck FILE]
        [--broken NAME]… [--days-ahead N] -- twistd's own arguments

When the point is passed for the N-th time, its name is added to FILE and the process ends by a
signal that nothing in it can see: SIGKILL, or for a point with a delay the kernel's own alarm.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from twisted.internet.interfaces import IReactorTime

from tests.crash.broken import BREAKS
from tests.crash.points import BY_NAME, Point, place_of

_PR_SET_PDEATHSIG = 1


class Trap:
    """Counts the passages of a point and strikes at one of them. Called from any thread."""

    def __init__(self, point: Point, passage: int, delay_us: int, struck: str) -> None:
        self._point = point
        self._left = passage
        self._delay_us = delay_us
        # Opened now: at the moment of death there may be no descriptor left
        self._struck = os.open(struck, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()

    def passed(self, arguments: tuple[Any, ...]) -> None:
        """Strike if this is the passage waited for."""
        try:
            if not self._point.only(*arguments):
                return
        except Exception as error:  # noqa: BLE001 - what a point asks about has changed
            sys.stderr.write(f"mend tests/crash/points.py, {self._point.name}: {error!r}\n")
            sys.stderr.flush()
            os._exit(os.EX_SOFTWARE)
        with self._lock:
            self._left -= 1
            if self._left:
                return
            os.write(self._struck, self._point.name.encode() + b"\n")
            if self._delay_us:
                # Its default action ends the process; no thread has to run for it.
                signal.setitimer(signal.ITIMER_REAL, self._delay_us / 1e6)
            else:
                os.kill(os.getpid(), signal.SIGKILL)


def arm(point: Point, trap: Trap) -> None:
    """Wrap the function of a point. Raises LookupError if it is not there."""
    for target, value in point.constants.items():
        holder, name = place_of(target)
        setattr(holder, name, value)
    holder, name = place_of(point.target)
    setattr(holder, name, _wrapped(vars(holder)[name], point, trap))


def _wrapped(function: Callable[..., Any], point: Point, trap: Trap) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def waiting(*arguments: Any, **keywords: Any) -> Any:
            if not point.after:
                trap.passed(arguments)
            result = await function(*arguments, **keywords)
            if point.after:
                trap.passed(arguments)
            return result

        return waiting

    @functools.wraps(function)
    def at_once(*arguments: Any, **keywords: Any) -> Any:
        if not point.after:
            trap.passed(arguments)
        result = function(*arguments, **keywords)
        if point.after:
            trap.passed(arguments)
        return result

    return at_once


def expire_ahead(days: int) -> None:
    """Let expiry run all the time, and take the day for one that comes after all graces."""
    holder, name = place_of("bitrixmail.app.compose:_HOUR_S")
    setattr(holder, name, 0.2)
    holder, name = place_of("bitrixmail.app.compose:utcnow")
    today: Callable[[IReactorTime], datetime] = vars(holder)[name]
    setattr(holder, name, lambda clock: today(clock) + timedelta(days=days))


def end_with(parent: int) -> None:
    """Let the kernel end this process as soon as its parent ends, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was faster
        raise SystemExit(os.EX_TEMPFAIL)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.armed", description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--point", choices=sorted(BY_NAME))
    parser.add_argument("--passage", type=int, default=1)
    parser.add_argument("--delay-us", type=int, default=0)
    parser.add_argument("--struck", default=os.devnull)
    parser.add_argument("--broken", action="append", default=[], choices=sorted(BREAKS))
    parser.add_argument("--days-ahead", type=int, default=0)
    parser.add_argument("twistd", nargs="+")
    options = parser.parse_args(arguments)
    end_with(options.parent)
    for point in BY_NAME.values():
        place_of(point.target)
        for constant in point.constants:
            place_of(constant)
    for name in options.broken:
        BREAKS[name]()
    if options.days_ahead:
        expire_ahead(options.days_ahead)
    if options.point:
        point = BY_NAME[options.point]
        arm(point, Trap(point, options.passage, options.delay_us, options.struck))
    from twisted.scripts.twistd import run  # noqa: PLC0415 - what it imports is armed by now

    sys.argv = ["twistd", *options.twistd]
    run()  # type: ignore[no-untyped-call]  # Twisted's has no types


if __name__ == "__main__":
    main(sys.argv[1:])
