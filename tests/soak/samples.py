"""What a process holds, looked at every few seconds, and how that changes over time."""

from __future__ import annotations

import re
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_FIELD = re.compile(r"^(\w+): +(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """One look. Memory in KiB: what the process has asked for itself, swapped out or not.

    Pages of files are left out: how many of a library's are in memory, and who else has them
    mapped at the moment, is for the system and for other programs to say.
    """

    at_s: float
    own_kib: int
    descriptors: int
    threads: int


def look(pid: int, at_s: float) -> Sample:
    """Read it from /proc. Raises OSError if the process is gone."""
    process = Path(f"/proc/{pid}")
    fields = dict(_FIELD.findall((process / "smaps_rollup").read_text()))
    return Sample(
        at_s,
        int(fields["Anonymous"]) + int(fields["Swap"]),
        len(list((process / "fd").iterdir())),
        len(list((process / "task").iterdir())),
    )


class Sampler:
    """Looks until told to stop. Made by a run."""

    def __init__(self, pid: int, each_s: float = 2.0) -> None:
        self.samples: list[Sample] = []
        self._pid = pid
        self._each_s = each_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._begun = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._each_s):
            try:
                self.samples.append(look(self._pid, time.monotonic() - self._begun))
            except OSError:
                return


def growth_percent_per_hour(samples: Sequence[Sample]) -> float:
    """Return how fast memory grows, in percent of what it was at the beginning.

    The median of all slopes between two looks (Theil and Sen): what comes and goes with a large
    message does not count, what stays does.
    """
    return _slope([(one.at_s, float(one.own_kib)) for one in samples]) * 3600 * 100


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the median slope, as a part of the median of the first tenth."""
    if len(points) < 10:
        raise ValueError("too few samples to tell anything")
    some = points[:: max(1, len(points) // 300)]
    slopes = [
        (later - earlier) / (then - before)
        for number, (before, earlier) in enumerate(some)
        for then, later in some[number + 1 :]
        if then > before
    ]
    first = statistics.median(value for _, value in points[: max(1, len(points) // 10)])
    return statistics.median(slopes) / first


def drift(values: Sequence[int]) -> float:
    """Return by how much the median of the last quarter differs from that of the first."""
    quarter = max(1, len(values) // 4)
    return statistics.median(values[-quarter:]) - statistics.median(values[:quarter])
