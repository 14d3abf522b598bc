"""Statements of the hot path, built and compiled by SQLAlchemy once.

`Connection.execute` spends ten times as long on a small statement as SQLite does on running it
(46 µs against 4, measured), so these go to the driver's cursor directly. Errors are the driver's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.sql import ClauseElement


class Prepared:
    """A statement whose parameters are given by position. Lives as long as the program.

    `names` are the parameters in the order in which they will be given. Compiled when first used;
    two threads may both do so, with the same result.
    """

    def __init__(self, statement: ClauseElement, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = list(names)
        self._compiled: dict[str, str] = {}

    def sql(self, connection: Connection) -> str:
        """Return the statement in the words of the connection's database."""
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            compiled: Any = self._statement.compile(dialect=dialect)
            if list(compiled.positiontup or ()) != self._names:
                raise ValueError(f"parameters stand as {compiled.positiontup}, not {self._names}")
            found = self._compiled[dialect.name] = str(compiled)
        return found

    def all(self, connection: Connection, *values: Any) -> list[Any]:
        """Run a query and return its rows."""
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql(connection), values)
            return list(cursor.fetchall())
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


def prepared_insert(table: Table) -> Prepared:
    """Prepare the insertion of whole rows, columns in the order of the table."""
    names = [column.name for column in table.columns]
    return Prepared(insert(table).values(dict.fromkeys(names)), names)
