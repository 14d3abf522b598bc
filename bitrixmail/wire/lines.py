"""Command lines out of a stream of octets: bounded, sans I/O (RFC 5321 §2.3.8, RFC 1939 §3).

A line ends at CRLF. A lone LF ends one too, but only so that its sender gets an answer: that line
is at fault, and so is everything behind it up to the next CRLF. Nothing is ever obeyed that one
reader of the stream takes for a line and another for the inside of one.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

_CR, _LF = b"\r", b"\n"


class LineFault(Enum):
    """Why a line must not be obeyed."""

    TOO_LONG = "line too long"
    BARE_CR = "CR without LF"
    BARE_LF = "LF without CR"
    NUL = "NUL"


class Line(NamedTuple):
    """One line without its end. Of a line that was TOO_LONG no octets are kept."""

    octets: bytes
    fault: LineFault | None = None


class LineBuffer:
    """Cuts one direction of a connection into lines. Made by its protocol, lives as long.

    Between two calls of `feed` it holds what was fed and not taken, so whoever feeds it must stop
    reading while lines wait; of an unfinished line it never holds more than `max_octets`.
    """

    __slots__ = ("_after_bare_lf", "_buffer", "_max_octets", "_start", "_swallowing")

    def __init__(self, max_octets: int) -> None:
        self._max_octets = max_octets
        self._buffer = b""
        self._start = 0
        self._swallowing = False
        self._after_bare_lf = False

    @property
    def pending(self) -> int:
        """How many octets wait to be taken."""
        return len(self._buffer) - self._start

    def feed(self, data: bytes) -> None:
        """Add octets as they came from the peer."""
        self._buffer = self._buffer[self._start :] + data if self.pending else data
        self._start = 0

    def next(self) -> Line | None:
        """Take the next line; None if it has not come to its end yet."""
        buffer, start = self._buffer, self._start
        end = buffer.find(_LF, start)
        if end < 0:
            self._bound()
            return None
        self._start = end + 1
        if end > start and buffer[end - 1] == 0x0D:
            octets, bare_lf = buffer[start : end - 1], self._after_bare_lf
            self._after_bare_lf = False
        else:
            octets, bare_lf = buffer[start:end], True
            self._after_bare_lf = True
        if self._swallowing or end + 1 - start > self._max_octets:
            self._swallowing = False
            return Line(b"", LineFault.TOO_LONG)
        return Line(octets, LineFault.BARE_LF if bare_lf else _fault_within(octets))

    def drain(self) -> bytes:
        """Take all that was fed and not taken as lines, and forget how it began."""
        rest = self._buffer[self._start :]
        self._buffer, self._start = b"", 0
        self._swallowing = self._after_bare_lf = False
        return rest

    def discard(self) -> int:
        """Throw away what was fed and not taken as lines; return how many octets that were."""
        return len(self.drain())

    def _bound(self) -> None:
        """Throw a too long unfinished line away; a CR at its end may yet meet its LF."""
        if self._swallowing or self.pending >= self._max_octets:
            self._swallowing = True
            self._buffer = _CR if self._buffer.endswith(_CR) else b""
            self._start = 0


def _fault_within(octets: bytes) -> LineFault | None:
    if _CR in octets:
        return LineFault.BARE_CR
    if b"\0" in octets:
        return LineFault.NUL
    return None
