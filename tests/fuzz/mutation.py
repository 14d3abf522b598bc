"""New inputs out of old ones: seeded, and quick, since most of them are good for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

# Octets that readers treat in ways of their own
_ODD = b"\r\n\0\t .:;,<>()[]{}\"'\\=?&#%-_@/*+!|~\x1b\x7f\x80\x85\xa0\xc3\xd0\xe2\xf0\xff09azAZ"
_MOST_REPEATS = 64


class Mutator:
    """Makes inputs from a corpus and the words of a language. Made by a campaign, ends with it.

    The same seed and the same corpus give the same inputs.
    """

    def __init__(self, seed: int, words: Sequence[bytes], max_octets: int) -> None:
        self._random = Random(seed).random
        self._words = tuple(words)
        self._max_octets = max_octets
        self._changes = (
            self._word_in, self._word_over, self._word_in, self._octet, self._octet, self._cut_out,
            self._doubled, self._repeated, self._noise, self._shortened, self._swapped,
        )  # fmt: skip

    def _below(self, count: int) -> int:
        return int(self._random() * count)

    def make(self, corpus: Sequence[bytes]) -> bytes:
        """Make one input out of a corpus that is not empty."""
        chance = self._random()
        if chance < 0.1:
            words = self._words
            made = b"".join([words[self._below(len(words))] for _ in range(1 + self._below(12))])
        elif chance < 0.25:
            made = self._spliced(corpus)
        else:
            made = corpus[self._below(len(corpus))]
        for _ in range(1 + self._below(4)):
            made = self._changes[self._below(len(self._changes))](made)
        return made[: self._max_octets]

    def _spliced(self, corpus: Sequence[bytes]) -> bytes:
        left, right = corpus[self._below(len(corpus))], corpus[self._below(len(corpus))]
        return left[: self._below(len(left) + 1)] + right[self._below(len(right) + 1) :]

    def _span(self, given: bytes) -> tuple[int, int]:
        """Choose a piece, a short one most often."""
        start = self._below(len(given) + 1)
        return start, start + self._below(1 + (8 if self._random() < 0.7 else len(given)))

    def _word_in(self, given: bytes) -> bytes:
        at = self._below(len(given) + 1)
        return given[:at] + self._words[self._below(len(self._words))] + given[at:]

    def _word_over(self, given: bytes) -> bytes:
        start, end = self._span(given)
        return given[:start] + self._words[self._below(len(self._words))] + given[end:]

    def _octet(self, given: bytes) -> bytes:
        at = self._below(len(given) + 1)
        odd = self._random() < 0.5
        octet = _ODD[self._below(len(_ODD))] if odd else self._below(256)
        return given[:at] + bytes((octet,)) + given[at + self._below(2) :]

    def _cut_out(self, given: bytes) -> bytes:
        start, end = self._span(given)
        return given[:start] + given[end:]

    def _doubled(self, given: bytes) -> bytes:
        start, end = self._span(given)
        return given[:end] + given[start:]

    def _repeated(self, given: bytes) -> bytes:
        start, end = self._span(given)
        return given[:start] + given[start:end] * self._below(_MOST_REPEATS) + given[end:]

    def _noise(self, given: bytes) -> bytes:
        at = self._below(len(given) + 1)
        noise = bytes([self._below(256) for _ in range(self._below(6))])
        return given[:at] + noise + given[at:]

    def _shortened(self, given: bytes) -> bytes:
        return given[: self._below(len(given) + 1)]

    def _swapped(self, given: bytes) -> bytes:
        start, end = self._span(given)
        middle = (start + end) // 2
        return given[:start] + given[middle:end] + given[start:middle] + given[end:]
