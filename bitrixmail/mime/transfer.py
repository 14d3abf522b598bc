"""Content-Transfer-Encoding: base64, quoted-printable and uuencode, broken ones too (RFC 2045 §6).

Nothing here raises, and only as much is decoded as is asked for.
"""

from __future__ import annotations

import binascii
import re

from bitrixmail.mime.base64 import decode_base64
from bitrixmail.mime.headers import HeaderSection

_TOKEN = re.compile(rb"[a-z0-9-]++")
_UU_MODE = re.compile(rb"begin [0-7]{3,4} [^\r\n]*+\r?\n")
_MAX_LINE = 1000
_MAX_LINES = 50_000


class Content:
    """The octets of one part, decoded where they are asked for.

    Made by `mime.parts` for each leaf of the tree, ends with it. Offsets and sizes are of decoded
    octets, except in the constructor: there `start` and `end` bound the encoded ones.
    """

    __slots__ = ("_columns", "_encoding", "_end", "_line_octets", "_octets", "_start")

    def __init__(self, octets: bytes, start: int, end: int, headers: HeaderSection) -> None:
        self._octets, self._start, self._end = octets, start, max(start, end)
        declared = _TOKEN.search((headers.first("content-transfer-encoding") or b"").lower())
        self._encoding = declared[0].removeprefix(b"x-") if declared else b""
        self._columns = self._line_octets = 0
        if self._encoding == b"base64":
            self._measure_lines()

    def first(self, size_octets: int) -> tuple[bytes, bool]:
        """Return at most the first `size_octets`, and whether these are all there are."""
        encoded_end = min(self._end, self._start + self._enough(size_octets))
        decoded = self._decode(self._octets[self._start : encoded_end])
        whole = encoded_end == self._end and len(decoded) <= size_octets
        return decoded[:size_octets], whole

    def at(self, offset: int, size_octets: int) -> bytes:
        """Return what stands at `offset`, shorter at the end; empty if it is not known where.

        Base64 is taken to have lines of equal length, as all but broken encoders make it; where
        it has not, other octets are returned, so the caller must know them by their looks.
        """
        if offset < 0:
            return b""
        if self._encoding == b"base64":
            column = offset // 3 * 4
            lines, rest = divmod(column, self._columns) if self._columns else (0, column)
            start = self._start + lines * self._line_octets + rest
            encoded = self._octets[start : min(self._end, start + self._enough(size_octets + 3))]
            return self._decode(encoded)[offset % 3 :][:size_octets]
        if self._encoding in (b"quoted-printable", b"uuencode", b"uue"):
            return b""
        start = self._start + offset
        return self._octets[start : min(self._end, start + size_octets)]

    def size_octets(self) -> int:
        """Count the decoded octets by the encoded ones, exactly where the encoding is sound."""
        octets, start, end = self._octets, self._start, self._end
        size = end - start
        if self._encoding == b"base64":
            ends = self._line_octets - self._columns if self._columns else 2
            size -= octets.count(b"\n", start, end) * ends
            tail = octets[max(start, end - 8) : end].rstrip()
            size -= len(tail) - len(tail.rstrip(b"="))
            return max(0, size * 3 // 4)
        if self._encoding == b"quoted-printable":
            crlf = octets.count(b"=\r\n", start, end)
            bare = octets.count(b"=\n", start, end)
            other = octets.count(b"=", start, end) - crlf - bare
            return max(0, size - 3 * crlf - 2 * bare - 2 * other)
        if self._encoding in (b"uuencode", b"uue"):
            return size * 45 // 62
        return size

    def _measure_lines(self) -> None:
        end = self._octets.find(b"\n", self._start, min(self._end, self._start + _MAX_LINE))
        if end >= 0:
            self._line_octets = end + 1 - self._start
            self._columns = len(self._octets[self._start : end].rstrip())

    def _enough(self, size_octets: int) -> int:
        """Tell how many encoded octets hold so many decoded ones at least, if all is in order."""
        if self._encoding == b"base64":
            return size_octets * 3 // 2 + 200
        if self._encoding in (b"quoted-printable", b"uuencode", b"uue"):
            return size_octets * 4 + 200
        return size_octets

    def _decode(self, encoded: bytes) -> bytes:
        if self._encoding == b"base64":
            return decode_base64(encoded)
        if self._encoding == b"quoted-printable":
            return binascii.a2b_qp(encoded)
        if self._encoding in (b"uuencode", b"uue"):
            return decode_uuencode(encoded)
        return encoded


def decode_uuencode(octets: bytes) -> bytes:
    """Decode the lines behind `begin` up to `end`; lines that are none are passed over.

    A line gives no more octets than it holds, whatever it says: what it may have lost, spaces at
    its end, are zeros, and a letter of one line end each would be thirty times as much text.
    """
    begin = _UU_MODE.search(octets)
    decoded: list[bytes] = []
    for line in octets[begin.end() if begin else 0 :].split(b"\n", _MAX_LINES)[:_MAX_LINES]:
        line = line.rstrip(b"\r")  # noqa: PLW2901  the same line, as it was meant
        if line == b"end":
            break
        if not line:  # binascii would read on behind it
            continue
        try:
            decoded.append(binascii.a2b_uu(line)[: len(line) * 3 // 4])
        except binascii.Error:
            continue
    return b"".join(decoded)
