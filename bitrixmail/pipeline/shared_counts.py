"""What other processes of this server have counted for a name: a table in shared memory.

Each process writes its own row only and reads those of the others, so nothing is ever locked: two
that ask in the same moment may each let one in, so a limit may be exceeded by one for each further
process. A name has two cells of a row, of which the lower counts (a count-min sketch): another name
in one of them does no harm, one in each of both is too rare to matter.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b

WINDOW_S = 60
_CELLS = 65_536
# Of each row: cells of connections that are open, 4 octets each, then those of a minute, 8 each
_OPEN_OCTETS, _RECENT_OCTETS = 4 * _CELLS, 8 * _CELLS
_ROW_OCTETS = _OPEN_OCTETS + _RECENT_OCTETS
_KEY_OCTETS = 16
_REMEMBERED = 4096


class SharedTable:
    """The memory itself. Made by compose, and by each receiver from what it inherits.

    Nobody outside can choose names that fall into one cell: `key` is drawn at each start. Pages
    that were never written take no memory.
    """

    def __init__(self, rows: int, descriptor: int = -1, key: bytes = b"") -> None:
        self.rows = rows
        self.key = key or os.urandom(_KEY_OCTETS)
        self.descriptor = descriptor
        if descriptor < 0:
            self.descriptor = os.memfd_create("bitrixmail-counts")
            os.ftruncate(self.descriptor, rows * _ROW_OCTETS)
        # The two cells of a name
        self.cells: Callable[[str], tuple[int, int]] = lru_cache(_REMEMBERED)(self._find)
        self._memory = mmap.mmap(self.descriptor, rows * _ROW_OCTETS)
        view = memoryview(self._memory)
        starts = [row * _ROW_OCTETS for row in range(rows)]
        self.open = [view[start : start + _OPEN_OCTETS].cast("I") for start in starts]
        self.recent = [
            view[start + _OPEN_OCTETS : start + _ROW_OCTETS].cast("Q") for start in starts
        ]

    def forget(self, row: int) -> None:
        """Clear the row of a process that is gone."""
        start = row * _ROW_OCTETS
        self._memory[start : start + _ROW_OCTETS] = bytes(_ROW_OCTETS)

    def _find(self, name: str) -> tuple[int, int]:
        digest = blake2b(name.encode(), digest_size=8, key=self.key).digest()
        first, second = struct.unpack("=II", digest)
        return first % _CELLS, second % _CELLS


class SharedCounts:
    """One process's side of the table: it counts in its row and asks the others. Made with it.

    `monotonic` must be the same clock in all processes, which the time of day is not.
    """

    def __init__(
        self, table: SharedTable, row: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._cells = table.cells
        self._open, self._recent = table.open[row], table.recent[row]
        self._others_open = table.open[:row] + table.open[row + 1 :]
        self._others_recent = table.recent[:row] + table.recent[row + 1 :]
        self._monotonic = monotonic

    def opened(self, name: str, more: int) -> None:
        """Count a connection of a name in (1) or out (-1)."""
        own = self._open
        for cell in set(self._cells(name)):
            own[cell] = max(0, own[cell] + more)

    def open_elsewhere(self, name: str) -> int:
        """Return how many connections of a name the other processes have."""
        first, second = self._cells(name)
        return sum([min(row[first], row[second]) for row in self._others_open])

    def happened(self, name: str) -> None:
        """Count what happened for a name; a minute after the first the count begins anew."""
        own, now = self._recent, int(self._monotonic())
        for cell in set(self._cells(name)):
            start, count = divmod(own[cell], 1 << 32)
            # In one piece, so that nobody reads a new start with an old count
            own[cell] = (start << 32) + count + 1 if now - start < WINDOW_S else (now << 32) + 1

    def recent_elsewhere(self, name: str) -> int:
        """Return how often it happened for a name in the other processes' minute."""
        first, second = self._cells(name)
        least = (int(self._monotonic()) - WINDOW_S + 1) << 32
        found = 0
        for row in self._others_recent:
            one, other = row[first], row[second]
            if one >= least and other >= least:
                found += min(one & 0xFFFFFFFF, other & 0xFFFFFFFF)
        return found
