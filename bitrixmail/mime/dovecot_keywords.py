"""What the letters a to z in a Maildir's file names mean: the file `dovecot-keywords` says."""

from __future__ import annotations

from collections.abc import Iterable

FILE = "dovecot-keywords"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def read_keywords(text: str) -> dict[str, str]:
    """Return names by letter; lines that say nothing are passed over."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        number, _, name = line.partition(" ")
        if number.isdecimal() and name and int(number) < len(_LETTERS):
            found[_LETTERS[int(number)]] = name
    return found


class Keywords:
    """The letters of one folder. Made when it is written, ends with it."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def letters(self, names: Iterable[str]) -> tuple[str, list[str]]:
        """Return the letters of names, and the names for which none is left."""
        left = []
        letters = []
        for name in sorted(names):
            if name not in self._letters and len(self._letters) == len(_LETTERS):
                left.append(name)
                continue
            letters.append(self._letters.setdefault(name, _LETTERS[len(self._letters)]))
        return "".join(sorted(letters)), left

    def text(self) -> str:
        """Return the file's text; empty if there are no names."""
        return "".join(f"{number} {name}\n" for number, name in enumerate(self._letters))
