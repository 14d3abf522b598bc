"""Guesses at charsets made cheap: the library that makes them costs milliseconds an input."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import chardet

# What it may say: charsets we believe in, others, names nobody knows, nothing
_SAID = (
    "windows-1252", "cp1250", "big5", "gb18030", "cp949", "cp932", "euc-jp", "iso2022_jp", "iso-8859-7", "utf-16",
    "utf-7", "tactis", "MacRoman", "no such charset", "", None,
)  # fmt: skip
_SELDOM = 32
_detect = chardet.detect


def mostly_made_up(octets: bytes) -> dict[str, Any]:
    """Ask the library for one sample in 32; say any charset for the others, always the same."""
    mark = crc32(octets)
    if not mark % _SELDOM:
        return dict(_detect(octets))
    said = _SAID[mark // _SELDOM % len(_SAID)]
    return {"encoding": said, "confidence": 0.5, "language": None}


def make_guesses_cheap() -> None:
    """Let this process guess so from here on; more inputs are worth more than right guesses."""
    chardet.detect = mostly_made_up  # type: ignore[assignment] # a third party's edge
