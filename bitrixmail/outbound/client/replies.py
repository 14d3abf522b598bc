"""Replies of a host, out of octets in any cuts, sans I/O (RFC 5321 §4.2, RFC 2034).

The host is not trusted: a reply is bounded in lines and octets, all its lines have one code, and
what is no reply ends the dialogue. Raises BadReplyError.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from bitrixmail.model.parcel import Answer, Stage
from bitrixmail.model.text import printable

# RFC 5321 §4.5.3.1.5 has 512 octets; texts of large providers with their links are longer
MAX_LINE_OCTETS = 2048
MAX_LINES = 128
MAX_TEXT = 500  # characters of a reply that are kept
_CODES = {str(code).encode(): code for code in range(200, 600)}
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")


class BadReplyError(Exception):
    """What came is no reply; the text says what it is, fit for a log."""


class HostReply(NamedTuple):
    """One whole reply: its code and the text of each line, as octets."""

    code: int
    lines: tuple[bytes, ...]

    def answer(self, stage: Stage) -> Answer:
        """Return it as text on one line, with its enhanced status code if that agrees with it."""
        texts = [line.decode("utf-8", "replace") for line in self.lines]
        enhanced = ""
        if (found := _ENHANCED.match(texts[0])) and texts[0][0] == str(self.code)[0]:
            # Servers repeat it on each line (RFC 2034 §4)
            enhanced = found[1]
            texts = [text.removeprefix(enhanced) for text in texts]
        text = " ".join(filter(None, (part.strip() for part in texts)))
        return Answer(self.code, enhanced, printable(text, MAX_TEXT), stage)


class ReplyReader:
    """Cuts what a host says into replies. Made by a dialogue, lives as long."""

    __slots__ = ("_buffer", "_code", "_lines")

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[bytes] = []  # of a reply that has more to come
        self._code = 0

    @property
    def pending(self) -> bool:
        """Whether something was fed that no reply was made of yet."""
        return bool(self._buffer or self._lines)

    def feed(self, octets: bytes) -> None:
        """Add octets as they came; the caller takes replies until there are none."""
        self._buffer = self._buffer + octets if self._buffer else octets

    def next(self) -> HostReply | None:
        """Take the next reply; None if it has not come to its end yet."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = self._buffer[:end]
            self._buffer = self._buffer[end + 1 :]
            if end > MAX_LINE_OCTETS:
                raise BadReplyError(f"a line of more than {MAX_LINE_OCTETS} octets")
            reply = self._taken(line)
            if reply is not None:
                return reply
        if len(self._buffer) > MAX_LINE_OCTETS:
            raise BadReplyError(f"a line of more than {MAX_LINE_OCTETS} octets")
        return None

    def _taken(self, line: bytes) -> HostReply | None:
        code = _CODES.get(line[:3])
        last = line[3:4] != b"-"
        if code is None or line[3:4] not in _BEHIND_CODE:
            raise BadReplyError(f'no reply: "{printable(line.decode("utf-8", "replace"), 80)}"')
        # A bare LF ends a line, too: what is meant is clear, and nothing is passed on of it
        text = line[4:].removesuffix(b"\r")
        if not self._lines:
            if last:
                return HostReply(code, (text,))
            self._code = code
        elif code != self._code:
            raise BadReplyError(f"one reply with the codes {self._code} and {code}")
        self._lines.append(text)
        if last:
            lines, self._lines = tuple(self._lines), []
            return HostReply(code, lines)
        if len(self._lines) >= MAX_LINES:
            raise BadReplyError(f"a reply of more than {MAX_LINES} lines")
        return None


_BEHIND_CODE = frozenset((b" ", b"-", b"", b"\r"))
