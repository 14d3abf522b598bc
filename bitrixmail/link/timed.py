"""The time a peer has: one deadline that moves on, and one delayed call that looks at it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Timed(ABC):
    """The part of a channel that knows of time.

    The deadline moves with every event; the call stays, and looks again when it comes too early.
    """

    clock: IReactorTime
    timeout_s: float
    # How long it may go without a look at the clock
    look_s: float = math.inf
    _deadline = 0.0
    _timer: IDelayedCall | None = None

    @abstractmethod
    def _look_at_clock(self) -> None:
        """End what takes too long; if nothing does, look again when it would."""

    def _start_clock(self) -> None:
        self._deadline = self.clock.seconds() + self.timeout_s
        self._timer = self.clock.callLater(min(self.timeout_s, self.look_s), self._look_at_clock)

    def _stop_clock(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _postpone_deadline(self) -> None:
        """Give the peer its time again, from now."""
        self._deadline = self.clock.seconds() + self.timeout_s

    def idle_s(self) -> float:
        """Return for how long nothing has come that gave the peer new time."""
        return self.clock.seconds() - (self._deadline - self.timeout_s)

    def look_at_clock_by(self, moment: float) -> None:
        """See to it that a deadline nearer than all before is noticed."""
        if self._timer is not None and self._timer.getTime() > moment:
            self._wake_at(moment)

    def _wake_at(self, moment: float) -> None:
        self._stop_clock()
        left_s = max(0.0, moment - self.clock.seconds())
        self._timer = self.clock.callLater(left_s, self._look_at_clock)
