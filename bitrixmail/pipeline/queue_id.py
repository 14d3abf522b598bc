"""Names of messages: short, sortable by time, never used twice."""

from __future__ import annotations

from random import Random

from twisted.internet.interfaces import IReactorTime

# Without I, L, O, U: read over the telephone they would be taken for digits.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


class QueueIds:
    """Makes queue ids: microseconds in base 32 and three random letters, 14 in all.

    Made by the gate, lives as long as it. Ids rise even if the clock is set back a little. Where
    several processes make them, `process` (below 16) takes the place of the first four random bits.
    """

    def __init__(self, clock: IReactorTime, random: Random, process: int | None = None) -> None:
        self._clock = clock
        self._random = random
        self._bits = 15 if process is None else 11
        self._process = 0 if process is None else process << 11
        self._last = 0
        self._second, self._beginning = -1, ""

    def next(self) -> str:
        """Return a new id."""
        self._last = max(self._last + 1, int(self._clock.seconds() * 1_000_000))
        second, micros = self._last >> 20, self._last & 0xFFFFF
        if second != self._second:  # of a binary kind, and shared by all ids of it
            self._second = second
            pairs = [_PAIRS[second >> shift & 1023] for shift in (25, 15, 5)]
            self._beginning = "".join([*pairs, _ALPHABET[second & 31]])
        chance = self._process | self._random.getrandbits(self._bits)
        return (
            f"{self._beginning}{_PAIRS[micros >> 10]}{_PAIRS[micros & 1023]}"
            f"{_PAIRS[chance >> 5]}{_ALPHABET[chance & 31]}"
        )
