"""Statements of the hot path, built by SQLAlchemy once and compiled once.

`Connection.execute` spends more on a small statement than SQLite does on running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert
from sqlalchemy.sql import ClauseElement


class Prepared:
    """A compiled statement with parameters by position. Made with the part of the store using it.

    `names` are the parameters in the order in which they will be given.
    """

    def __init__(self, statement: ClauseElement, names: Sequence[str], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        if list(compiled.positiontup or ()) != list(names):
            raise ValueError(f"parameters stand as {compiled.positiontup}, not as {names}")
        self.sql = str(compiled)

    def all(self, connection: Connection, *values: Any) -> list[Any]:
        """Run a query and return its rows."""
        return list(connection.exec_driver_sql(self.sql, values))

    def many(self, connection: Connection, rows: list[tuple[Any, ...]]) -> None:
        """Run the statement for every row of parameters; for none, do nothing."""
        if rows:
            connection.exec_driver_sql(self.sql, rows)


def prepared_insert(table: Table, dialect: Dialect) -> Prepared:
    """Prepare the insertion of whole rows, columns in the order of the table."""
    names = [column.name for column in table.columns]
    return Prepared(insert(table).values(dict.fromkeys(names)), names, dialect)
