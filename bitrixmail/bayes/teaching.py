"""Which messages are worth learning: those of which the filter is not sure yet.

Whoever learns all counts what is plain a thousand times, and the few doubtful ones drown in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bitrixmail.bayes.combining import combined, weights
from bitrixmail.model.bayes import Corpus, Lesson

SURE_HAM, SURE_SPAM = 1.0, 99.5


def is_sure(score: float, *, spam: bool) -> bool:
    """Tell whether a score is so plain that nothing is to be learned."""
    return score >= SURE_SPAM if spam else score <= SURE_HAM


class Class:
    """Lessons taken one after the other. Made with what was known before; it goes on from there."""

    def __init__(self, corpus: Corpus, counts: dict[int, tuple[int, int]], least: int) -> None:
        self._ham, self._spam = corpus
        self._counts = counts
        self._least = least

    def chosen(self, lessons: Iterable[Lesson]) -> list[Lesson]:
        """Return those worth learning, and take them as learned."""
        return [lesson for lesson in lessons if self._take(lesson)]

    def _take(self, lesson: Lesson) -> bool:
        corpus = Corpus(self._ham, self._spam)
        if corpus.enough(self._least):
            score = self.score(lesson.tokens)
            if is_sure(score, spam=lesson.spam):
                return False
        self._ham, self._spam = self._ham + (not lesson.spam), self._spam + lesson.spam
        counts = self._counts
        for token in lesson.tokens:
            ham, spam = counts.get(token, (0, 0))
            counts[token] = (ham, spam + 1) if lesson.spam else (ham + 1, spam)
        return True

    def score(self, tokens: Sequence[int]) -> float:
        """Return the score by what was taken so far."""
        table = (Corpus(self._ham, self._spam), self._counts)
        return combined([weight for weight, _ in weights(tokens, [table])])
