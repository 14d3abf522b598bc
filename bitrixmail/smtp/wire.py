"""The octets of an SMTP connection turned into events, sans I/O (RFC 5321 §4.1.1.4, RFC 3030 §2).

`feed` takes octets as they come; `next` returns one event after the other: a command line, a chunk
of content, the end of a content or of a BDAT chunk. Which it looks for is told by `begin_data` and
`begin_chunk`; at the end of a content it goes back to lines by itself.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from bitrixmail.smtp.content import Inspector
from bitrixmail.wire.lines import Line, LineBuffer

_END_OF_DATA = b"\r\n.\r\n"
_STUFFED, _PLAIN = b"\r\n.", b"\r\n"


class Chunk(NamedTuple):
    """Content to hand on: CRLF form, dots removed."""

    octets: bytes


class End(Enum):
    """The end of a content phase; what was wrong with it stands in the inspector."""

    DATA = "the dot"
    CHUNK = "the last octet of a BDAT chunk"


Event = Line | Chunk | End


class Wire:
    """The receiving side of one connection. Made by the session, lives as long.

    Holds what was fed and not taken: stop reading from the peer while `pending` is large.
    """

    __slots__ = (
        "_ended",
        "_inspector",
        "_lines",
        "_octets_left",
        "_raw",
        "_reader",
        "content_octets",
    )

    def __init__(self, max_command_octets: int) -> None:
        self._lines = LineBuffer(max_command_octets)
        self._raw = b""
        # How many came as content since the beginning, dots and all
        self.content_octets = 0
        self._reader: _DotReader | None = None
        self._inspector: Inspector | None = None
        self._octets_left = -1  # of the BDAT chunk; -1: none is being read
        self._ended: End | None = None

    @property
    def pending(self) -> int:
        """How many octets wait to be taken."""
        return self._lines.pending + len(self._raw)

    @property
    def in_content(self) -> bool:
        """Whether octets are content now, not commands."""
        return self._reader is not None or self._octets_left >= 0 or self._ended is not None

    def feed(self, data: bytes) -> None:
        """Add octets as they came from the peer."""
        if self.in_content:
            self.content_octets += len(data)
            self._raw = self._raw + data if self._raw else data
        else:
            self._lines.feed(data)

    def next(self) -> Event | None:
        """Return the next event; None if more octets are needed."""
        if self._ended is not None:
            ended, self._ended = self._ended, None
            self._back_to_lines()
            return ended
        if self._reader is not None:
            return self._next_of_data(self._reader)
        if self._octets_left >= 0:
            return self._next_of_chunk()
        return self._lines.next()

    def begin_data(self, inspector: Inspector) -> None:
        """Take what follows as the content of DATA, up to CR LF . CR LF."""
        self._raw = self._lines.drain()
        self._reader = _DotReader()
        self._inspector = inspector

    def begin_chunk(self, size_octets: int, inspector: Inspector | None) -> None:
        """Take the next octets as a BDAT chunk; without an inspector they are thrown away."""
        self._raw = self._lines.drain()
        self.content_octets += min(len(self._raw), size_octets)
        self._octets_left = size_octets
        self._inspector = inspector

    def discard(self) -> int:
        """Throw away what was fed and not taken; return how many octets that were."""
        waiting = self.pending
        self._lines.drain()
        self._raw = b""
        return waiting

    def _next_of_data(self, reader: _DotReader) -> Event | None:
        if not self._raw:
            return None
        octets, rest = reader.take(self._raw)
        if rest is None:
            self._raw = b""
        else:
            self._raw, self._reader, self._ended = rest, None, End.DATA
        return self._inspected(octets)

    def _next_of_chunk(self) -> Event | None:
        left = self._octets_left
        octets, self._raw = self._raw[:left], self._raw[left:]
        self._octets_left = left - len(octets)
        if not self._octets_left:
            self._octets_left, self._ended = -1, End.CHUNK
        return self._inspected(octets)

    def _inspected(self, octets: bytes) -> Event | None:
        if octets and self._inspector is not None:
            octets = self._inspector.take(octets)
            if octets:
                return Chunk(octets)
        return self.next() if self._ended is not None else None

    def _back_to_lines(self) -> None:
        raw, self._raw = self._raw, b""
        self._inspector = None
        if raw:
            self._lines.feed(raw)


class _DotReader:
    """Finds the end of DATA and removes stuffed dots, over any cuts. One for each DATA.

    Between two cuts it holds back what may be the beginning of CR LF . CR LF, four octets at most,
    so that neither the end nor a stuffed dot is ever missed or seen where it is not.
    """

    __slots__ = ("_held", "_made_up")

    def __init__(self) -> None:
        # The CRLF behind the command DATA begins the first line: it counts, and is not content
        self._held = _PLAIN
        self._made_up = len(_PLAIN)

    def take(self, raw: bytes) -> tuple[bytes, bytes | None]:
        """Return content, and what stands behind the end of data or None if it hasn't come."""
        raw = self._held + raw
        end = raw.find(_END_OF_DATA)
        if end >= 0:
            return self._unstuffed(raw[: end + 2]), raw[end + len(_END_OF_DATA) :]
        keep = _beginning_at_end(raw)
        self._held = raw[len(raw) - keep :]
        return self._unstuffed(raw[: len(raw) - keep]), None

    def _unstuffed(self, octets: bytes) -> bytes:
        if not octets:
            return b""
        plain = octets.replace(_STUFFED, _PLAIN)
        skip, self._made_up = self._made_up, 0
        return plain[skip:] if skip else plain


def _beginning_at_end(raw: bytes) -> int:
    """Count the octets at the end that may begin an end of data."""
    for length in range(len(_END_OF_DATA) - 1, 0, -1):
        if raw.endswith(_END_OF_DATA[:length]):
            return length
    return 0
