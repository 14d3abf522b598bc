"""How long a host is waited for: one delayed call for a whole connection."""

from __future__ import annotations

import math
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from bitrixmail.model.parcel import Stage
from bitrixmail.outbound.client.terms import Timeouts


class Patience:
    """The time of one connection, and of the parcel under way. Made by it, lives as long.

    A deadline moves with every reply; the call stays, and looks again when it comes too early. So
    a small message costs no delayed call. `time_over` is told what was waited for.
    """

    __slots__ = ("_call", "_clock", "_due", "_stage", "_time_over", "_whole_due")

    def __init__(self, clock: IReactorTime, time_over: Callable[[Stage | None], None]) -> None:
        self._clock = clock
        self._time_over = time_over
        self._call: IDelayedCall | None = None
        self._due = self._whole_due = math.inf
        self._stage: Stage | None = None

    def wait_for(self, stage: Stage | None, timeouts: Timeouts) -> None:
        """Give the host its time for a reply to `stage`; None: for a piece of content, if any."""
        self._stage = stage
        if stage is None and self._whole_due == math.inf:
            self._due = math.inf  # between two parcels nothing is due
            return
        self._until(self._clock.seconds() + timeouts.of(stage))

    def shake_hands(self, timeouts: Timeouts) -> None:
        """Give the host its time for the TLS handshake."""
        self._stage = Stage.STARTTLS
        self._until(self._clock.seconds() + timeouts.handshake)

    def whole(self, timeouts: Timeouts, size_octets: int) -> None:
        """Begin the time of a whole parcel."""
        whole_s = timeouts.message + size_octets / timeouts.least_rate
        self._whole_due = self._clock.seconds() + whole_s

    def rest(self) -> None:
        """Wait for nothing until there is something to do."""
        self._due = self._whole_due = math.inf

    def stop(self) -> None:
        """Give up the call for good."""
        self.rest()
        call, self._call = self._call, None
        if call is not None and call.active():
            call.cancel()

    def _until(self, due: float) -> None:
        self._due = due
        next_due = min(due, self._whole_due)
        if self._call is None or next_due < self._call.getTime():
            if self._call is not None:
                self._call.cancel()
            self._call = self._clock.callLater(
                max(0.0, next_due - self._clock.seconds()), self._look
            )

    def _look(self) -> None:
        self._call = None
        due = min(self._due, self._whole_due)
        if due == math.inf:
            return
        left_s = due - self._clock.seconds()
        if left_s > 0:
            self._call = self._clock.callLater(left_s, self._look)
        else:
            whole = self._whole_due <= self._due
            self._time_over(None if whole else self._stage)
