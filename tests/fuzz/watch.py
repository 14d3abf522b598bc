"""What an input may cost: processor time, and memory of the process that reads it."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HANG_S = 1.0
_MIB = 1024 * 1024


class HangError(Exception):
    """An input that kept its reader busy for longer than HANG_S of processor time."""


class Watch:
    """Interrupts an input that takes too long. Made by a campaign; `number` counts its inputs.

    It looks twice in the time that an input may take, so that an input costs nothing to watch;
    those that end by themselves are measured by the campaign.
    """

    def __init__(self, hang_s: float) -> None:
        self.number = 0
        self._hang_s = hang_s
        self._seen = (-1, 0)

    @contextmanager
    def watching(self) -> Iterator[None]:
        before = signal.signal(signal.SIGPROF, self._tick)
        signal.setitimer(signal.ITIMER_PROF, self._hang_s / 2, self._hang_s / 2)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def _tick(self, _signal: int, _frame: FrameType | None) -> None:
        number, ticks = self._seen
        ticks = ticks + 1 if number == self.number else 0
        self._seen = (self.number, ticks)
        # the first tick may have come just behind the beginning
        if ticks > 2:
            self._seen = (-1, 0)
            raise HangError(f"longer than {self._hang_s} s")


def bound_memory(mib: int) -> None:
    """Let this process have so much address space beyond what it has; then MemoryError is a find."""
    pages = int(open("/proc/self/statm").read().split()[0])  # noqa: SIM115, PTH123 - once, at start
    limit = pages * resource.getpagesize() + mib * _MIB
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def peak_rss_mib() -> float:
    """Return the most resident memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
