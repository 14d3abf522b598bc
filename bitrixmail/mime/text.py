"""Octets of a text part as text, by the charset it declares, its page says, or it looks like."""

from __future__ import annotations

import re

from bitrixmail.mime.charset import codec_name, guess_charset

_MAX_NAME = 40
_SAMPLE_OCTETS = 512
_META_OCTETS = 2048
_META = re.compile(
    rb"""<meta\s[^>]{0,200}?charset\s*+=\s*+["']?([a-z0-9_.:-]{1,40})""", re.IGNORECASE
)
_HIGH = re.compile(rb"[\x80-\xff]")
_ASCII = bytes(range(0x80))
# Declared by programs that do not know what they send.
_NOTHING_SAID = ("", "us-ascii", "ascii", "unknown-8bit", "x-unknown", "default", "binary")
# What mail calls a charset that Python calls otherwise.
_MAIL_NAMES = {
    "koi8_u": "koi8-r", "koi8_r": "koi8-r", "cp866": "cp866", "cp949": "euc-kr",
    "cp932": "shift_jis", "cp874": "windows-874",
}  # fmt: skip
_UNSEEN = ("\u00ad", "\u034f", "\u200b", "\u200c", "\u2060", "\ufeff")


class Guesses:
    """Guesses at charsets that nobody declares, a few for one message.

    Each costs milliseconds, and a message may have hundreds of parts: when there were enough,
    the first one serves. Made by `mime.parts`, lives as long as it reads one message.
    """

    __slots__ = ("_first", "_left")

    def __init__(self, left: int) -> None:
        self._left = left
        self._first = ""

    def decode(self, octets: bytes) -> tuple[str, str]:
        """Return octets as UTF-8 if they are, else as they read best, and the charset."""
        text = _decoded(octets, "utf-8")
        if text is not None:
            return text, "us-ascii" if octets.isascii() else "utf-8"
        codec = self._first
        if self._left > 0:
            self._left -= 1
            codec = guess_charset(_sample(octets))
            self._first = self._first or codec
        return octets.decode(codec or "cp1252", "replace"), _mail_name(codec)


def _mail_name(codec: str) -> str:
    name = _MAIL_NAMES.get(codec)
    if name is None:
        name = re.sub(r"^cp(?=125)", "windows-", codec)
        name = re.sub(r"^iso(?=8859)", "iso-", name).replace("_", "-")
    return name


def decode_text(
    octets: bytes, declared: str, guesses: Guesses, *, is_html: bool
) -> tuple[str, str]:
    """Return the text, with LF at line ends, and its charset as mail calls it.

    A charset that does not fit is passed over; one that fits but for a few octets is kept.
    Never raises.
    """
    name = declared.strip().lower()[:_MAX_NAME]
    if name in _NOTHING_SAID and is_html:
        name = _charset_of_page(octets)
    codec = None if name in _NOTHING_SAID else codec_name(name)
    text = _decoded(octets, codec) if codec else None
    if text is None:
        text, guessed = guesses.decode(octets)
        if codec or name in _NOTHING_SAID:
            name = guessed
    return _lines(text), name


def without_unseen(text: str) -> str:
    """Take out the letters nobody sees, such as stand within words to hide them from rules."""
    if not text.isascii():
        for unseen in _UNSEEN:
            if unseen in text:
                text = text.replace(unseen, "")
    return text


def _decoded(octets: bytes, codec: str) -> str | None:
    """Decode by a charset; None if that is plainly not the one."""
    try:
        return octets.decode(codec)
    except UnicodeDecodeError:
        pass
    except UnicodeError:  # utf-16 and its like complain of a missing byte order mark
        return None
    text = octets.decode(codec, "replace")
    # A text cut in the middle of a letter, or a smiley of another charset, is no reason to doubt.
    letters = len(octets.translate(None, _ASCII))
    return text if text.count("\ufffd") * 4 < max(letters, 5) else None


def _sample(octets: bytes) -> bytes:
    """Take a piece for a guess that begins with the first word of 8-bit letters."""
    high = _HIGH.search(octets)
    if high is None:
        return octets[:_SAMPLE_OCTETS]
    start = max(octets.rfind(b" ", 0, high.start()), octets.rfind(b"\n", 0, high.start())) + 1
    start = max(start, high.start() - 20)
    return octets[start : start + _SAMPLE_OCTETS]


def _charset_of_page(octets: bytes) -> str:
    """Look for what a page says of itself, where the message says nothing."""
    said = _META.search(octets[:_META_OCTETS])
    return said[1].decode("ascii").lower() if said else ""


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n") if "\r" in text else text
