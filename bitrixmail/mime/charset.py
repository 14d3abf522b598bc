"""Names of charsets, and a guess at the charset of text that declares none.

Senders write Russian subjects as bare windows-1251, koi8-r or cp866. A general detector needs
a paragraph to see that, a subject has two words; so Cyrillic is decided here, by how often
letters stand alone and beside one another, and everything else is left to chardet.
"""

from __future__ import annotations

import math
import re
from encodings.aliases import aliases

import chardet

_NOT_TEXT = frozenset(
    "base64_codec bz2_codec hex_codec quopri_codec rot_13 uu_codec zlib_codec mbcs oem tactis "
    "unicode_escape raw_unicode_escape undefined punycode idna utf_7".split()
)
_KNOWN = {
    name: codec
    for name, codec in {**aliases, **{codec: codec for codec in aliases.values()}}.items()
    if codec not in _NOT_TEXT
} | {
    # Wrong names in daily use, and names of subsets that are meant as their supersets.
    "iso_8859_1": "cp1252",
    "latin_1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us_ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601_1987": "cp949",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "win_1251": "cp1251",
    "windows1251": "cp1251",
    "win1251": "cp1251",
    "cp_1251": "cp1251",
    "koi8r": "koi8_r",
    "koi8": "koi8_r",
    "koi8_u": "koi8_u",
    "koi8_r": "koi8_r",
    "ibm866": "cp866",
    "dos_866": "cp866",
    "cp_866": "cp866",
    "x_mac_cyrillic": "mac_cyrillic",
    "utf_8_sig": "utf_8",
    "cp874": "cp874",
    "cp1006": "cp1006",
    "cp737": "cp737",
    "cp856": "cp856",
    "cp875": "cp875",
    "cp720": "cp720",
}
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_MAX_NAME = 40

# How often a letter comes in a thousand of Russian text; the last four are Ukrainian.
_PER_MILLE = dict(
    zip(
        "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґ",
        # fmt: off
        (
            109,
            84,
            80,
            73,
            67,
            63,
            55,
            47,
            45,
            44,
            35,
            32,
            30,
            28,
            26,
            20,
            19,
            17,
            17,
            16,
            16,
            14,
            12,
            10,
            9,
            7,
            6,
            5,
            4,
            3,
            3,
            0.4,
            2,
            2,
            0.5,
            0.5,
            0.2,
        ),
        # fmt: on
        strict=True,
    )
)
_LETTER = {letter: math.log(often / 1000) for letter, often in _PER_MILLE.items()}
_KIND = (
    dict.fromkeys("аеёиоуыэюяіїє", "v")
    | dict.fromkeys("бвгджзйклмнпрстфхцчшщґ", "c")
    | dict.fromkeys("ьъ", "s")
)
# How likely one kind follows another, "" being the edge of a word.
_FOLLOWS = {
    pair: math.log(chance)
    for pair, chance in {
        ("", "v"): 0.3, ("", "c"): 0.7, ("", "s"): 0.0005,
        ("v", "v"): 0.1, ("v", "c"): 0.7, ("v", "s"): 0.0005, ("v", ""): 0.2,
        ("c", "v"): 0.6, ("c", "c"): 0.25, ("c", "s"): 0.04, ("c", ""): 0.11,
        ("s", "v"): 0.15, ("s", "c"): 0.45, ("s", "s"): 0.0005, ("s", ""): 0.4,
    }.items()
}  # fmt: skip
# Pairs of letters that Russian is full of.
_PAIRS = frozenset(
    "ст но то на ен ни ко ра ов ро пр по во ос ал ли ре го не та ор ер ет ан ла де ка ло он ть ол "
    "ом ва ел ил ле ит ат до за ри да ес ве ны ся ск ие от об ин из ик ис ак ам ас ма ме ми мо ки "
    "ди ти те ви че ши жи ча шт ью ия ый ой ая ое ые их ей вы ру ку ту су ну му ду уч ус ук ул зн "
    "аз ад ав сл сп св кр гр др бо бы бе ба ль нн щи ще щё жд дн од ог ед ег чё цы це ен сч зв".split()
)
_PAIR = math.log(3.0)
_SIGNS = frozenset("№«»—–“”„…\u00a0’")
_SIGN = math.log(0.003)
_ALIEN = math.log(0.00003)
_LATIN_BESIDE = math.log(0.0005)
# The case of a letter after (nothing, one capital, several capitals, a small letter).
_CAPITAL_AFTER = (math.log(0.4), math.log(0.2), 0.0, math.log(0.002))
_SMALL_AFTER = (0.0, 0.0, math.log(0.002), 0.0)
_CYRILLIC = {"cp1251": 0.0, "koi8_u": -0.5, "cp866": -1.0, "iso8859_5": -1.5}
# What an octet of Cyrillic text scores at least, on the average; chance evens out in longer ones.
_PLAUSIBLE = -5.2
_PLAUSIBLE_SHORT = -7.0
_SHORT = 8
_OTHERS = re.compile(
    r"cp125[02-8]|cp874|iso8859_(?!5)\w+|big5\w*|gb18030|cp949|cp932|euc_jp|iso2022_\w+|utf_\w+"
)
_SAMPLE_OCTETS = 1024


def codec_name(charset: str) -> str | None:
    """Return Python's codec for a charset as a message names it; None if there is none.

    Names come from strangers: they are looked up in a table and never handed to `codecs`,
    which would search modules for them and remember every miss.
    """
    name = _SEPARATORS.sub("_", charset[:_MAX_NAME].lower().partition("*")[0]).strip("_")
    return _KNOWN.get(name) or _KNOWN.get(name.removeprefix("x_"))


def guess_charset(sample: bytes) -> str:
    """Return the codec by which 8-bit text that is no UTF-8 reads best. Never fails.

    Looks at the first KiB; costs up to two milliseconds.
    """
    sample = sample[:_SAMPLE_OCTETS]
    letters = sum(octet > 0x7F for octet in sample) or 1
    chances = {codec: _reads(sample, codec) + prior for codec, prior in _CYRILLIC.items()}
    best = max(chances, key=chances.__getitem__)
    least = _PLAUSIBLE_SHORT if letters < _SHORT else _PLAUSIBLE
    if chances[best] / letters >= least:
        return best
    found = codec_name(chardet.detect(sample)["encoding"] or "")
    return found if found and _OTHERS.fullmatch(found) else "cp1252"


def warm() -> None:
    """Load chardet's tables (a tenth of a second), so that no message waits for them."""
    chardet.detect(b"caf\xe9 cr\xe8me")


def _reads(sample: bytes, codec: str) -> float:
    """Score how much like Russian `sample` reads under a codec: a sum of log chances."""
    score = 0.0
    previous, kind_before, case = " ", "", 0
    for letter in sample.decode(codec, "replace") + " ":
        lower = letter.lower()
        kind = _KIND.get(lower, "")
        if kind or kind_before:
            score += _FOLLOWS[(kind_before, kind)]
        if kind:
            score += _LETTER[lower] + _PAIR * (previous + lower in _PAIRS)
            if previous.isascii() and previous.isalpha():
                score += _LATIN_BESIDE
            capital = letter != lower
            score += _CAPITAL_AFTER[case] if capital else _SMALL_AFTER[case]
            case = min(case + 1, 2) if capital and case < 3 else 3
        else:
            case = 0
            if not letter.isascii():
                score += _SIGN if letter in _SIGNS else _ALIEN
            elif kind_before and letter.isalpha():
                score += _LATIN_BESIDE
        previous, kind_before = lower, kind
    return score
