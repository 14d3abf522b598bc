"""Wakes whoever sends when a window opens."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from bitrixmail.outbound.timing.schedule import Schedule
from bitrixmail.tasks import utcnow

_log = Logger()
BEAT_S = 60.0
# Timers may fire a little early by the clock on the wall
_LEAST_S = 0.001
# A beat that is so much early or late has a clock that was set, or a machine that slept.
_SET = timedelta(seconds=5)


class Timetable(Service):
    """Calls `opened` at the very moment something opens, or may go out faster than before.

    Made by compose, lives as long as the server. Once in `beat_s` it looks what is to come until
    the next time, so that it sleeps otherwise and a clock that is set is noticed; that look calls
    `opened` too if the clock was, and something is open.
    """

    def __init__(
        self,
        clock: IReactorTime,
        schedules: Sequence[Schedule],
        opened: Callable[[], None],
        beat_s: float = BEAT_S,
    ) -> None:
        self.setName("times of sending")
        self._beat_s = beat_s
        self._clock = clock
        self._schedules = tuple(schedules)
        self._opened = opened
        self._armed: IDelayedCall | None = None
        self._expected: datetime | None = None
        self._seen: datetime | None = None
        self._loop = LoopingCall(self._beat)
        self._loop.clock = clock

    def put(self, schedules: Sequence[Schedule]) -> None:
        """Look at other schedules from now on."""
        self._schedules = tuple(schedules)
        if self.running:
            self._seen = now = utcnow(self._clock)
            self._arm(now)

    def startService(self) -> None:
        """Begin to look, at once."""
        super().startService()
        self._loop.start(self._beat_s)

    def stopService(self) -> None:
        """Stop looking."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        self._disarm()

    def _beat(self) -> None:
        now = utcnow(self._clock)
        was_set = abs(now - self._expected) > _SET if self._expected is not None else False
        self._expected = now + timedelta(seconds=self._beat_s)
        if was_set or self._seen is None:
            self._seen = now
        if was_set and any(schedule.opening(now) is not None for schedule in self._schedules):
            self._tell()
        self._arm(now)

    def _arm(self, now: datetime) -> None:
        """Wait for the change that follows the last one, if it comes before the next beat."""
        self._disarm()
        if self._seen is None or self._expected is None:
            return
        changes = [schedule.next_change(self._seen) for schedule in self._schedules]
        change = min((each for each in changes if each is not None), default=None)
        if change is not None and change <= self._expected:
            delay_s = max(_LEAST_S, (change - now).total_seconds())
            self._armed = self._clock.callLater(delay_s, self._change, change)

    def _change(self, change: datetime) -> None:
        self._armed = None
        now = utcnow(self._clock)
        if now >= change:
            self._seen = change
            if any(_begins(schedule, change) for schedule in self._schedules):
                self._tell()
        self._arm(now)

    def _tell(self) -> None:
        try:
            self._opened()
        except Exception:  # noqa: BLE001 - the next opening must not suffer for it
            _log.failure("sending could not be begun as a window opened")

    def _disarm(self) -> None:
        if self._armed is not None and self._armed.active():
            self._armed.cancel()
        self._armed = None


def _begins(schedule: Schedule, change: datetime) -> bool:
    """Tell whether more may go out under a schedule from a moment on than just before."""
    before, after = schedule.opening(change - timedelta(seconds=1)), schedule.opening(change)
    return after is not None and after != before
