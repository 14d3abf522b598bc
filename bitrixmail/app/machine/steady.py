"""A reactor whose delayed calls do not mind when the clock of the machine is set.

Twisted takes the time of day for both. Set back by an hour, it makes every call that waits then,
and be it for milliseconds, wait an hour more; set forward by a day, all time-outs are over at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.python import runtime


def keep_steady(
    reactor: Any,
    wall: Callable[[], float] = runtime.seconds,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Let `reactor.seconds` go on evenly from now on; the time of day is `wall_seconds` then.

    May be called again, to no effect.
    """
    if hasattr(reactor, "wall_seconds"):
        return
    begun = wall() - monotonic()
    reactor.wall_seconds = wall
    reactor.seconds = lambda: begun + monotonic()
