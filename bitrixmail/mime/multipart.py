"""The tree of parts of a message, found in one pass over its octets (RFC 2046 §5.1).

One search goes from line to line that begins as a delimiter and asks whose it is, so neither
nesting nor boundaries that begin alike cost more than the length. Broken trees never raise: a
missing close delimiter, or one of an outer multipart, ends the inner ones; a multipart without a
single delimiter is read as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.parameters import parse_parameters

# RFC 2046 §5.1.1 allows 70; some senders do not know.
_MAX_BOUNDARY = 200
_GUESSED = re.compile(rb"\s{0,8}--([^\r\n]{1,200}+)\r?\n")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}")


@dataclass(slots=True)
class Leaf:
    """A part that holds no others. Made by `split_parts`; `start` and `end` bound its octets."""

    headers: HeaderSection
    declared_type: str
    parameters: dict[str, str]
    start: int
    end: int


@dataclass(slots=True)
class Multipart:
    """A part that holds others, in their order. Made and filled by `split_parts`."""

    subtype: str
    boundary: bytes
    start: int
    parts: list[Leaf | Multipart] = field(default_factory=list)

    @property
    def default_type(self) -> str:
        """Tell what a part is that does not say (RFC 2046 §5.1.5)."""
        return "message/rfc822" if self.subtype == "digest" else "text/plain"


@dataclass(frozen=True, slots=True)
class SplitLimits:
    """How much work one message may make. Made by `mime.parts` from its own limits."""

    max_parts: int
    max_depth: int
    max_delimiters: int
    max_head_octets: int


def split_parts(
    octets: bytes, headers: HeaderSection, limits: SplitLimits
) -> tuple[Leaf | Multipart, bool]:
    """Return the tree of a message and whether all of it was looked at."""
    splitter = _Splitter(octets, limits)
    root = splitter.split(headers)
    return root, splitter.complete


class _Splitter:
    """Goes once through one message. Made by `split_parts`, ends with it."""

    __slots__ = (
        "_left", "_levels", "_limits", "_octets", "_open", "_parts", "_position", "_prefix",
        "complete",
    )  # fmt: skip

    def __init__(self, octets: bytes, limits: SplitLimits) -> None:
        self._octets = octets
        self._limits = limits
        self._left = limits.max_delimiters
        self._parts = 1
        self._position = 0
        self._open: list[Multipart] = []
        self._levels: dict[bytes, int] = {}
        self._prefix = b"\n--"
        self.complete = True

    def split(self, headers: HeaderSection) -> Leaf | Multipart:
        """Read the whole tree; `headers` is the section of the message."""
        octets = self._octets
        start = min(headers.end, len(octets))
        root = self._part(headers, start, "text/plain")
        if isinstance(root, Leaf):
            return root
        # The empty line before the body is what a delimiter at its very start stands behind.
        self._position = max(0, start - 1)
        leaf: Leaf | None = None
        while self._open:
            found = self._delimiter(len(octets))
            if leaf is not None:
                leaf.end = self._end_of_part(found[0], leaf.start) if found else len(octets)
                leaf = None
            if found is None:
                break
            before, line_end, level, closes = found
            self._close(level if closes else level + 1, before)
            self._position = line_end
            if not closes:
                if self._parts >= self._limits.max_parts:
                    self.complete = False
                    break
                leaf = self._next(self._open[-1])
        self._close(0, len(octets))
        return root

    def _next(self, parent: Multipart) -> Leaf | None:
        """Read the header section behind a delimiter; return the part if it is a leaf."""
        self._parts += 1
        # The line end of the delimiter stands before what follows, be that the next delimiter.
        start = min(self._position + 1, len(self._octets))
        head = self._octets[start : start + self._limits.max_head_octets]
        headers = HeaderSection.parse(head)
        following = self._delimiter(start + headers.end)
        if following is not None:  # inside the section: the part has no body
            self._position = following[0]
            headers = HeaderSection.parse(head[: max(0, following[0] + 1 - start)])
        part = self._part(headers, start + headers.end, parent.default_type)
        parent.parts.append(part)
        if following is None:
            self._position = max(self._position, start + headers.end - 1)
        return part if isinstance(part, Leaf) else None

    def _part(self, headers: HeaderSection, start: int, default: str) -> Leaf | Multipart:
        """Make the node of a part; a multipart is opened, unless that is too deep."""
        declared, parameters = parse_parameters(headers.first("content-type") or b"")
        if not _TYPE.fullmatch(declared):
            declared = default
        if declared.startswith("multipart/"):
            boundary = self._boundary(parameters, start)
            if boundary and len(self._open) < self._limits.max_depth:
                opened = Multipart(declared.removeprefix("multipart/"), boundary, start)
                self._open.append(opened)
                self._index()
                return opened
            if boundary:
                self.complete = False
            declared = "text/plain"
        return Leaf(headers, declared, parameters, start, len(self._octets))

    def _boundary(self, parameters: dict[str, str], start: int) -> bytes:
        """Return the boundary as declared, else as the first line of the body shows it."""
        boundary = parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
        if not boundary:
            guessed = _GUESSED.match(self._octets, start)
            boundary = guessed[1].rstrip() if guessed else b""
        return boundary[:_MAX_BOUNDARY]

    def _delimiter(self, end: int) -> tuple[int, int, int, bool] | None:
        """Find the next delimiter before `end` of any open multipart, from `_position` on.

        Returns the offsets of the line end before it and of its own line end, the depth of the
        multipart it belongs to, and whether it closes that. Moves `_position` to `end` if there
        is none, so that nothing is searched twice.
        """
        octets, prefix, levels = self._octets, self._prefix, self._levels
        while self._left > 0:
            at = octets.find(prefix, self._position, end)
            if at < 0:
                # One that begins before `end` and goes on behind it is still to be found.
                self._position = max(self._position, min(end, len(octets)) - len(prefix))
                return None
            self._left -= 1
            line = octets[at + 3 : at + 3 + _MAX_BOUNDARY + 8]
            line_end = line.find(b"\n")
            if line_end < 0:
                line_end = len(line)
            name = line[:line_end].rstrip()
            level = levels.get(name)
            if level is not None:
                return at, at + 3 + line_end, level, False
            level = levels.get(name[:-2]) if name.endswith(b"--") else None
            if level is not None:
                return at, at + 3 + line_end, level, True
            self._position = at + 3
        self.complete = False
        return None

    def _end_of_part(self, line_feed: int, start: int) -> int:
        """Leave out the line end before a delimiter: it is the delimiter's (RFC 2046 §5.1.1)."""
        end = line_feed - 1 if self._octets[line_feed - 1 : line_feed] == b"\r" else line_feed
        return max(start, end)

    def _close(self, depth: int, end: int) -> None:
        """Close what is deeper; a multipart in which nothing was found is a text."""
        if len(self._open) <= depth:
            return
        for multipart in self._open[depth:]:
            if not multipart.parts:
                nothing = HeaderSection.parse(b"")
                text = Leaf(nothing, "text/plain", {}, multipart.start, max(multipart.start, end))
                multipart.parts.append(text)
        del self._open[depth:]
        self._index()

    def _index(self) -> None:
        boundaries = [multipart.boundary for multipart in self._open]
        self._levels = {boundary: level for level, boundary in enumerate(boundaries)}
        self._prefix = b"\n--" + _common_prefix(boundaries)


def _common_prefix(boundaries: list[bytes]) -> bytes:
    if not boundaries:
        return b""
    low, high = min(boundaries), max(boundaries)
    for position, octet in enumerate(low):
        if octet != high[position]:
            return low[:position]
    return low
