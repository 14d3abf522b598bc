"""What was answered to a call that makes something, for whoever sends it again.

A client that got no answer may repeat the call with the same Idempotency-Key: it is done once.
Kept in memory, so until the next start; mail that is handed in keeps its keys in the database.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from bitrixmail.model.errors import Fault
from bitrixmail.web.api.problem import ProblemError

T = TypeVar("T")
_MOST_KEPT = 1000
MOST_KEY = 200


@dataclass(slots=True)
class _Kept(Generic[T]):
    digest: str
    answer: T | None = None


class Repeats(Generic[T]):
    """See the module. Made by the site map, lives as long as it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept[T]] = OrderedDict()

    def begin(self, name: str, digest: str) -> T | None:
        """Return the answer to this call if it came before; None: do it, then `end` it.

        `digest` is that of all it was called with.
        Raises ProblemError: it is just being done, or the key was used for something else.
        """
        known = self._kept.get(name)
        if known is None:
            self._kept[name] = _Kept(digest)
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
            return None
        if known.digest != digest:
            what = "was used for something else before"
            fault = Fault("header Idempotency-Key", what, "take a new key for each new thing")
            raise ProblemError(422, "What was sent can't be used.", [fault])
        if known.answer is None:
            raise ProblemError(409, "Just this call is being done.", headers={"Retry-After": "1"})
        return known.answer

    def end(self, name: str, answer: T | None) -> None:
        """Keep an answer; None: nothing was made, so it may be tried again."""
        known = self._kept.get(name)
        if answer is None:
            self._kept.pop(name, None)
        elif known is not None:
            known.answer = answer
