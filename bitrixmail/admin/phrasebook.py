"""Sentences with values in them, said in another language. Pure, and linear in what is said."""

from __future__ import annotations

import re
from collections.abc import Iterable

_Pattern = tuple[tuple[str, ...], str]
_MOST = 4000
_DEEPEST = 3
_FOREIGN = re.compile(r"[A-Za-z]{2,}\W*\s\W*[A-Za-z]{2,}")
_PLACE = re.compile(r"\{\{|\}\}|\{(\d*)\}")


class Phrasebook:
    """Pairs of a sentence and how it is said: {} is a value, {0} the first one in another place.

    The sentence with most letters of its own that fits is taken. A value is said too, if it is
    known, unless it stands in quotes: there is what somebody typed. `foreign` is how a value is
    written that is not known and has several words of Latin letters. Made once, for each book.
    """

    def __init__(self, *pairs: Iterable[tuple[str, str]], foreign: str = "{}") -> None:
        self._foreign = foreign
        self._whole: dict[str, str] = {}
        patterns: list[_Pattern] = []
        for english, said in (pair for each in pairs for pair in each):
            if "{}" in english:
                patterns.append((tuple(english.split("{}")), said))
            else:
                self._whole.setdefault(english, _filled(said, ()))
        patterns.sort(key=lambda pair: -len("".join(pair[0])))
        # By the letter that a sentence begins with: each has those that begin with a value, too
        self._open = [each for each in patterns if not each[0][0]]
        begun = {each[0][0][0] for each in patterns if each[0][0]}
        self._begun = {
            letter: [each for each in patterns if each[0][0][:1] in {"", letter}]
            for letter in begun
        }

    def said(self, text: str) -> str | None:
        """Return a sentence in the other language; None for one that is not known."""
        return self._said(text, 0)

    def told(self, text: str) -> str:
        """Return a sentence in the other language; as a value is for one that is not known."""
        return self._value(text, -1)

    def _said(self, text: str, depth: int) -> str | None:
        if text in self._whole:
            return self._whole[text]
        if not text or len(text) > _MOST:
            return None
        for pieces, said in self._begun.get(text[0], self._open):
            values = _values(text, pieces)
            if values is not None:
                told = (
                    value if pieces[n].endswith(('"', "`")) else self._value(value, depth)
                    for n, value in enumerate(values)
                )
                return _filled(said, tuple(told))
        return None

    def _value(self, value: str, depth: int) -> str:
        found = self._said(value, depth + 1) if depth < _DEEPEST else None
        if found is None and len(value) > 1 and value[0] == value[-1] == "'":
            return f"«{value[1:-1]}»"
        if found is None and _FOREIGN.search(value):
            return self._foreign.format(value.replace("`", "'"))
        return value if found is None else found


def _values(text: str, pieces: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return what stands between the pieces, each found as early as may be; None if one is not."""
    first, *inner, last = pieces
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return None
    start, end = len(first), len(text) - len(last)
    values = []
    for piece in inner:
        at = text.find(piece, start, end) if piece else start
        if at < 0:
            return None
        values.append(text[start:at])
        start = at + len(piece)
    return (*values, text[start:end])


def _filled(said: str, values: tuple[str, ...]) -> str:
    """Put values in; a brace that is meant is written twice."""
    following = iter(values)

    def put(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0][0]
        if found[1]:
            return values[int(found[1])]
        return next(following, "")

    return _PLACE.sub(put, said)
