"""Content as it goes over the wire: line ends mended, dots doubled (RFC 5321 §2.3.8, §4.5.2).

Pure. A CR or LF that stands alone, and NUL, have no place in a message that is not BINARYMIME, be
it sent by DATA or by BDAT (RFC 3030 §3). Some host further on takes each of them for a line end, or
drops it: with a dot behind, there the message would end and commands begin. So line ends are made
CRLF and NUL is dropped, whichever way the content goes; dots are looked for after that. Content in
CRLF form, which is what the doors accept, goes out octet for octet, but for the end of its last
line.
"""

from __future__ import annotations

from bitrixmail.wire.dots import DotStuffer

_CRLF, _CR, _LF, _NUL = b"\r\n", b"\r", b"\n", b"\0"
# RFC 5321 §4.5.3.1.6, without the CRLF
MAX_LINE_OCTETS = 998


class Mender:
    """Puts content, cut anyhow, into CRLF form. Made for one content, used up by `finish`."""

    __slots__ = ("_after_cr", "_ended")

    def __init__(self) -> None:
        self._after_cr = False  # the last octet was a CR, which was given out as CRLF
        self._ended = True  # a line begins

    def feed(self, chunk: bytes) -> bytes:
        """Return what a chunk is in CRLF form, without NUL."""
        if self._after_cr:
            if not chunk:
                return b""
            # Its LF, if it comes, was given out with it
            chunk = chunk.removeprefix(_LF)
            self._after_cr = False
        if chunk.endswith(_CR):
            self._after_cr = True
        mended = mended_octets(chunk)
        if mended:
            self._ended = mended.endswith(_CRLF)
        return mended

    def finish(self) -> bytes:
        """Return what ends the last line, if it has no end."""
        return b"" if self._ended else _CRLF


def mended_octets(octets: bytes) -> bytes:
    """Return octets that were not cut in CRLF form, without NUL: mostly these very octets."""
    lines = octets.replace(_CRLF, b"  ")  # in place, which is faster than to remove them
    if _LF not in lines and _CR not in lines and _NUL not in octets:
        return octets
    # NUL goes last: dropped first, one between CR and LF would make one line end of two
    lines = octets.replace(_CRLF, _LF).replace(_CR, _LF)
    return lines.replace(_LF, _CRLF).replace(_NUL, b"")


def has_long_line(octets: bytes) -> bool:
    """Tell whether a line is longer than SMTP allows, jumping from line end to line end."""
    start, end = 0, len(octets)
    while end - start > MAX_LINE_OCTETS:
        found = octets.rfind(_CRLF, start, start + MAX_LINE_OCTETS + 2)
        if found < 0:
            return True
        start = found + 2
    return False


def dotted(content: bytes) -> bytes:
    """Return a whole content in CRLF form as DATA wants it, the final dot behind it."""
    stuffer = DotStuffer()
    return stuffer.feed(content) + stuffer.finish()
