"""The spam rating of the mail module that is replaced, as a reference to compare with.

Written after its description: tokens split at most punctuation and digits, case-sensitive, at most
1000 distinct ones; good words count double; the 21 most telling ones take part, and each that is
missing counts as 0.4.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parts import Body

_MOST_TOKENS = 1000
_TAKE_PART = 21
_SEEN_MORE_THAN = 5
_FILLER = 0.4
_SPLIT = re.compile("[" + re.escape("".join(map(chr, (*range(1, 35), *range(37, 63), 91, 92, 93, 123, 125, 126)))) + "]+")  # fmt: skip # noqa: E501


def old_tokens(headers: HeaderSection, body: Body) -> set[str]:
    """Return the tokens of all header fields and the text."""
    fields = "\n".join(
        f"{name.decode('latin-1')} {headers.decode(v)}" for name, v in headers.fields()
    )
    found: dict[str, None] = {}
    for token in _SPLIT.split(f"{fields}\n{body.text}"):
        if token:
            found[token] = None
            if len(found) == _MOST_TOKENS:
                break
    return set(found)


class OldFilter:
    """Its counters and its formula. Made by the benchmark."""

    def __init__(self) -> None:
        self._good: Counter[str] = Counter()
        self._bad: Counter[str] = Counter()

    def learn(self, tokens: Iterable[str], *, spam: bool) -> None:
        """Count the tokens of a message."""
        (self._bad if spam else self._good).update(tokens)

    def begin(self) -> None:
        """Take the largest counters for numbers of messages, as it did."""
        self._most_good = max(self._good.values(), default=1)
        self._most_bad = max(self._bad.values(), default=1)

    def rating(self, tokens: Iterable[str]) -> float:
        """Return the rating, 0 to 100."""
        telling = []
        for token in tokens:
            good, bad = self._good[token], self._bad[token]
            if good + bad <= _SEEN_MORE_THAN:
                continue
            share = bad / self._most_bad
            weight = share / (2 * good / self._most_good + share)
            if abs(weight - 0.5) > 0.1:
                telling.append(weight)
        telling.sort(key=lambda weight: -abs(weight - 0.5))
        chosen = telling[:_TAKE_PART]
        chosen += [_FILLER] * (_TAKE_PART - len(chosen))
        spam = ham = 1.0
        for weight in chosen:
            kept = 0.00001 if weight == 0 else 0.9999 if weight == 1 else weight
            spam *= kept
            ham *= 1 - kept
        return 100 * spam / (spam + ham)
