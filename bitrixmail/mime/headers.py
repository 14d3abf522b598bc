"""The header section of a message, split by hand in microseconds and decoded when asked.

Hostile and broken sections never raise: lines that are no field are passed over
(RFC 5322 §2.2, §4.5), bare LF ends a line as CRLF does, a missing empty line ends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bitrixmail.mime.charset import codec_name, guess_charset
from bitrixmail.mime.parameters import parse_parameters
from bitrixmail.mime.words import decode_words

MAX_SECTION_OCTETS = 256 * 1024
MAX_FIELDS = 5000
_SAMPLE_OCTETS = 512

# A name, perhaps white space (obsolete syntax), a colon, then its line and the folded ones.
_FIELD = re.compile(rb"^([!-9;-~\x80-\xff]++)[ \t]*+:(.*+(?:\n[ \t].*+)*+)", re.MULTILINE)


class HeaderSection:
    """The fields of a message in their order, every occurrence kept.

    Made once per message by `parse`, lives as long as it is judged. Decoded texts are kept, so
    one thread at a time may use it.
    """

    __slots__ = ("_declared", "_fields", "_guessed", "_texts", "end", "present")

    def __init__(self, fields: list[tuple[bytes, bytes]], end: int) -> None:
        self._fields = fields
        self.present: dict[bytes, list[bytes]] = {}
        """The fields there are: their names in small letters, and their values still folded."""
        for key, value in fields:
            name = key.lower()
            if name in self.present:
                self.present[name].append(value)
            else:
                self.present[name] = [value]
        self._texts: dict[str, tuple[str, ...]] = {}
        self._declared: str | None = None
        self._guessed = ""
        self.end = end
        """Where the body starts: the offset behind the empty line, or the length of `head`."""

    @classmethod
    def parse(cls, head: bytes) -> HeaderSection:
        """Split the start of a message; what stands behind its empty line is not looked at."""
        end = _end_of(head)
        fields = _FIELD.findall(head, 0, min(end, MAX_SECTION_OCTETS))
        del fields[MAX_FIELDS:]
        return cls(fields, end)

    def __len__(self) -> int:
        """Count the fields."""
        return len(self._fields)

    def fields(self) -> Iterable[tuple[bytes, bytes]]:
        """Go through name and unfolded value of all fields, in their order."""
        return ((name, _unfold(value)) for name, value in self._fields)

    def first(self, name: str) -> bytes | None:
        """Return the unfolded value of the first field of that name; None if there is none."""
        found = self.present.get(_key(name))
        return _unfold(found[0]) if found else None

    def all(self, name: str) -> list[bytes]:
        """Return the unfolded values of all fields of that name, in their order."""
        return [_unfold(value) for value in self.present.get(_key(name), ())]

    def count(self, name: str) -> int:
        """Count the fields of that name."""
        return len(self.present.get(_key(name), ()))

    def text(self, name: str) -> str:
        """Return the decoded text of the first field of that name; empty if there is none."""
        found = self.texts(name)
        return found[0] if found else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the decoded texts of all fields of that name, in their order."""
        found = self._texts.get(name)
        if found is None:
            folded = self.present.get(_key(name))
            found = tuple([self.decode(_unfold(value)) for value in folded]) if folded else ()
            self._texts[name] = found
        return found

    def decode(self, value: bytes) -> str:
        """Decode a part of a field of this section: encoded words and undeclared 8-bit text."""
        return decode_words(value, self._decode_undeclared)

    def _decode_undeclared(self, octets: bytes) -> str:
        """Decode text nobody declared: as UTF-8, as the message's charset, or by its looks."""
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            pass
        if self._declared is None:
            self._declared = self._declared_codec()
        if self._declared:
            try:
                return octets.decode(self._declared)
            except UnicodeDecodeError:
                pass
        # One guess serves the section: its fields are of one charset, and the work is bounded.
        self._guessed = self._guessed or guess_charset(self._sample() or octets)
        return octets.decode(self._guessed, "replace")

    def _declared_codec(self) -> str:
        parameters = parse_parameters(self.first("content-type") or b"")[1]
        return codec_name(parameters.get("charset", "")) or ""

    def _sample(self) -> bytes:
        """Gather 8-bit text for a guess, that of the fields which people read first."""
        gathered: list[bytes] = []
        for name in ("subject", "from", "to", "cc", "reply-to"):
            gathered += self.all(name)
        gathered += (value for _, value in self.fields())
        sample = bytearray()
        for value in dict.fromkeys(gathered):  # each once: a short text is no long one
            if value.isascii() or _is_utf8(value):
                continue
            sample += value[:_SAMPLE_OCTETS] + b"\n"
            if len(sample) >= _SAMPLE_OCTETS:
                break
        return bytes(sample[:_SAMPLE_OCTETS])


@lru_cache(maxsize=4096)  # names come from our code and from rules
def _key(name: str) -> bytes:
    return name.lower().encode("ascii", "replace")


def _end_of(head: bytes) -> int:
    """Return the offset behind the first empty line, or the length if there is none."""
    if head.startswith((b"\r\n", b"\n")):
        return head.index(b"\n") + 1
    crlf = head.find(b"\n\r\n")
    bare = head.find(b"\n\n", 0, crlf + 1 if crlf >= 0 else len(head))
    if bare >= 0:
        return bare + 2
    return crlf + 3 if crlf >= 0 else len(head)


def _unfold(value: bytes) -> bytes:
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.strip(b" \t\r")


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
