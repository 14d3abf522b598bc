"""Statements of the hot path, built and compiled by SQLAlchemy once.

`Connection.execute` spends ten times as long on a small statement as SQLite does on running it
(46 µs against 4, measured), so these go to the driver's cursor directly. Errors are the driver's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert
from sqlalchemy.sql import ClauseElement

_ROWS_A_PART = 2000
_COUNTS = (32, 16, 8, 4, 2, 1)


class Prepared:
    """A statement whose parameters are given by position. Lives as long as the program.

    `names` are the parameters in the order in which they will be given; `ending` is put behind the
    statement as it is. Compiled when first used; two threads may both do so, with the same result.
    """

    def __init__(self, statement: ClauseElement, names: Sequence[str], ending: str = "") -> None:
        self._statement = statement
        self._names = list(names)
        self._ending = ending
        self._compiled: dict[str, str] = {}

    def sql(self, connection: Connection) -> str:
        """Return the statement in the words of the connection's database."""
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled: Any = self._statement.compile(dialect=dialect)
            if list(compiled.positiontup or ()) != self._names:
                raise ValueError(f"parameters stand as {compiled.positiontup}, not {self._names}")
            found = self._compiled[dialect.name] = str(compiled) + self._ending
        return found

    def all(self, connection: Connection, *values: Any) -> list[Any]:
        """Run a query and return its rows."""
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql(connection), values)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def parts(self, connection: Connection, *values: Any) -> Iterator[Sequence[Any]]:
        """Run a query and yield its rows, a bounded number at a time."""
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql(connection), values)
            while rows := cursor.fetchmany(_ROWS_A_PART):
                yield rows
        finally:
            cursor.close()

    def run(self, connection: Connection, values: Sequence[Any]) -> None:
        """Run a statement that returns nothing."""
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql(connection), values)
        finally:
            cursor.close()

    def many(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run the statement for every row of parameters; for none, do nothing."""
        if not rows:
            return
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self.sql(connection), rows)
        finally:
            cursor.close()


class PreparedInsert:
    """The insertion of whole rows, columns in the order of the table. Lives as long as the program.

    Many rows go in few statements of 1, 2, 4 … rows: the driver gives the interpreter's lock away
    for each statement, and getting it back costs more than a row. `ending` stands behind each.
    """

    def __init__(self, table: Table, ending: str = "") -> None:
        names = [column.name for column in table.columns]
        self._by_count = [_insert(table, names, count, ending) for count in _COUNTS]

    def rows(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows in their order; for none, do nothing."""
        start = 0
        for count, statement in zip(_COUNTS, self._by_count, strict=True):
            while start + count <= len(rows):
                part = rows[start : start + count]
                statement.run(connection, part[0] if count == 1 else tuple(chain(*part)))
                start += count


def _insert(table: Table, names: Sequence[str], count: int, ending: str) -> Prepared:
    if count == 1:
        return Prepared(insert(table).values(dict.fromkeys(names)), names, ending)
    keys = [[f"{name}_{number}" for name in names] for number in range(count)]
    rows: list[dict[str, Any]] = [
        {name: bindparam(key) for name, key in zip(names, row, strict=True)} for row in keys
    ]
    return Prepared(insert(table).values(rows), list(chain(*keys)), ending)
