"""A process and its descendants: CPU time and memory they took, from /proc (see proc(5))."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> frozenset[int]:
    """Return `root` and all processes below it."""
    return frozenset(_tree(root, dict(_stats())))


def cpu_s(root: int) -> float:
    """Return the CPU seconds, user and system, that `root` and all below it have used.

    The time of children that have ended is their parent's, once it has waited for them.
    """
    stats = dict(_stats())
    # After the name: state 0, ppid 1, …, utime 11, stime 12, cutime 13, cstime 14.
    ticks = sum(sum(map(int, stats[pid][11:15])) for pid in _tree(root, stats) if pid in stats)
    return ticks / _TICKS_PER_S


def pss_kib(pid: int) -> int:
    """Return the memory of one process; what it shares counts by its share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"the kernel tells no PSS of process {pid}")


def _pss_kib_of_one(pid: int) -> int:
    try:
        return pss_kib(pid)
    except (FileNotFoundError, ProcessLookupError):  # it has ended since it was listed
        return 0


class MemoryWatch:
    """Looks at the memory of a process and those below it again and again while a `with` lasts.

    In a thread of ours; what is started meanwhile counts as well.
    """

    def __init__(self, pid: int, every_s: float = 0.02) -> None:
        self._root = pid
        self.before_kib = self.most_kib = self._all_kib()
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def growth_kib(self) -> int:
        """How much more there ever was than before."""
        return self.most_kib - self.before_kib

    def _look(self) -> None:
        while not self._over.wait(self._every_s):
            self.most_kib = max(self.most_kib, self._all_kib())

    def _all_kib(self) -> int:
        return sum(map(_pss_kib_of_one, tree(self._root)))


def _tree(root: int, stats: Mapping[int, list[str]]) -> set[int]:
    found, added = {root}, {root}
    while added:
        added = {pid for pid, fields in stats.items() if int(fields[1]) in added} - found
        found |= added
    return found


def _stats() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The name stands in brackets and may itself hold blanks and brackets.
        yield int(entry.name), stat.rpartition(")")[2].split()
