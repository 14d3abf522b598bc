"""How a fault in a rule is told: where, what, and the word that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from bitrixmail.model.errors import Fault
from bitrixmail.model.text import printable

_SHOWN = 60


class Complaint(NamedTuple):
    """A fault within a rule, whose place is not yet complete. Made by the checks of this room."""

    where: str
    what: str
    remedy: str

    def under(self, path: str) -> Complaint:
        """Return the same, standing below `path`."""
        return Complaint(path + self.where, self.what, self.remedy)

    def fault(self, place: str) -> Fault:
        """Return the fault as people get it; `place` names the file and the rule."""
        where = f"{place}: {self.where}" if self.where else place
        return Fault(where.removesuffix(": "), self.what, self.remedy)


def choice(kind: str, word: str, known: Iterable[str]) -> tuple[str, str]:
    """Say that a word is unknown, and which was probably meant."""
    known = tuple(known)
    shown = printable(word, _SHOWN)
    return f'unknown {kind} "{shown}"', nearest(word, known, f"use one of {', '.join(known)}")


def nearest(typed: str, known: Iterable[str], otherwise: str) -> str:
    """Return a remedy: the known name most like what was typed, whatever its case; or another."""
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(typed.casefold()[: 2 * _SHOWN], folded, 1)
    return f'did you mean "{printable(folded[near[0]], _SHOWN)}"?' if near else otherwise


def place_of(rule: str, where: str = "") -> str:
    """Return how a rule is named in a fault; `where` names its file, if any."""
    place = f'rule "{printable(rule, _SHOWN)}"'
    return f"{where}: {place}" if where else place
