"""Dots doubled at the start of lines, and the end of a reply (RFC 1939 §3, RFC 5321 §4.5.2)."""

from __future__ import annotations

_CRLF = b"\r\n"


class DotStuffer:
    """Turns octets in CRLF form, cut anywhere, into what goes over the wire.

    Made for one message, used up by `finish`. Lines begin behind CR LF and nowhere else.
    """

    __slots__ = ("_tail",)

    def __init__(self) -> None:
        # the last two octets taken; at the start a line begins, too
        self._tail = _CRLF

    def feed(self, chunk: bytes) -> bytes:
        """Return `chunk` with the dots of its lines doubled."""
        stuffed = chunk.replace(b"\r\n.", b"\r\n..")
        if chunk.startswith(b".") and self._tail == _CRLF:
            stuffed = b"." + stuffed
        elif chunk.startswith(b"\n.") and self._tail.endswith(b"\r"):
            stuffed = b"\n." + stuffed[1:]
        self._tail = (self._tail + chunk[-2:])[-2:]
        return stuffed

    def finish(self) -> bytes:
        """Return what ends it: CR LF if the last line has none, and a dot on a line of its own."""
        return b".\r\n" if self._tail == _CRLF else b"\r\n.\r\n"
