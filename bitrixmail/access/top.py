"""The beginning of a message: its header section and some lines of its body (RFC 1939 §7, TOP)."""

from __future__ import annotations

_EMPTY_LINE = b"\r\n\r\n"


class Top:
    """Takes octets in CRLF form, cut anywhere. Made for one TOP."""

    __slots__ = ("_in_header", "_lines", "_tail", "done")

    def __init__(self, lines: int) -> None:
        self._lines = lines
        self._in_header = True
        # a message may begin with the empty line
        self._tail = b"\r\n"
        self.done = False

    def take(self, chunk: bytes) -> bytes:
        """Return what belongs to the beginning; then `done` tells whether there may be more."""
        start = self._body_of(chunk) if self._in_header else 0
        if self._in_header or self.done:
            return b"" if self.done else chunk
        there = chunk.count(b"\n", start)
        if there < self._lines:
            self._lines -= there
            return chunk
        self.done = True
        for _ in range(self._lines):
            start = chunk.index(b"\n", start) + 1
        return chunk[:start]

    def _body_of(self, chunk: bytes) -> int:
        """Find where the body begins; the empty line may have begun in an earlier chunk."""
        joined = self._tail + chunk
        end = joined.find(_EMPTY_LINE)
        if end < 0:
            self._tail = joined[-3:]
            return 0
        self._in_header = False
        return end + len(_EMPTY_LINE) - len(self._tail)
