"""How much octets look like Russian under one charset or another.

A subject of two words is too little for a general detector. Five things tell the charsets apart
even there: how often letters are used, which stand beside one another, whether vowels and
consonants take turns, that capitals come first in a word or all over it, and some usual words.
"""

from __future__ import annotations

import math

# How often a letter comes in a thousand of Russian text; the last four are Ukrainian.
_PER_MILLE = """
о 109 е 84 а 80 и 73 н 67 т 63 с 55 р 47 в 45 л 44 к 35 м 32 д 30 п 28 у 26 я 20 ы 19 ь 17 г 17
з 16 б 16 ч 14 й 12 х 10 ж 9 ш 7 ю 6 ц 5 щ 4 э 3 ф 3 ъ 0.4 ё 2 і 2 ї 0.5 є 0.5 ґ 0.2
"""
_LETTER = {
    letter: math.log(float(often) / 1000)
    for letter, often in zip(_PER_MILLE.split()[::2], _PER_MILLE.split()[1::2], strict=True)
}
_KIND = (
    dict.fromkeys("аеёиоуыэюяіїє", "v")
    | dict.fromkeys("бвгджзйклмнпрстфхцчшщґ", "c")
    | dict.fromkeys("ьъ", "s")
)
# How likely one kind (vowel, consonant, sign) follows another, "" being the edge of a word.
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
_PAIRS_TEXT = """
ст но то на ен ни ко ра ов ро пр по во ос ал ли ре го не та ор ер ет ан ла де ка ло он ть ол ом
ва ел ил ле ит ат до за ри да ес ве ны ся ск ие от об ин из ик ис ак ам ас ма ме ми мо ки ди ти
те ви че ши жи ча шт ью ия ый ой ая ое ые их ей вы ру ку ту су ну му ду уч ус ук ул зн аз ад ав
сл сп св кр гр др бо бы бе ба ль нн щи ще щё жд дн од ог ед ег чё цы це сч зв
"""
_PAIRS = frozenset(_PAIRS_TEXT.split())
_PAIR = math.log(3.0)
# Words that subjects are full of: in capitals, alone, a short one reads as well as its double in
# another charset, where capitals and small letters stand the other way round.
_WORDS_TEXT = """
акт акты бух вопрос вх где да деньги договор документы жду заказ заказа заявка заявку здравствуйте
инн исх как кп кпп кто мы нал накладная насчет насчёт ндс нет огрн оплата оплате оплату ответ отчет
отчёт оферта ошибка письмо подпись помощь почта прайс привет просьба сайт сайта смета срочно счет
счета счету счёт счёта сч тест тз товар товары упд фактура цена цены чек чеки что это
"""
_WORDS = frozenset(_WORDS_TEXT.split())
_WORD = math.log(1000.0)
_SIGNS = frozenset("№«»—–“”„…\u00a0’")
_SIGN = math.log(0.003)
_ALIEN = math.log(0.00003)
_LATIN_BESIDE = math.log(0.0005)
# The case of a letter after nothing, after one capital, after several, after a small letter.
_CAPITAL_AFTER = (math.log(0.4), math.log(0.2), 0.0, math.log(0.002))
_SMALL_AFTER = (0.0, 0.0, math.log(0.002), 0.0)
# How common each charset is in mail, as a handicap.
_CHARSETS = {"cp1251": 0.0, "koi8_u": -0.5, "cp866": -1.0, "iso8859_5": -1.5}
# What an octet of Cyrillic scores at least, on the average; chance evens out in longer text.
_PLAUSIBLE = -5.2
_PLAUSIBLE_SHORT = -7.0
_SHORT = 8


def cyrillic_charset(sample: bytes) -> str | None:
    """Return the Cyrillic charset by which `sample` reads best; None if by none of them.

    The caller bounds the sample: the work is some two microseconds an octet.
    """
    letters = sum(octet > 0x7F for octet in sample) or 1
    scores = {codec: _score(sample, codec) + handicap for codec, handicap in _CHARSETS.items()}
    best = max(scores, key=scores.__getitem__)
    least = _PLAUSIBLE_SHORT if letters < _SHORT else _PLAUSIBLE
    return best if scores[best] / letters >= least else None


def _score(sample: bytes, codec: str) -> float:
    """Add the logarithms of the chances of each letter, sign and neighbourhood."""
    score = 0.0
    previous, kind_before, case, word = " ", "", 0, ""
    for letter in sample.decode(codec, "replace") + " ":
        lower = letter.lower()
        kind = _KIND.get(lower, "")
        if kind or kind_before:
            score += _FOLLOWS[(kind_before, kind)]
        if kind:
            word += lower
            score += _LETTER[lower] + _PAIR * (previous + lower in _PAIRS)
            if previous.isascii() and previous.isalpha():
                score += _LATIN_BESIDE
            capital = letter != lower
            score += _CAPITAL_AFTER[case] if capital else _SMALL_AFTER[case]
            case = min(case + 1, 2) if capital and case < 3 else 3
        else:
            score += _WORD * (word in _WORDS)
            case, word = 0, ""
            if not letter.isascii():
                score += _SIGN if letter in _SIGNS else _ALIEN
            elif kind_before and letter.isalpha():
                score += _LATIN_BESIDE
        previous, kind_before = lower, kind
    return score
