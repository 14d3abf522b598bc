"""From counts of tokens to a score: Robinson's weights, combined by Fisher's method.

A token's weight is how likely a message with it is spam, drawn to what is believed beforehand the
less often it was seen. All weights together are asked two questions, each by the inverse chi-square
function: are they too low for a message that is no spam, are they too high for one that is? Where
both or neither hold, nothing is known, and the score is near 50.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log

from bitrixmail.interfaces.counters import ITable
from bitrixmail.model.bayes import Corpus


@dataclass(frozen=True, slots=True)
class Scale:
    """The numbers of the method. Made once, shared by all who score."""

    belief: float = 0.6
    """The weight of a token as long as nobody has seen it; that alone tells nothing."""
    strength: float = 0.5
    """How many sightings that belief counts for."""
    distance: float = 0.1
    """Weights nearer to the middle than this tell nothing, and are left out."""
    most: int = 60
    """So many tokens take part at most, the most telling ones."""


SCALE = Scale()


Table = tuple[Corpus, ITable]


def weights(
    hashes: Iterable[int], tables: Sequence[Table], scale: Scale = SCALE
) -> list[tuple[float, int]]:
    """Return (weight, position) of the tokens that tell something, the most telling first.

    Each table has what was learned somewhere, the site before the mailbox: what one believes is
    where the next begins, so that a mailbox's own experience counts the more the more it has.
    None of their corpora lacks a kind.
    """
    trusted = [(1 / corpus.ham, 1 / corpus.spam, counts) for corpus, counts in tables]
    found: list[tuple[float, float, int]] = []
    strength, distance = scale.strength, scale.distance
    for position, token in enumerate(hashes):
        weight, known = scale.belief, 0
        for per_ham, per_spam, counts in trusted:
            count = counts.get(token)
            if count is None:
                continue
            ham, spam = count[0] * per_ham, count[1] * per_spam
            seen = count[0] + count[1]
            known += seen
            if seen:
                weight = (strength * weight + seen * spam / (ham + spam)) / (strength + seen)
        away = abs(weight - 0.5)
        if known and away > distance:
            found.append((away, weight, position))
    found.sort(reverse=True)
    return [(weight, position) for _, weight, position in found[: scale.most]]


def combined(found: Sequence[float]) -> float:
    """Return the score, 0 to 100, that weights make together; 50 for none."""
    if not found:
        return 50.0
    spam = _inverse_chi_square(-2 * sum(map(log, found)), 2 * len(found))
    ham = _inverse_chi_square(-2 * sum(log(1 - weight) for weight in found), 2 * len(found))
    # `spam` is near 1 for weights near 1
    return 50.0 * (1 + spam - ham)


def _inverse_chi_square(chi: float, freedom: int) -> float:
    """Return how likely a sum at least so high is by chance; `freedom` is even."""
    half = chi / 2
    if half > 700:  # e to that power is 0; with at most some hundred weights so is the result
        return 0.0
    term = total = exp(-half)
    for number in range(1, freedom // 2):
        term *= half / number
        total += term
    return min(total, 1.0)
