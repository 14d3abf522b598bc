"""Names of messages: short, sortable by time, never used twice."""

from __future__ import annotations

from random import Random

from twisted.internet.interfaces import IReactorTime

# Without I, L, O, U: read over the telephone they would be taken for digits.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


class QueueIds:
    """Makes queue ids: microseconds in base 32 and three random letters, 14 in all.

    Made by the gate, lives as long as it. Ids rise even if the clock is set back a little.
    """

    def __init__(self, clock: IReactorTime, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._last = 0

    def next(self) -> str:
        """Return a new id."""
        self._last = max(self._last + 1, int(self._clock.seconds() * 1_000_000))
        number = self._last << 15 | self._random.getrandbits(15)
        return "".join([_PAIRS[number >> shift & 1023] for shift in (60, 50, 40, 30, 20, 10, 0)])
