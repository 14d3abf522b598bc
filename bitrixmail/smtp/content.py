"""What is demanded of content while it passes: line ends, lines, size (RFC 5321 §2.3.8).

Pure: octets in, octets out. The work is done by counting and searching whole chunks; nothing
is done line by line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

_CRLF, _CR, _LF, _NUL = b"\r\n", b"\r", b"\n", b"\0"


class ContentFault(Enum):
    """Why content is not accepted."""

    BARE_LINE_END = "CR or LF standing alone"
    NUL = "NUL"
    LONG_LINE = "line too long"
    OVERSIZE = "message too large"


@dataclass(frozen=True, slots=True)
class ContentRules:
    """Bounds of one content; 0 = none. A line is counted with its CRLF and without stuffed dots.

    `normalize`: make CRLF of every bare CR and LF and drop every NUL, instead of refusing them.
    """

    max_size_octets: int
    max_line_octets: int
    normalize: bool = False


class Inspector:
    """Looks through one content, cut anyhow. Made by the session for a message, ends with it.

    After the first fault, which `fault` names, everything is thrown away. Memory: one octet.
    """

    __slots__ = ("_held", "_line_octets", "_rules", "_size_octets", "_unended", "fault")

    def __init__(self, rules: ContentRules) -> None:
        self.fault: ContentFault | None = None
        self._rules = rules
        self._size_octets = 0
        self._line_octets = 0  # of the line that the last chunk left unfinished
        self._held = b""  # a CR whose LF may come with the next chunk
        self._unended = False  # the last octets were not CRLF

    def take(self, octets: bytes) -> bytes:
        """Return what may be handed on of these octets: in CRLF form, or nothing after a fault."""
        if self.fault is not None:
            return b""
        if self._held:
            octets = self._held + octets
            self._held = b""
        if octets.endswith(_CR):
            self._held = _CR
            octets = octets[:-1]
        return self._judged(octets) if octets else b""

    def finish(self) -> bytes:
        """Return what is missing at the end: a last line without CRLF gets it.

        Only a message sent by BDAT can end so (RFC 3030 §2), and no reader could be given it.
        """
        if self.fault is not None:
            return b""
        rest = b""
        if self._held:
            rest, self._held = self._judged(_CR), b""
        if self._unended:
            self._unended = False
            rest += _CRLF
        return rest

    def _judged(self, octets: bytes) -> bytes:
        rules = self._rules
        if rules.normalize:
            octets = _normalized(octets)
        else:
            self.fault = _fault_of_octets(octets)
        self._size_octets += len(octets)
        if 0 < rules.max_size_octets < self._size_octets:
            self.fault = ContentFault.OVERSIZE
        elif self.fault is None and self._has_long_line(octets):
            self.fault = ContentFault.LONG_LINE
        if self.fault is not None:
            self._unended = False
            return b""
        self._unended = not octets.endswith(_CRLF) if octets else self._unended
        return octets

    def _has_long_line(self, octets: bytes) -> bool:
        """Tell whether a line is too long, jumping from line end to line end a limit apart."""
        most = self._rules.max_line_octets
        if not most:
            return False
        start, end = -self._line_octets, len(octets)
        while end - start > most:
            found = octets.rfind(_LF, max(start, 0), start + most) if start + most > 0 else -1
            if found < 0:
                return True
            start = found + 1
        last = octets.rfind(_LF, max(start, 0))
        self._line_octets = end - (last + 1 if last >= 0 else start)
        return False


def _fault_of_octets(octets: bytes) -> ContentFault | None:
    # Replaced in place, which takes a tenth of the time of counting them, two fifths of removing
    lines = octets.replace(_CRLF, b"  ")
    if _LF in lines or _CR in lines:
        return ContentFault.BARE_LINE_END
    return ContentFault.NUL if _NUL in octets else None


def _normalized(octets: bytes) -> bytes:
    # NULs go last: dropped first, one between CR and LF would make a line end of the two
    if _fault_of_octets(octets) is None:
        return octets
    lines = octets.replace(_CRLF, _LF).replace(_CR, _LF)
    return lines.replace(_LF, _CRLF).replace(_NUL, b"")
