"""A long queue, made at once out of one message."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text


def multiply(connection: Connection, counts: Sequence[int]) -> list[None]:
    """Make so many more messages with a job each out of the only one there is, under way as it is.

    Given to the writer, which has calls with an argument each.
    """
    (count,) = counts
    changes = {
        "message": {"queue_id": "queue_id || '-' || n"},
        "job": {
            "key": "key || '-' || n",
            "message_id": "message_id + n",
            "recipient": "n || recipient",
        },
    }
    for table, changed in changes.items():
        names = [
            row[1]
            for row in connection.execute(text(f"PRAGMA table_info({table})"))
            if row[1] != "id"
        ]
        values = [changed.get(name, name) for name in names]
        connection.execute(
            text(
                "WITH RECURSIVE series(n) AS"
                " (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :count)"
                f" INSERT INTO {table} (id, {', '.join(names)})"
                f" SELECT {table}.id + n, {', '.join(values)} FROM {table}, series"
            ),
            {"count": count},
        )
        connection.execute(
            text("UPDATE sequence SET last = last + :count WHERE name = :name"),
            {"count": count, "name": table},
        )
    connection.execute(text("UPDATE job SET state = 'waiting', lease_owner = NULL WHERE id > 1"))
    return [None]
