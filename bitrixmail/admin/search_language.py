"""The language of the search box, read: words, fields, comparisons, quotes, negation.

Pure. A mistake is told with its place in the text, as a code that each face puts into words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from bitrixmail.admin import typed
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.searching import STATES, Field, Sought, Term, folded
from bitrixmail.model.text import printable
from bitrixmail.rules.times import read_moment
from bitrixmail.rules.words import nearest

MOST_TERMS = 30
MOST_LETTERS = 1000
MOST_SCORE = 100
# As people write the fields and values in Russian
_RUSSIAN = {
    "от": "from", "кому": "to", "тема": "subject", "ящик": "mailbox", "папка": "folder",
    "есть": "has", "состояние": "is", "до": "before", "после": "after", "балл": "score",
    "размер": "size",
    "вложение": "attachment", "непрочитано": "unread", "прочитано": "read", "спам": "spam",
    "помечено": "flagged", "сегодня": "today", "вчера": "yesterday",
}  # fmt: skip
_DAYS_AGO = {"today": 0, "yesterday": 1}
# A day as it is written in Russian, or most of Europe
_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)", re.ASCII)
_FIELDS = {field.value: field for field in Field if field is not Field.WORDS}
_WORDS_OF = {Field.IS: STATES, Field.ATTACHED: ("attachment",)}
_COMPARED = frozenset({Field.SCORE, Field.SIZE})
_FIELD = re.compile(r"([^\W\d_]+)(:|>=|<=|>|<|=)", re.UNICODE)
# A word in quotes, or what stands before the next blank; quotes may begin within it
_PIECE = re.compile(r"\s+|(?P<piece>(?:\"[^\"]*\"|[^\s\"])+)|(?P<open>\")")


class Mistake(StrEnum):
    """What can be wrong with a term."""

    QUOTE = "quote"  # never closed
    FIELD = "field"  # none of that name
    EMPTY = "empty"  # nothing behind it
    VALUE = "value"  # is: and has: know no such word
    DATE = "date"
    NUMBER = "number"
    SIZE = "size"
    COMPARED = "compared"  # > or < with a field that has texts
    LONG = "long"


# In English: what is wrong, and what helps
_SAID = {
    Mistake.QUOTE: ("a quote is opened and never closed", 'put a " behind the last word'),
    Mistake.FIELD: ("there is no such field", "to look for the text itself put it in quotes"),
    Mistake.EMPTY: ("nothing stands behind it", "write a value behind it, without a space"),
    Mistake.VALUE: ("is not known here", "is: unread, read, spam, flagged; has: attachment"),
    Mistake.DATE: ("is no date", "write it like 2026-01-31, 31.01.2026, today or yesterday"),
    Mistake.NUMBER: ("is no number from 0 to 100", "write it like score>50"),
    Mistake.SIZE: ("is no size", "write it like size>1MiB"),
    Mistake.COMPARED: ("compares what is no number", "write a colon in place of the sign"),
    Mistake.LONG: ("is too long", "take some words away"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mistake stands: letters from `at`, counted from 0, and what is `shown` there."""

    mistake: Mistake
    at: int
    shown: str
    near: str = ""


class SearchError(InputError):
    """A text that can't be read as a search."""

    def __init__(self, place: Place) -> None:
        what, remedy = _SAID[place.mistake]
        if place.near:
            remedy = f"{place.near}; {remedy}"
        where = f'search, letter {place.at + 1}: "{place.shown}"'
        super().__init__(Fault(where, what, remedy))
        self.place = place


def read_search(text: str, zone: tzinfo, now: datetime | None = None) -> Sought:
    """Read a search; days begin in `zone`. Raises SearchError.

    `now` is aware, and what today and yesterday are counted from: without it they are no dates.
    """
    if len(text) > MOST_LETTERS:
        raise _mistake(Mistake.LONG, MOST_LETTERS, text[:20])
    terms: list[Term] = []
    for at, piece in _pieces(text):
        if len(terms) == MOST_TERMS:
            raise _mistake(Mistake.LONG, at, piece)
        term = _term(piece, at, zone, now)
        if term is not None:
            terms.append(term)
    return Sought(tuple(terms))


def _mistake(mistake: Mistake, at: int, shown: str, near: str = "") -> SearchError:
    return SearchError(Place(mistake, at, printable(shown, 60), near))


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    while at < len(text):
        found = _PIECE.match(text, at)
        if found is None or found["open"] is not None:
            raise _mistake(Mistake.QUOTE, at, text[at:])
        if found["piece"] is not None:
            yield at, found["piece"]
        at = found.end()


def _term(piece: str, at: int, zone: tzinfo, now: datetime | None) -> Term | None:
    negated = len(piece) > 1 and piece.startswith("-")
    rest, start = (piece[1:], at + 1) if negated else (piece, at)
    found = _FIELD.match(rest)
    if found is None:
        text = folded(rest.replace('"', ""))
        return Term(Field.WORDS, text, negated=negated) if text else None
    field = _field(found[1], found[2], start)
    value = rest[found.end() :].replace('"', "").strip()
    if not value:
        raise _mistake(Mistake.EMPTY, start, found[0])
    if found[2] != ":" and field not in _COMPARED:
        raise _mistake(Mistake.COMPARED, start, rest)
    if field in {Field.BEFORE, Field.AFTER}:
        moment = _moment(value, start + found.end(), zone, now)
        return Term(field, moment=moment, negated=negated)
    return _valued(field, found[2], value, start + found.end(), negated=negated)


def _field(name: str, sign: str, at: int) -> Field:
    folded_name = name.casefold()
    known = _FIELDS.get(_RUSSIAN.get(folded_name, folded_name))
    if known is None:
        near = nearest(folded_name, [*_FIELDS, *_RUSSIAN], "")
        raise _mistake(Mistake.FIELD, at, name + sign, near)
    return known


def _valued(field: Field, sign: str, value: str, at: int, *, negated: bool) -> Term:
    word = _RUSSIAN.get(value.casefold(), value.casefold())
    match field:
        case Field.IS | Field.ATTACHED:
            if word not in _WORDS_OF[field]:
                other = Field.IS if field is Field.ATTACHED else Field.ATTACHED
                near = (
                    f'did you mean "{other}:{value.casefold()}"?'
                    if word in _WORDS_OF[other]
                    else ""
                )
                raise _mistake(Mistake.VALUE, at, value, near)
            return Term(field, word, negated=negated)
        case Field.SCORE:
            number = _score(value, at)
        case Field.SIZE:
            try:
                number = float(typed.size_octets(value))
            except InputError:
                raise _mistake(Mistake.SIZE, at, value) from None
        case _:
            # A folder and an id are what they are; texts are compared without their case
            text = value if field is Field.ID else folded(value)
            return Term(field, text, negated=negated)
    return Term(field, op="=" if sign == ":" else sign, number=number, negated=negated)


def _moment(value: str, at: int, zone: tzinfo, now: datetime | None) -> datetime:
    word = _RUSSIAN.get(value.casefold(), value.casefold())
    if word in _DAYS_AGO and now is not None:
        day = now.astimezone(zone).date() - timedelta(days=_DAYS_AGO[word])
        value = day.isoformat()
    try:
        return read_moment(_DAY.sub(r"\3-\2-\1", value, count=1)).span(zone)[0]
    except ValueError:
        raise _mistake(Mistake.DATE, at, value) from None


def _score(value: str, at: int) -> float:
    try:
        number = float(value.replace(",", "."))
    except ValueError:
        number = -1.0
    if not 0 <= number <= MOST_SCORE:
        raise _mistake(Mistake.NUMBER, at, value)
    return number
