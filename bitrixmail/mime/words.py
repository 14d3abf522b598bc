"""Encoded words: text of any charset in header fields (RFC 2047), broken ones tolerated.

Nothing here raises. Work grows with the length of the field and no faster.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable

from bitrixmail.mime.base64 import decode_base64
from bitrixmail.mime.charset import codec_name

# Senders leave white space and single question marks unencoded; both are let pass, the latter
# in a bounded number, so that a field of unfinished words costs no more than its length.
_WORD = re.compile(
    rb"=\?([!->@-~]{1,80})\?([bBqQ])\?([^?]*+(?:\?(?!=)[^?]*+){0,8})\?=",
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# What some senders write without looking.
_NOTHING_SAID = (b"us-ascii", b"ascii")
Undeclared = Callable[[bytes], str]


def decode_words(value: bytes, undeclared: Undeclared) -> str:
    """Decode an unfolded field value to one line of text.

    `undeclared` decodes 8-bit octets that no encoded word declares. Adjacent words of one charset
    are joined before they are decoded, since senders split letters between them (against §5).
    """
    if value.isascii():
        text = _decode(value, undeclared) if b"=?" in value else value.decode("ascii")
    elif b"=?" in value:
        text = _decode(value, undeclared)
    else:
        text = undeclared(value)
    return text if text.isprintable() else _CONTROL.sub(" ", text)


def _decode(value: bytes, undeclared: Undeclared) -> str:
    parts: list[str] = []
    charset, octets = b"", b""
    position = 0
    for word in _WORD.finditer(value):
        between = value[position : word.start()]
        joined = position > 0 and not between.strip()
        name = word[1].lower()
        if not joined or name != charset:
            parts.append(_text(octets, charset, undeclared))
            octets = b""
            if not joined:
                parts.append(_plain(between, undeclared))
        charset = name
        octets += _octets(word[2], word[3])
        position = word.end()
    parts.append(_text(octets, charset, undeclared))
    parts.append(_plain(value[position:], undeclared))
    return "".join(parts)


def _plain(octets: bytes, undeclared: Undeclared) -> str:
    return octets.decode("ascii") if octets.isascii() else undeclared(octets)


def _text(octets: bytes, charset: bytes, undeclared: Undeclared) -> str:
    """Decode what words of one charset held; an unknown charset counts as none declared."""
    if not octets:
        return ""
    codec = codec_name(charset.decode("ascii"))
    if codec is None or (charset in _NOTHING_SAID and not octets.isascii()):
        return undeclared(octets)
    try:
        return octets.decode(codec)
    except UnicodeDecodeError:
        return octets.decode(codec, "replace")
    except UnicodeError:  # utf-16 and its like complain of a missing byte order mark
        return undeclared(octets)


def _octets(encoding: bytes, encoded: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(encoded, header=True)
    return decode_base64(encoded)
