"""Rows of the old mail module's tables, from dumps in JSON or CSV as its tools write them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.text import printable

# Names of columns in capitals; values as texts, NULL as an empty one.
Row = Mapping[str, str]

FILTERS, CONDITIONS, MAILBOXES = "b_mail_filter", "b_mail_filter_cond", "b_mail_mailbox"
# The columns by which a list of rows without a name tells whose it is.
_TELLING = {
    CONDITIONS: {"FILTER_ID", "COMPARE_TYPE", "STRINGS"},
    FILTERS: {"MAILBOX_ID", "NAME", "WHEN_MAIL_RECEIVED"},
    MAILBOXES: {"SERVER_TYPE", "LOGIN"},
}
_MAX_ROWS = 100_000
_MAX_CELL = 4 * 1024 * 1024
_NULL = ("NULL", "\\N")
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": ""}


@dataclass(frozen=True, slots=True)
class Dump:
    """The tables, of which others may have been in the files too. Made by `read_dump`."""

    filters: tuple[Row, ...] = ()
    conditions: tuple[Row, ...] = ()
    mailboxes: tuple[Row, ...] = ()


def read_dump(files: Sequence[tuple[str, bytes]]) -> Dump:
    """Read files given by (name, octets). Raises InputError with every fault."""
    found: dict[str, list[Row]] = {FILTERS: [], CONDITIONS: [], MAILBOXES: []}
    faults: list[Fault] = []
    there: set[str] = set()
    for name, octets in files:
        try:
            for table, rows in _tables(_decoded(octets), name):
                there.add(table)
                found[table] += rows
        except InputError as error:
            faults += error.faults
    if not faults and not found[FILTERS]:
        where = ", ".join(name for name, _ in files)
        remedy = f"give the dumps of {FILTERS} and {CONDITIONS}"
        faults.append(Fault(where, f"there are no rows of {FILTERS} in it", remedy))
    if not faults and CONDITIONS not in there:
        # Without them every rule would match everything.
        remedy = f"give the dump of {CONDITIONS} too"
        where = ", ".join(name for name, _ in files)
        faults.append(Fault(where, f"{CONDITIONS} is not in it", remedy))
    ids = {row.get("ID", "").strip() for row in found[FILTERS]}
    strange = sum(row.get("FILTER_ID", "").strip() not in ids for row in found[CONDITIONS])
    if not faults and strange and strange == len(found[CONDITIONS]):
        what = f"no row of {CONDITIONS} belongs to a rule (FILTER_ID)"
        faults.append(Fault(", ".join(name for name, _ in files), what, "dump both tables anew"))
    if faults:
        raise InputError(*faults)
    return Dump(tuple(found[FILTERS]), tuple(found[CONDITIONS]), tuple(found[MAILBOXES]))


def _decoded(octets: bytes) -> str:
    """Decode UTF-8, else windows-1251: the old module knows these two."""
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1251", "replace")


def _tables(text: str, where: str) -> Iterable[tuple[str, list[Row]]]:
    if text.lstrip()[:1] in ("{", "["):
        yield from _json_tables(text, where)
    else:
        rows = _csv_rows(text, where)
        yield _table_of(rows, where), rows


def _json_tables(text: str, where: str) -> Iterable[tuple[str, list[Row]]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(Fault(where, f"is not JSON: {error}", "dump the table again")) from None
    if isinstance(data, dict):
        named = {str(key).lower(): value for key, value in data.items()}
    elif any(isinstance(each, dict) and "data" in each for each in data):
        # phpMyAdmin: a list of a header, a database and tables with their data
        named = {
            str(each.get("name", "")).lower(): each["data"]
            for each in data
            if isinstance(each, dict) and "data" in each
        }
    else:
        rows = _json_rows(data, where)
        yield _table_of(rows, where), rows
        return
    if not named.keys() & _TELLING.keys():
        what = f"none of {', '.join(_TELLING)} is in it"
        raise InputError(Fault(where, what, f'write {{"{FILTERS}": […], "{CONDITIONS}": […]}}'))
    for table in _TELLING:
        if table in named:
            yield table, _json_rows(named[table], f"{where}: {table}")


def _json_rows(data: Any, where: str) -> list[Row]:
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise InputError(Fault(where, "is no list of rows", 'write [{"ID": "1", …}, …]'))
    _bounded(len(data), where)
    return [{str(key).upper(): _text(value) for key, value in row.items()} for row in data]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return str(value)


def _csv_rows(text: str, where: str) -> list[Row]:
    csv.field_size_limit(_MAX_CELL)
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    found: list[Row] = []
    try:
        reader = _lines(text, delimiter, quoted=delimiter != "\t" or '"' in first)
        names = [name.strip().strip("`").upper() for name in next(reader, [])]
        for cells in reader:
            if any(cells):
                row = zip(names, cells, strict=False)
                found.append({name: "" if cell in _NULL else cell for name, cell in row})
            _bounded(len(found), where)
    except csv.Error as error:
        raise InputError(Fault(where, f"is not CSV: {error}", "dump the table again")) from None
    if "ID" not in names:
        shown = printable(first, 60)
        remedy = "let the dump have the names of the columns in its first line"
        raise InputError(Fault(where, f"its first line names no columns: {shown}", remedy))
    return found


def _lines(text: str, delimiter: str, *, quoted: bool) -> Iterator[list[str]]:
    """Give the cells of each line; without quotes it is what `mysql --batch` prints."""
    if quoted:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return
    for line in text.replace("\r\n", "\n").split("\n"):
        yield [
            _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), cell)
            if cell not in _NULL
            else cell
            for cell in line.split(delimiter)
        ]


def _table_of(rows: Sequence[Row], where: str) -> str:
    columns = rows[0].keys() if rows else set()
    for table, telling in _TELLING.items():
        if telling <= columns:
            return table
    shown = printable(", ".join(columns) or "nothing", 100)
    remedy = f"give the dumps of {', '.join(_TELLING)}, with all their columns"
    raise InputError(
        Fault(where, f"is none of the tables that are known; its columns: {shown}", remedy)
    )


def _bounded(count: int, where: str) -> None:
    if count > _MAX_ROWS:
        raise InputError(Fault(where, f"has more than {_MAX_ROWS} rows", "take the rules alone"))
