"""What was answered to a call that makes something, for whoever sends it again.

A client that got no answer may repeat the call with the same Idempotency-Key: it is done once.
Kept in memory, so until the next start; mail that is handed in keeps its keys in the database.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from twisted.internet.interfaces import IReactorTime

from bitrixmail.model.errors import Fault
from bitrixmail.web.api.problem import ProblemError

T = TypeVar("T")
_MOST_KEPT = 1000
_MOST_OF_ONE = 200
_MOST_OCTETS = 8 * 1024 * 1024
# Of one answer: those to calls that make something are far shorter
_MOST_ANSWER = 64 * 1024
_KEPT_S = 24 * 3600.0
MOST_KEY = 200
_Key = tuple[str, str]


@dataclass(slots=True)
class _Kept(Generic[T]):
    digest: str
    until: float
    octets: int
    answer: T | None = None
    too_large: bool = False


class Repeats(Generic[T]):
    """See the module. Made by the site map, lives as long as it.

    `size` tells how many octets an answer has. Bounded in count, in that of each user, in octets
    and in age: the oldest go first, and nobody's calls push out those of others before his own.
    """

    def __init__(self, clock: IReactorTime, size: Callable[[T], int]) -> None:
        self._clock = clock
        self._size = size
        self._kept: OrderedDict[_Key, _Kept[T]] = OrderedDict()
        self._octets = 0

    def begin(self, user: str, name: str, digest: str) -> T | None:
        """Return the answer to this call if it came before; None: do it, then `end` it.

        `digest` is that of all it was called with.
        Raises ProblemError: it is just being done, its answer was too large to be kept, or the key
        was used for something else.
        """
        self._forget_old()
        known = self._kept.get((user, name))
        if known is None:
            own = [key for key in self._kept if key[0] == user]
            if len(own) >= _MOST_OF_ONE:
                self._drop(own[0])
            until = self._clock.seconds() + _KEPT_S
            self._kept[user, name] = _Kept(digest, until, len(name))
            self._octets += len(name)
            self._bound()
            return None
        if known.digest != digest:
            what = "was used for something else before"
            fault = Fault("header Idempotency-Key", what, "take a new key for each new thing")
            raise ProblemError(422, "What was sent can't be used.", [fault])
        if known.too_large:
            raise ProblemError(409, "This was done before; its answer was too large to be kept.")
        if known.answer is None:
            raise ProblemError(409, "Just this call is being done.", headers={"Retry-After": "1"})
        return known.answer

    def end(self, user: str, name: str, answer: T | None) -> None:
        """Keep an answer; None: nothing was made, so it may be tried again."""
        known = self._kept.get((user, name))
        if known is None:
            return
        if answer is None:
            self._drop((user, name))
            return
        octets = self._size(answer)
        if octets > _MOST_ANSWER:
            known.too_large = True
            return
        known.answer = answer
        known.octets += octets
        self._octets += octets
        self._bound()

    def _forget_old(self) -> None:
        now = self._clock.seconds()
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            if oldest.until > now:
                return
            self._drop(key)

    def _bound(self) -> None:
        while len(self._kept) > _MOST_KEPT or self._octets > _MOST_OCTETS:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: _Key) -> None:
        gone = self._kept.pop(key, None)
        self._octets -= 0 if gone is None else gone.octets
