"""What a check says of a message, for one mailbox. Rules read it; it does nothing by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Testimony:
    """Said by the check of that name; `text` is what people are told of why.

    `score` is how much it looks like spam, 0 to 100; None: nothing is known. `spam` says the same
    as yes or no. `final`: no check behind this one is asked. `failed`: it could not be had, which
    the next message may be spared (a temperror). `apart`: the score stands for itself, and the
    message is not judged by it.
    """

    check: str
    score: float | None = None
    text: str = ""
    spam: bool = False
    final: bool = False
    failed: bool = False
    apart: bool = False


def verdict_of(said: Sequence[Testimony]) -> Testimony | None:
    """Return the one by which the message is judged: the last that has a score of its own."""
    for each in reversed(said):
        if each.score is not None and not each.apart:
            return each
    return None
