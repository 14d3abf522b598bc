"""What the spam filter has learned: of how many messages, and what one teaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

SITE = 0
"""The scope of what all mailboxes have learned together; a mailbox's own is its id."""


class Count(NamedTuple):
    """In how many messages of each kind a token was seen."""

    ham: int
    spam: int


class Corpus(NamedTuple):
    """How many messages of each kind were learned."""

    ham: int
    spam: int

    def enough(self, least: int) -> bool:
        """Tell whether a score would mean anything: with at least so many of each kind, and one."""
        return min(self.ham, self.spam) >= max(least, 1)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One message to learn. `digest` tells it from others, `tokens` are its hashes, each once."""

    digest: bytes
    tokens: Sequence[int]
    spam: bool


class Learned(NamedTuple):
    """What came of lessons: how many were new, were of the other kind before, were known."""

    new: int
    changed: int
    known: int

    def __add__(self, other: object) -> Learned:
        """Add up."""
        if not isinstance(other, Learned):
            return NotImplemented
        return Learned(self.new + other.new, self.changed + other.changed, self.known + other.known)


NOTHING = Learned(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Scope:
    """What one scope has learned, and from how many tokens."""

    scope: int
    corpus: Corpus
    tokens: int
