"""CPU time of a process and its descendants, from /proc (see proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(root: int) -> float:
    """Return the CPU seconds, user and system, that `root` and all below it have used.

    The time of children that have ended is their parent's, once it has waited for them.
    """
    stats = dict(_stats())
    tree, added = {root}, True
    while added:
        below = {pid for pid, fields in stats.items() if int(fields[1]) in tree} - tree
        added = bool(below)
        tree |= below
    # After the name: state 0, ppid 1, …, utime 11, stime 12, cutime 13, cstime 14.
    ticks = sum(sum(map(int, stats[pid][11:15])) for pid in tree if pid in stats)
    return ticks / _TICKS_PER_S


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
