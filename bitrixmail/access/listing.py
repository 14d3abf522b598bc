"""The messages of a maildrop by their numbers, and which of them are marked (RFC 1939 §5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from bitrixmail.access.replies import MARKED, NO_MESSAGE, NUMBER_SYNTAX, RefusedError

# So many lines are made in about a millisecond
_LINES_A_CHUNK = 2000
_NUMBER = re.compile(rb"[0-9]{1,10}")


class Listing:
    """What one session sees. Made at login; lives as long as the maildrop is open.

    `count` and `octets` are those of the messages that are not marked; `marked` holds indexes.
    """

    def __init__(self, sizes: Sequence[int], uids: Sequence[int], uidvalidity: int) -> None:
        self._sizes = sizes
        self._uids = uids
        self._uidvalidity = uidvalidity
        self.marked: set[int] = set()
        self.unmark()

    def unmark(self) -> None:
        """Take all marks back."""
        self.marked.clear()
        self.count = len(self._sizes)
        self.octets = sum(self._sizes)

    def mark(self, index: int) -> None:
        """Mark a message as deleted."""
        self.marked.add(index)
        self.count -= 1
        self.octets -= self._sizes[index]

    def index(self, number: bytes) -> int:
        """Return the index of the message that a client names; raise RefusedError."""
        index = number_of(number, NUMBER_SYNTAX) - 1
        if not 0 <= index < len(self._sizes):
            raise RefusedError(NO_MESSAGE)
        if index in self.marked:
            raise RefusedError(MARKED)
        return index

    def size(self, index: int) -> int:
        """Return how many octets a reader gets of a message."""
        return self._sizes[index]

    def size_line(self, index: int) -> str:
        """Write a line of LIST."""
        return f"{index + 1} {self._sizes[index]}"

    def uid_line(self, index: int) -> str:
        """Write a line of UIDL: the same for a message for ever, and for no other in its folder."""
        return f"{index + 1} {self._uidvalidity}.{self._uids[index]}"

    def chunks(self, line: Callable[[int], str]) -> Iterator[bytes]:
        """Write the lines of all messages that are not marked, a bounded number at a time."""
        for start in range(0, len(self._sizes), _LINES_A_CHUNK):
            stop = min(start + _LINES_A_CHUNK, len(self._sizes))
            lines = [
                line(index) + "\r\n" for index in range(start, stop) if index not in self.marked
            ]
            yield "".join(lines).encode("ascii")


def number_of(digits: bytes, syntax: str) -> int:
    """Read a number of decimal digits and nothing else; raise RefusedError with `syntax`."""
    if _NUMBER.fullmatch(digits) is None:
        raise RefusedError(syntax)
    return int(digits)
