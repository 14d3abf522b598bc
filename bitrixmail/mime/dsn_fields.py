"""The fields of a delivery status notification, written so that no remote text breaks them.

Pure. Whatever ends a line, is no letter, or makes a line too long is replaced, cut or encoded.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email.utils import format_datetime

from bitrixmail.model.text import HARMFUL

_HARMFUL = re.compile(f"[\x00-\x20{HARMFUL}]+")
_WIDTH = 76
_MAX_WORD = 60  # of text; a longer one is cut up, so that lines keep below 998 octets
# What fits into one encoded word of 75 characters (RFC 2047 §2)
_ENCODED_OCTETS = 45
_MAX_ADDRESS = 500
_NOT_HOST = re.compile(r"[^A-Za-z0-9.:_\[\]-]")
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_XTEXT7 = re.compile(r"[^!-*,-<>-\[\]-~]")
_KIND = re.compile(r"[A-Za-z0-9-]{1,40}")


def one_line(text: str, limit: int) -> str:
    """Return text with single spaces for whatever is no letter, cut to `limit` characters."""
    shown = _HARMFUL.sub(" ", text[: 4 * limit]).strip()
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def date(moment: datetime) -> str:
    """Write a moment as RFC 5322 §3.3 has it, in UTC."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0))


def host(name: str) -> str:
    """Return a host's name as a field may have it."""
    return _NOT_HOST.sub("?", name[:255])


def status(code: str, action_class: str) -> str:
    """Return a status code (RFC 3463); one that is none becomes the plainest of its class."""
    return code if _STATUS.fullmatch(code) else f"{action_class}.0.0"


def address(written: str, *, utf8: bool) -> str:
    r"""Write an address with its type (RFC 3464 §2.3.1); letters as `\x{…}` unless `utf8`.

    An address beyond ASCII has the type utf-8 (RFC 6533 §3).
    """
    shown = _HARMFUL.sub("?", written[:_MAX_ADDRESS])
    if shown.isascii():
        return f"rfc822; {shown}"
    return f"utf-8; {shown if utf8 else _seven_bit(shown)}"


def original_address(given: str, *, utf8: bool) -> str:
    """Write an ORCPT with the type it was given (RFC 3461 §4.2); empty if it is none."""
    kind, semicolon, rest = given.partition(";")
    if not (semicolon and rest.strip() and _KIND.fullmatch(kind)):
        return ""
    shown = _HARMFUL.sub("?", rest.strip()[:_MAX_ADDRESS])
    if not shown.isascii() and not utf8:
        shown = _seven_bit(shown)
    return f"{kind}; {shown}"


def _seven_bit(text: str) -> str:
    return _XTEXT7.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", text)


def field(name: str, value: str, *, utf8: bool = False) -> bytes:
    """Write one field, folded, ending in CRLF; text beyond ASCII encoded unless `utf8`."""
    words = value.split(" ")
    if not value.isascii() and not utf8:
        strange = [place for place, word in enumerate(words) if not word.isascii()]
        first, last = strange[0], strange[-1] + 1
        words[first:last] = encoded_words(" ".join(words[first:last]))
    lines, line = [], f"{name}:"
    for word in words:
        for piece in _pieces(word, name):
            if len(line) + 1 + len(piece) > _WIDTH and line != f"{name}:":
                lines.append(line)
                line = ""
            line += f" {piece}"
    return "\r\n".join([*lines, line]).encode("utf-8", "replace") + b"\r\n"


def _pieces(word: str, name: str) -> list[str]:
    """Cut a word of text that is longer than anything a host says; addresses stay whole."""
    if name not in ("Diagnostic-Code", "Subject") or len(word) <= 80:
        return [word]
    return [word[start : start + _MAX_WORD] for start in range(0, len(word), _MAX_WORD)]


def encoded_words(text: str) -> list[str]:
    """Encode text as UTF-8 in words of RFC 2047, none of which splits a letter (§5)."""
    words, piece = [], b""
    for letter in text:
        octets = letter.encode("utf-8", "replace")
        if len(piece) + len(octets) > _ENCODED_OCTETS:
            words.append(piece)
            piece = b""
        piece += octets
    words.append(piece)
    return [f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in words if word]
