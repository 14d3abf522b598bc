"""What was counted in the last hour and day, in memory: for the charts of the pages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.queue import OPEN
from bitrixmail.interfaces.queue import IQueue
from bitrixmail.model.errors import MailError
from bitrixmail.model.house import Samples
from bitrixmail.tasks import utcnow

STEP_S, COARSE_STEP_S = 10, 300
_FINE, _COARSE = 3600 // STEP_S, 86400 // COARSE_STEP_S
DEPTH, OLDEST = "queue", "oldest"


@dataclass(frozen=True, slots=True)
class _Step:
    """What came within a step, and what was at its end. `at`: seconds since 1970."""

    at: int
    counts: Mapping[str, int]
    gauges: Mapping[str, float]


class History:
    """Made by the web room, lives as long; `sample` is called each STEP_S.

    `totals` returns what was counted since the start. Of an hour each step is kept, of a day every
    five minutes: a few hundred steps, whatever happens.
    """

    def __init__(
        self, clock: IReactorTime, queue: IQueue, totals: Callable[[], Mapping[str, int]]
    ) -> None:
        self._clock = clock
        self._queue = queue
        self._totals = totals
        self._before: Mapping[str, int] = {}
        self._coarse_before: Mapping[str, int] = {}
        self._steps: deque[_Step] = deque(maxlen=_FINE)
        self._coarse: deque[_Step] = deque(maxlen=_COARSE)
        self._count = 0

    async def sample(self) -> None:
        """Take note of a step that has ended."""
        gauges = await self._gauges()
        now, totals = int(utcnow(self._clock).timestamp()), dict(self._totals())
        self._steps.append(_Step(now, _difference(totals, self._before), gauges))
        self._before = totals
        self._count += 1
        if self._count % (COARSE_STEP_S // STEP_S) == 0:
            self._coarse.append(_Step(now, _difference(totals, self._coarse_before), gauges))
            self._coarse_before = totals

    async def _gauges(self) -> dict[str, float]:
        """Look at the queue; where the store does not answer nothing is known."""
        try:
            depths = await self._queue.depths()
        except MailError:
            return {}
        found = [depth for depth in depths if depth.state in OPEN]
        oldest = min((depth.oldest for depth in found), default=None)
        waited_s = 0.0 if oldest is None else (utcnow(self._clock) - oldest).total_seconds()
        return {DEPTH: float(sum(depth.count for depth in found)), OLDEST: max(0.0, waited_s)}

    def samples(self, span: str) -> Samples:
        """Return the last "day", or else the last hour."""
        steps = tuple(self._coarse if span == "day" else self._steps)
        return Samples(
            step_s=COARSE_STEP_S if span == "day" else STEP_S,
            times=tuple(step.at for step in steps),
            counts={
                key: tuple(step.counts.get(key, 0) for step in steps)
                for key in _keys(step.counts for step in steps)
            },
            gauges={key: tuple(step.gauges.get(key) for step in steps) for key in (DEPTH, OLDEST)},
        )


def _difference(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {
        key: count - before.get(key, 0)
        for key, count in after.items()
        if count != before.get(key, 0)
    }


def _keys(tables: Iterable[Mapping[str, int]]) -> list[str]:
    return sorted({key for table in tables for key in table})
