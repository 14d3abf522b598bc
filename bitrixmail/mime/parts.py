"""The body of a message as people read it, and what is attached to it (RFC 2045, RFC 2046).

Made for rules: bounded in parts, depth, octets and so in time, and never raises. Only texts that
are read are decoded, up to the limit; of attachments the first octets, for their kind.
"""

from __future__ import annotations

from dataclasses import dataclass

from bitrixmail.mime.content_kind import SAMPLE_OCTETS, content_kind
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.mime.html_text import html_text
from bitrixmail.mime.multipart import Leaf, Multipart, SplitLimits, split_parts
from bitrixmail.mime.parameters import parse_parameters
from bitrixmail.mime.text import Guesses, decode_text, without_unseen
from bitrixmail.mime.transfer import Content
from bitrixmail.mime.words import decode_words

_MAX_NAME = 1000
_HTML_TYPES = ("text/html", "application/xhtml+xml", "text/x-amp-html")
# Text, but nobody's words: shown as files, not as part of the letter.
_TEXT_FILES = frozenset(
    ("text/calendar", "text/csv", "text/directory", "text/rtf", "text/vcard", "text/x-vcard",
     "text/xml")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not, or not only, read as text. Made by `parse_body`, lives as it does.

    Pictures that a page shows within itself and attached messages count too.
    """

    name: str
    """The file name, decoded (RFC 2047, RFC 2231); empty if it has none. Hostile: no path."""
    declared_type: str
    """What the message says it is, lower-case: application/pdf."""
    type: str
    """What its first octets show; else what the message says."""
    size_octets: int
    """Decoded size, computed from the encoded one; exact where the encoding is sound."""


@dataclass(frozen=True, slots=True)
class Body:
    """What rules see of a body. Made by `parse_body`, lives as long as a message is judged."""

    text: str
    """All parts that are texts for people, decoded, with LF at line ends, one after the other.

    HTML as `html_text` shows it. Of multipart/alternative all: which one is shown is the reader's
    choice, and a hostile plain one says nothing.
    """
    charset: str
    """Charset of the first text as declared, else as guessed; lower-case; empty without text."""
    attachments: tuple[Attachment, ...]
    """In the order of the message, those of unread alternatives too."""
    complete: bool
    """False: a limit cut something."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much of one message is looked at. Made by whoever calls `parse_body`."""

    max_parts: int = 200
    """Parts, multiparts among them; what follows is not looked at."""
    max_depth: int = 20
    """Multiparts within one another; a deeper one is read as the text it is made of."""
    max_text_octets: int = 1024 * 1024
    """Decoded octets of all texts together, before their charset is."""
    max_html_octets: int = 1024 * 1024
    """The same for HTML, which costs more; counted in both."""
    max_delimiters: int = 20_000
    """Lines that begin like a delimiter of a multipart, whether they are one or not."""
    max_head_octets: int = 64 * 1024
    """Of the header section of each part."""
    max_guesses: int = 5
    """Guesses at undeclared charsets, a few milliseconds each; then the first one serves."""


_LIMITS = BodyLimits()


def parse_body(octets: bytes, headers: HeaderSection, limits: BodyLimits = _LIMITS) -> Body:
    """Read the body of a whole message, whose header section is `headers`.

    Never raises; time grows with the length and no faster. A message of 16 KiB takes some ten
    microseconds, one of 25 MiB some ten milliseconds, HTML up to the limit some tenths of a second.
    """
    split_limits = SplitLimits(
        limits.max_parts, limits.max_depth, limits.max_delimiters, limits.max_head_octets
    )
    root, complete = split_parts(octets, headers, split_limits)
    reader = _Reader(octets, limits)
    reader.complete = complete
    text = reader.read(root)
    return Body(text, reader.charset, tuple(reader.attachments), reader.complete)


class _Reader:
    """Decodes the tree of one message. Made by `parse_body`, ends with it."""

    __slots__ = (
        "_guesses", "_html_left", "_octets", "_text_left", "attachments", "charset", "complete",
    )  # fmt: skip

    def __init__(self, octets: bytes, limits: BodyLimits) -> None:
        self._octets = octets
        self._guesses = Guesses(limits.max_guesses)
        self._text_left = limits.max_text_octets
        self._html_left = limits.max_html_octets
        self.attachments: list[Attachment] = []
        self.charset = ""
        self.complete = True

    def read(self, root: Leaf | Multipart) -> str:
        """Gather the attachments, return the text."""
        self._attach(root)
        return self._text(root)

    def _attach(self, node: Leaf | Multipart) -> None:
        if isinstance(node, Multipart):
            for part in node.parts:
                self._attach(part)
            return
        disposition = parse_parameters(self._field(node, "content-disposition"))
        name = self._name(node, disposition[1])
        if _is_text(node, disposition[0]) and not name:
            return
        content = Content(self._octets, node.start, node.end, node.headers)
        size_octets = content.size_octets()
        head, _ = content.first(SAMPLE_OCTETS)
        kind = content_kind(head, content.at, size_octets) or node.declared_type
        self.attachments.append(Attachment(name, node.declared_type, kind, size_octets))

    def _name(self, leaf: Leaf, disposition: dict[str, str]) -> str:
        """Return the file name of a part (RFC 2183 §2.3, RFC 2231), empty if it has none."""
        name = disposition.get("filename", "")
        if not name and "name" in leaf.parameters:
            name = parse_parameters(self._field(leaf, "content-type"))[1].get("name", "")
        shown = without_unseen(decode_words(name.encode("utf-8", "replace"), _utf8)[:_MAX_NAME])
        # Where a file is opened, dots and blanks at the end of its name count for nothing.
        return shown.strip().rstrip(". ") or shown.strip()

    def _field(self, leaf: Leaf, name: str) -> bytes:
        """Return a field in UTF-8; 8-bit text stands in some as it is, against the RFC."""
        value = leaf.headers.first(name) or b""
        return value if value.isascii() else self._guesses.decode(value)[0].encode()

    def _text(self, node: Leaf | Multipart) -> str:
        if isinstance(node, Multipart):
            texts = [self._text(part) for part in node.parts]
            return "\n".join([text for text in texts if text])
        disposition = node.headers.first("content-disposition") or b""
        return self._read(node) if _is_text(node, parse_parameters(disposition)[0]) else ""

    def _read(self, leaf: Leaf) -> str:
        is_html = leaf.declared_type in _HTML_TYPES
        left = min(self._text_left, self._html_left) if is_html else self._text_left
        content = Content(self._octets, leaf.start, leaf.end, leaf.headers)
        octets, whole = content.first(left)
        self._text_left -= len(octets)
        if is_html:
            self._html_left -= len(octets)
        self.complete = self.complete and whole
        declared = leaf.parameters.get("charset", "")
        text, charset = decode_text(octets, declared, self._guesses, is_html=is_html)
        self.charset = self.charset or charset
        return without_unseen(html_text(text) if is_html else text)


def _is_text(leaf: Leaf, disposition: str) -> bool:
    declared = leaf.declared_type
    return (
        disposition != "attachment"
        and (declared.startswith("text/") or declared in _HTML_TYPES)
        and declared not in _TEXT_FILES
    )


def _utf8(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")
