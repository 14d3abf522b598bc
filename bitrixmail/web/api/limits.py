"""How often one may call: a bucket for each caller that fills again by itself."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from twisted.internet.interfaces import IReactorTime

_MOST_CALLERS = 10_000


class CallRate:
    """Counts calls. Made by the site map, lives as long as it.

    `per_minute` calls may come at once, and as many each minute; 0: no limit.
    """

    def __init__(self, clock: IReactorTime, per_minute: Callable[[], int]) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._left: dict[str, tuple[float, float]] = {}

    def wait_s(self, caller: str) -> int:
        """Count a call; return 0, or for how many seconds there must be none."""
        most = float(self._per_minute())
        if most <= 0:
            return 0
        now, rate = self._clock.seconds(), most / 60
        left, at = self._left.pop(caller, (most, now))
        left = min(most, left + (now - at) * rate)
        if len(self._left) >= _MOST_CALLERS:
            # Who has been away longest has most likely a full bucket again
            del self._left[next(iter(self._left))]
        allowed = left >= 1
        self._left[caller] = (left - 1 if allowed else left, now)
        return 0 if allowed else ceil((1 - left) / rate)
