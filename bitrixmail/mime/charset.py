"""Names of charsets, and a guess at the charset of text that declares none."""

from __future__ import annotations

import re
from encodings.aliases import aliases

import chardet

from bitrixmail.mime.cyrillic import cyrillic_charset

_NOT_TEXT_NAMES = """
base64_codec bz2_codec hex_codec quopri_codec rot_13 uu_codec zlib_codec mbcs oem tactis
unicode_escape raw_unicode_escape undefined punycode idna utf_7
"""
_NOT_TEXT = frozenset(_NOT_TEXT_NAMES.split())
# Wrong names in daily use, and names of subsets that are meant as their supersets.
_MEANT = {
    "iso_8859_1": "cp1252",
    "iso8859_1": "cp1252",
    "latin_1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us_ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601_1987": "cp949",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "sjis": "cp932",
    "win_1251": "cp1251",
    "windows1251": "cp1251",
    "win1251": "cp1251",
    "cp_1251": "cp1251",
    "koi8r": "koi8_r",
    "koi8": "koi8_r",
    "koi8_u": "koi8_u",
    "dos_866": "cp866",
    "cp_866": "cp866",
    "mac_cyrillic": "mac_cyrillic",
    "cp874": "cp874",
    "windows_874": "cp874",
}
_KNOWN = {
    name: codec
    for name, codec in (aliases | {codec: codec for codec in aliases.values()} | _MEANT).items()
    if codec not in _NOT_TEXT
}
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_MAX_NAME = 40
# What chardet may find; the rest of its hundred are charsets no mail is written in.
_BELIEVED = re.compile(
    r"cp125[02-8]|cp874|iso8859_(?!5)\w+|big5\w*|gb18030|cp949|cp932|euc_jp|iso2022_\w+"
)
_SAMPLE_OCTETS = 512


def codec_name(charset: str) -> str | None:
    """Return Python's codec for a charset as a message names it; None if there is none.

    Names come from strangers: they are looked up in a table and never handed to `codecs`,
    which would search modules for them and remember every miss.
    """
    name = _SEPARATORS.sub("_", charset[:_MAX_NAME].lower().partition("*")[0]).strip("_")
    return _KNOWN.get(name) or _KNOWN.get(name.removeprefix("x_"))


def guess_charset(sample: bytes) -> str:
    """Return the codec by which 8-bit text that is no UTF-8 reads best. Never fails.

    Looks at the first 512 octets; costs a few milliseconds at most.
    """
    sample = sample[:_SAMPLE_OCTETS]
    cyrillic = cyrillic_charset(sample)
    if cyrillic is not None:
        return cyrillic
    found = codec_name(chardet.detect(sample)["encoding"] or "")
    return found if found and _BELIEVED.fullmatch(found) else "cp1252"


def warm() -> None:
    """Load chardet's tables (a tenth of a second), so that no message waits for them."""
    chardet.detect(b"caf\xe9 cr\xe8me")
