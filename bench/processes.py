"""A process and its descendants, and the CPU time they took, from /proc (see proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

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
