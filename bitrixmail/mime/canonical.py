"""The relaxed form of header fields and bodies, over which a DKIM signature goes (RFC 6376 §3.4).

Pure; takes any octets and never raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# A single space is the most frequent and needs nothing done.
_RUN = re.compile(rb"[ \t]{2,}+|\t")
_HELD = re.compile(rb" ?\r?\Z")
# Line ends at the end of a body, read backwards.
_ENDS = re.compile(rb"(?:\n\r)*+")
_MOST_AT_ONCE = 4096


def relaxed_field(name: bytes, value: bytes) -> bytes:
    """Return a field in relaxed form, with the CRLF at its end (RFC 6376 §3.4.2).

    `name` is in lower case. `value` is still folded.
    """
    flat = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return b"%b:%b\r\n" % (name, _RUN.sub(b" ", flat).strip(b" \t\r"))


class RelaxedBody:
    """Turns a body into its relaxed form as it comes (RFC 6376 §3.4.4). Made for one message.

    Chunks may be cut anywhere. What is kept of them is a few octets, however long a line is.
    `take` gets the form piece by piece.
    """

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._held = b""
        # Line ends that count only if something follows
        self._ends = 0
        self._any = False

    def feed(self, chunk: bytes) -> None:
        """Go on with the next octets."""
        text = _RUN.sub(b" ", self._held + chunk).replace(b" \r\n", b"\r\n")
        # A space may still turn out to stand at the end of a line
        held = _HELD.search(text, max(0, len(text) - 2))
        end = len(text) if held is None else held.start()
        self._held = text[end:]
        ended = end
        if text.endswith(b"\n", 0, end):
            tail = end - len(text[:end].rstrip(b"\r\n"))
            ended = end - _ends_of(text[end - tail : end])
        if ended:
            self._give_ends()
            self._take(text[:ended])
            self._any = True
        self._ends += (end - ended) // 2

    def close(self) -> None:
        """Say that the body has ended."""
        rest = self._held.removeprefix(b" ") if not self._held.endswith(b"\r") else self._held
        if rest:
            self._give_ends()
            self._take(rest)
            self._any = True
        if self._any:
            self._take(b"\r\n")

    def _give_ends(self) -> None:
        while self._ends:
            some = min(self._ends, _MOST_AT_ONCE)
            self._take(b"\r\n" * some)
            self._ends -= some


def _ends_of(tail: bytes) -> int:
    """Count the octets of whole line ends at the end of a text."""
    match = _ENDS.match(tail[::-1])
    return 0 if match is None else match.end()
