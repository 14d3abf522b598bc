"""The receiving side of SMTP as slowly and plainly as it can be written: what `smtp.wire` must be.

It is given a whole stream and looks at one octet after the other, knows no buffers and no cuts, and
shares no code with what it judges (RFC 5321 §2.3.8, §4.1.1.4, RFC 3030 §2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.attacks.reference import is_fit, mended

CR, LF, NUL, DOT = 13, 10, 0, 46
_BDAT = re.compile(rb"([BX])DAT ([0-9]{1,3})( LAST)?")


@dataclass(frozen=True)
class Demands:
    """What is demanded of content; 0 is no limit."""

    max_size_octets: int
    max_line_octets: int
    normalize: bool


@dataclass(frozen=True)
class SeenLine:
    """A line, and the name of its fault, empty if it has none."""

    octets: bytes
    fault: str


@dataclass(frozen=True)
class SeenContent:
    """A content up to its end. `octets` is None if it is at fault, or did not come to its end."""

    octets: bytes | None
    ended: str


Seen = SeenLine | SeenContent


def order(octets: bytes) -> tuple[str, int, bool]:
    """Read a line that begins content: its kind (D, B, X for chunks nobody wants), size, last."""
    if octets == b"DATA":
        return "D", 0, True
    found = _BDAT.fullmatch(octets)
    if found is None:
        return "", 0, False
    return found[1].decode(), int(found[2]), found[3] is not None


class Model:
    """Reads one stream. Made for it, ends with it."""

    def __init__(self, stream: bytes, max_command_octets: int, demands: Demands) -> None:
        self._stream = stream
        self._most = max_command_octets
        self._demands = demands
        self._at = 0
        self._chunks: bytes | None = None
        self.seen: list[Seen] = []

    def read(self) -> list[Seen]:
        """Return everything that is seen, in its order."""
        tainted = False
        while (line := self._line()) is not None:
            whole = line.endswith(b"\r\n")
            octets = line[:-2] if whole else line[:-1]
            fault = self._fault(line, octets, tainted=tainted or not whole)
            tainted = not whole
            self.seen.append(SeenLine(b"" if fault == "TOO_LONG" else octets, fault))
            kind, size, last = order(octets) if not fault else ("", 0, False)
            if kind:
                tainted = False
                ended = self._data() if kind == "D" else self._chunk(kind, size, last=last)
                if not ended:
                    break
        return self.seen

    def _line(self) -> bytes | None:
        line = bytearray()
        for at in range(self._at, len(self._stream)):
            line.append(self._stream[at])
            if line[-1] == LF:
                self._at = at + 1
                return bytes(line)
        return None

    def _fault(self, line: bytes, octets: bytes, *, tainted: bool) -> str:
        if len(line) > self._most:
            return "TOO_LONG"
        if tainted:
            return "BARE_LF"
        if CR in octets:
            return "BARE_CR"
        return "NUL" if NUL in octets else ""

    def _data(self) -> bool:
        """Read up to the dot; the first line begins behind the CRLF of the command."""
        self._chunks = None
        content, line = bytearray(), bytearray()
        for at in range(self._at, len(self._stream)):
            line.append(self._stream[at])
            if not line.endswith(b"\r\n"):
                continue
            if line == b".\r\n":
                self._at = at + 1
                self.seen.append(SeenContent(self._accepted(bytes(content), last=True), "DATA"))
                return True
            content += line[1:] if line[0] == DOT else line
            line.clear()
        self.seen.append(SeenContent(None, ""))
        return False

    def _chunk(self, kind: str, size: int, *, last: bool) -> bool:
        octets = self._stream[self._at : self._at + size]
        if len(octets) < size:
            self.seen.append(SeenContent(None, ""))
            return False
        self._at += size
        if kind == "X":
            self.seen.append(SeenContent(b"", "CHUNK"))
            return True
        self._chunks = (self._chunks or b"") + octets
        if last:
            whole, self._chunks = self._chunks, None
            self.seen.append(SeenContent(self._accepted(whole, last=True), "CHUNK"))
        else:
            self.seen.append(SeenContent(b"", "CHUNK"))
        return True

    def _accepted(self, octets: bytes, *, last: bool) -> bytes | None:
        """Return content as it is kept; None if it is at fault."""
        if self._demands.normalize:
            kept: bytes | None = mended(octets)
        else:
            kept = octets if is_fit(octets) else None
        if kept is None:
            return None
        if 0 < self._demands.max_size_octets < len(kept):
            return None
        most = self._demands.max_line_octets
        if most and any(len(line) > most for line in _lines(kept)):
            return None
        return kept + b"\r\n" if last and kept and not kept.endswith(b"\r\n") else kept


def _lines(octets: bytes) -> list[bytes]:
    lines = [line + b"\r\n" for line in octets.split(b"\r\n")]
    lines[-1] = lines[-1][:-2]
    return lines
