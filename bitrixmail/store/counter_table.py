"""The counts of one scope in memory: sorted numbers, 16 octets a token, and what came since.

A dictionary of all would take ten times the room.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

# So many changes are looked up beside the sorted ones before they are sorted in
_MOST_CHANGES = 20_000


class _Sorted(NamedTuple):
    """Tokens by rising hash, and their counts at the same places."""

    tokens: array[int]
    ham: array[int]
    spam: array[int]


class CounterTable:
    """See the module; an ITable. Made by the store, lives until all of it is read again.

    Changed in the reactor's thread, read in any: what is read is exchanged as a whole.
    """

    __slots__ = ("_changes", "_sorted", "change", "epoch")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.change = 0
        self._sorted = _Sorted(array("q"), array("i"), array("i"))
        self._changes: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        """Count the tokens, some perhaps twice."""
        return len(self._sorted.tokens) + len(self._changes)

    def fill(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """Take (token, ham, spam) by rising token as all there is."""
        found = _Sorted(array("q"), array("i"), array("i"))
        for token, ham, spam in rows:
            found.tokens.append(token)
            found.ham.append(ham)
            found.spam.append(spam)
        self._sorted, self._changes = found, {}

    def put(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """Take changed counts."""
        self._changes.update((token, (ham, spam)) for token, ham, spam in rows)
        if len(self._changes) > _MOST_CHANGES:
            self._sort_in()

    def get(self, token: int) -> tuple[int, int] | None:
        """See ITable."""
        found = self._changes.get(token)
        if found is not None:
            return found
        tokens, ham, spam = self._sorted
        place = bisect_left(tokens, token)
        if place == len(tokens) or tokens[place] != token:
            return None
        return ham[place], spam[place]

    def _sort_in(self) -> None:
        old, changes = self._sorted, self._changes
        kept = (
            (token, ham, spam)
            for token, ham, spam in zip(*old, strict=True)
            if token not in changes
        )
        new = ((token, ham, spam) for token, (ham, spam) in changes.items())
        self.fill(sorted([*kept, *new]))
