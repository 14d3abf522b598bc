"""The word counters of the old mail module, as a dump of its table has them.

It counted words of header and text alike, capitals told apart; here they become words of the text.
Of spellings that are one word here the highest counts stand: a message may have had them all. As
numbers of messages serve the highest counts of any word, as they did there.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bitrixmail.bayes.tokens import hash_of, word_of
from bitrixmail.model.bayes import Corpus
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable

TABLE = "b_mail_spam_weight"
# It shows so many characters of a word and keeps no more
_CUT = 40
_MOST_WORDS = 5_000_000
_WORDS = ("WORD_REAL", "WORD")
_GOOD, _BAD = ("GOOD_CNT", "GOOD"), ("BAD_CNT", "BAD")
_INSERT = re.compile(rf"INSERT\s+INTO\s+`?{TABLE}`?\s*(\([^)]*\))?\s*VALUES\s*", re.IGNORECASE)
_VALUE = re.compile(r"'((?:[^'\\]|\\.|'')*)'|(NULL|-?[\d.]+)|(\))|([,(;])", re.IGNORECASE)
# The order of its columns where an INSERT names none
_COLUMNS = ("WORD_ID", "WORD_REAL", "GOOD_CNT", "BAD_CNT", "TOTAL_CNT", "TIMESTAMP_X")
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OldCounters:
    """What was read: of how many messages, and (token, ham, spam) each."""

    corpus: Corpus
    counts: tuple[tuple[int, int, int], ...]


def read_counters(name: str, octets: bytes) -> OldCounters:
    """Read a dump in SQL, CSV or JSON. Raises InputError."""
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = octets.decode("cp1251", "replace")
    shown = printable(name)
    found: dict[str, tuple[int, int]] = {}
    most = [0, 0]
    for rows, row in enumerate(_rows(text, shown), 1):
        if rows > _MOST_WORDS:
            raise InputError(Fault(shown, f"has more than {_MOST_WORDS} words", "split it"))
        good, bad = _number(row, _GOOD), _number(row, _BAD)
        most = [max(most[0], good), max(most[1], bad)]
        word = next((row[column] for column in _WORDS if row.get(column)), "")
        token = word_of(word) if len(word) < _CUT else ""
        if token and good + bad:
            before = found.get(token, (0, 0))
            found[token] = (max(before[0], good), max(before[1], bad))
    if not found:
        remedy = f"give a dump of {TABLE} with the columns WORD_REAL, GOOD_CNT and BAD_CNT"
        raise InputError(Fault(shown, f"there are no words of {TABLE} in it", remedy))
    counts = sorted((hash_of(token), good, bad) for token, (good, bad) in found.items())
    return OldCounters(Corpus(*most), tuple(counts))


def _number(row: Row, columns: Iterable[str]) -> int:
    for column in columns:
        text = row.get(column, "").partition(".")[0].strip()
        if text.isdecimal():
            return min(int(text), 2**31 - 1)
    return 0


def _rows(text: str, where: str) -> Iterator[Row]:
    start = text.lstrip()[:1]
    if start in ("[", "{"):
        return _json_rows(text, where)
    return _sql_rows(text) if _INSERT.search(text) else _csv_rows(text)


def _json_rows(text: str, where: str) -> Iterator[Row]:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(Fault(where, f"is not JSON: {error}", "dump the table again")) from None
    if isinstance(data, dict):
        data = next((value for key, value in data.items() if key.lower() == TABLE), [])
    for row in data if isinstance(data, list) else ():
        if isinstance(row, dict):
            yield {str(key).upper(): str(value) for key, value in row.items()}


def _csv_rows(text: str) -> Iterator[Row]:
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    csv.field_size_limit(1024 * 1024)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip().strip("`").upper() for name in next(reader, [])]
        for cells in reader:
            yield dict(zip(names, cells, strict=False))
    except csv.Error:
        return


def _sql_rows(text: str) -> Iterator[Row]:
    for insert in _INSERT.finditer(text):
        named = [name.strip(" `()\n\r\t").upper() for name in (insert[1] or "").split(",")]
        columns = named if insert[1] else list(_COLUMNS)
        cells: list[str] = []
        for value in _VALUE.finditer(text, insert.end()):
            quoted, bare, closing, mark = value.groups()
            if quoted is not None:
                cells.append(quoted.replace("''", "'").replace("\\'", "'").replace("\\\\", "\\"))
            elif bare is not None:
                cells.append("" if bare.upper() == "NULL" else bare)
            elif closing:
                yield dict(zip(columns, cells, strict=False))
                cells = []
            elif mark == ";":
                break
