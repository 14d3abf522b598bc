"""A message taken apart for other programs: its plain text, its HTML, its files (RFC 2046).

Bounded as `parse_body` is, by the same limits; never raises. Nothing is made harmless: HTML is as
its sender wrote it. Of the name of a file its last part is told, on one line: it is no path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.html_text import html_text
from bitrixmail.mime.multipart import Leaf, Multipart, SplitLimits, split_parts
from bitrixmail.mime.parameters import parse_parameters
from bitrixmail.mime.parts import BodyLimits
from bitrixmail.mime.text import Guesses, decode_text, without_unseen
from bitrixmail.mime.transfer import Content
from bitrixmail.mime.words import decode_words
from bitrixmail.model.text import HARMFUL

_HTML = ("text/html", "application/xhtml+xml")
_MAX_NAME = 255
_HARMFUL = re.compile(f"[\x00-\x1f{HARMFUL}]")
_LIMITS = BodyLimits()


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file of a message. `type` is as declared; `content_id` without angle brackets.

    `inline`: a page shows it within itself.
    """

    name: str
    type: str
    content_id: str
    inline: bool
    size_octets: int
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """See the module. `text` is that of the HTML if there is no plain one; `html` may be empty.

    `complete`: False if a limit cut something.
    """

    text: str
    html: str
    enclosures: tuple[Enclosure, ...]
    complete: bool


def unpack(octets: bytes, headers: HeaderSection, limits: BodyLimits = _LIMITS) -> Unpacked:
    """Take a whole message apart, whose header section is `headers`."""
    root, complete = split_parts(
        octets,
        headers,
        SplitLimits(
            limits.max_parts, limits.max_depth, limits.max_delimiters, limits.max_head_octets
        ),
    )
    unpacker = _Unpacker(octets, limits)
    unpacker.complete = complete
    unpacker.take(root)
    html = "\n".join(unpacker.pages)
    text = "\n".join(unpacker.texts) or without_unseen(html_text(html))
    return Unpacked(text, html, tuple(unpacker.enclosures), unpacker.complete)


class _Unpacker:
    """Goes through the parts of one message. Made by `unpack`, ends with it."""

    def __init__(self, octets: bytes, limits: BodyLimits) -> None:
        self._octets = octets
        self._guesses = Guesses(limits.max_guesses)
        self._left = {False: limits.max_text_octets, True: limits.max_html_octets}
        self.texts: list[str] = []
        self.pages: list[str] = []
        self.enclosures: list[Enclosure] = []
        self.complete = True

    def take(self, node: Leaf | Multipart) -> None:
        """Put each part where it belongs."""
        if isinstance(node, Multipart):
            for part in node.parts:
                self.take(part)
            return
        disposition, parameters = parse_parameters(self._field(node, "content-disposition"))
        name = self._name(node, parameters)
        is_html = node.declared_type in _HTML
        is_text = is_html or node.declared_type == "text/plain"
        if is_text and disposition != "attachment" and not name:
            self._read(node, is_html=is_html)
        else:
            self._enclose(node, name, disposition)

    def _read(self, leaf: Leaf, *, is_html: bool) -> None:
        content = Content(self._octets, leaf.start, leaf.end, leaf.headers)
        octets, whole = content.first(self._left[is_html])
        self._left[is_html] -= len(octets)
        self.complete = self.complete and whole
        charset = leaf.parameters.get("charset", "")
        text, _ = decode_text(octets, charset, self._guesses, is_html=is_html)
        if text.strip():
            (self.pages if is_html else self.texts).append(text)

    def _enclose(self, leaf: Leaf, name: str, disposition: str) -> None:
        content = Content(self._octets, leaf.start, leaf.end, leaf.headers)
        # Decoded there is never more of it than encoded
        octets, _ = content.first(leaf.end - leaf.start + 1)
        content_id = self._field(leaf, "content-id").decode("utf-8", "replace")
        self.enclosures.append(
            Enclosure(
                name=name,
                type=leaf.declared_type,
                content_id=content_id.strip().removeprefix("<").removesuffix(">")[:_MAX_NAME],
                inline=disposition == "inline" or (bool(content_id) and disposition == ""),
                size_octets=len(octets),
                octets=octets,
            )
        )

    def _name(self, leaf: Leaf, disposition: dict[str, str]) -> str:
        name = disposition.get("filename", "")
        if not name and "name" in leaf.parameters:
            name = parse_parameters(self._field(leaf, "content-type"))[1].get("name", "")
        shown = decode_words(name.encode("utf-8", "replace"), _utf8)[:_MAX_NAME]
        last = re.split(r"[/\\]", _HARMFUL.sub("", without_unseen(shown)).strip())[-1].strip()
        return "" if last in {".", ".."} else last

    def _field(self, leaf: Leaf, name: str) -> bytes:
        """Return a field in UTF-8; 8-bit text stands in some as it is, against the RFC."""
        value = leaf.headers.first(name) or b""
        return value if value.isascii() else self._guesses.decode(value)[0].encode()


def _utf8(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
