"""Addresses in From, To, Cc, Reply-To: names and addr-specs (RFC 5322 §3.4, §4.4).

Takes what senders really write, never raises, and takes time in proportion to the length.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

MAX_ADDRESSES = 20_000

# What nearly every address looks like: a name and an angle-addr, or an addr-spec alone.
_PLAIN = re.compile(
    rb"""[ \t]*+
    (?: (?: "([^"\\]*+)" | ([^"\\<>(),:;@]*+) ) [ \t]*+ <([^<>"\s,:]++)>
      | ([^"\\<>(),:;\s@]++@[^"\\<>(),:;\s@]++) )
    [ \t]*+ (?:,|\Z)""",
    re.VERBOSE,
)
_TOKEN = re.compile(
    rb"""
    (?P<space> [ \t\r\n]++)
  | (?P<encoded> =\?[!->@-~]{1,80}\?[bBqQ]\?[^?\s]*+\?=)
  | (?P<quoted> "(?:[^"\\]|\\.)*+")
  | (?P<angle> <(?:"(?:[^"\\]|\\.)*+"|[^<>"])*+>?)
  | (?P<word> (?:[^ \t\r\n"<>(),:;\\]|\\.)++)
  | (?P<other> .)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(rb"[()]|\\.|[^()\\]++|\\", re.DOTALL)
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_ROUTE = re.compile(rb"^\s*@[^:<>]*:")

Decode = Callable[[bytes], str]


class HeaderAddress(NamedTuple):
    """One mailbox of an address field, as it was written there and decoded.

    Either part may be empty. Made by `parse_addresses`.
    """

    name: str
    address: str

    def __str__(self) -> str:
        """Write it for people: the name without quotes, the address in angle brackets."""
        if self.name and self.address:
            return f"{self.name} <{self.address}>"
        return self.name or self.address


class _Element:
    """What was read of one address so far. Made and emptied by `parse_addresses`."""

    __slots__ = ("angle", "comment", "odd", "pieces")

    def __init__(self) -> None:
        self.angle: bytes | None = None
        # Whether there is more in it than one mailbox
        self.odd = False
        self.comment = b""
        # (text, whether white space stands before it, whether it was quoted)
        self.pieces: list[tuple[bytes, bool, bool]] = []

    def begun_group(self) -> _Element:
        """Take what was read for the name of a group, in which no address can stand."""
        begun = _Element()
        begun.odd = (
            self.odd
            or self.angle is not None
            or any(b"@" in text for text, _, quoted in self.pieces if not quoted)
        )
        return begun

    def finish(self, decode: Decode) -> HeaderAddress | None:
        """Make an address of what was read; None if that was nothing."""
        if self.angle is not None:
            address = _ROUTE.sub(b"", self.angle).strip()
            name = self._phrase(self.pieces)
        else:
            address, name = self._bare()
        if not (address or name):
            return None
        read = HeaderAddress(decode(name or self.comment).strip(), decode(address).strip())
        # octets that are no text at all leave nothing of either
        return read if read.name or read.address else None

    def _bare(self) -> tuple[bytes, bytes]:
        """Take the piece with an at sign for the address, whatever touches it with it."""
        at = next(
            (i for i, piece in enumerate(self.pieces) if not piece[2] and b"@" in piece[0]), -1
        )
        if at < 0:
            return b"", self._phrase(self.pieces)
        first, last = at, at + 1
        if self.pieces[at][0].startswith(b"@") and at > 0:
            first -= 1  # a quoted local-part, or white space around the sign
        if self.pieces[at][0].endswith(b"@") and last < len(self.pieces):
            last += 1
        self.odd = self.odd or len(self.pieces) > last - first
        address = b"".join(
            b'"' + text + b'"' if quoted else text for text, _, quoted in self.pieces[first:last]
        )
        return address, self._phrase(self.pieces[:first] + self.pieces[last:])

    @staticmethod
    def _phrase(pieces: list[tuple[bytes, bool, bool]]) -> bytes:
        return b"".join(
            (b" " if spaced else b"") + (_QUOTED_PAIR.sub(rb"\1", text) if quoted else text)
            for text, spaced, quoted in pieces
        ).strip()


def parse_addresses(
    value: bytes, decode: Decode, limit: int = MAX_ADDRESSES, *, strict: bool = False
) -> tuple[HeaderAddress, ...]:
    """Read the addresses of an unfolded field value; names of groups are left out.

    `decode` turns octets into text (`HeaderSection.decode`). What follows the address number
    `limit` is not looked at. If `strict`, what is more than one address without a comma between
    is handed out as it stands, in the place of an address, and not as one of them.
    """
    found: list[HeaderAddress] = []
    reader = _Reader(value)
    position, end = 0, len(value)
    while position < end and len(found) < limit:
        plain = _PLAIN.match(value, position)
        if plain is not None:
            position = plain.end()
            quoted, phrase, angle, bare = plain.groups()
            phrase = (quoted or phrase or b"").strip()
            name, spec = decode(phrase).strip() if phrase else "", decode(angle or bare).strip()
            if name or spec:
                found.append(HeaderAddress(name, spec))
            continue
        begin = position
        position, element = reader.read(position)
        address = element.finish(decode)
        if strict and element.odd:
            address = HeaderAddress("", decode(value[begin:position]).strip(" \t,;"))
        if address is not None:
            found.append(address)
    return tuple(found)


class _Reader:
    """Reads one element at a time, token by token. Made by `parse_addresses`, ends with it."""

    __slots__ = ("_comments", "_value")

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._comments = True

    def read(self, position: int) -> tuple[int, _Element]:
        """Read up to the next comma; return the offset behind it and what was found."""
        element, spaced = _Element(), False
        while token := _TOKEN.match(self._value, position):
            position = token.end()
            kind, text = token.lastgroup, token.group()
            if kind == "space":
                spaced = True
                continue
            if kind in ("word", "encoded"):
                element.pieces.append((text, spaced, False))
                element.odd = element.odd or (element.angle is not None and b"@" in text)
            elif kind == "quoted":
                element.pieces.append((text[1:-1], spaced, True))
            elif kind == "angle":
                if element.angle is None:
                    element.angle = text[1:].removesuffix(b">")
                else:
                    element.odd = True
            elif text in (b",", b";"):
                break
            elif text == b":":
                element = element.begun_group()
            elif text == b"(" and self._comments:
                position = self._comment(position, element)
            elif text not in (b">", b"(", b")", b'"'):
                element.pieces.append((text, spaced, False))
            spaced = False
        return position, element

    def _comment(self, position: int, element: _Element) -> int:
        closed = _end_of_comment(self._value, position)
        if not closed:
            # One that never ends is no comment; nor, to stay linear, is any behind it.
            self._comments = False
            return position
        element.comment = element.comment or self._value[position : closed - 1].strip()
        return closed


def _end_of_comment(value: bytes, position: int) -> int:
    """Return the offset behind a comment's closing parenthesis; 0 if it never closes."""
    depth = 1
    for token in _COMMENT.finditer(value, position):
        if token[0] == b"(":
            depth += 1
        elif token[0] == b")":
            depth -= 1
            if not depth:
                return token.end()
    return 0
