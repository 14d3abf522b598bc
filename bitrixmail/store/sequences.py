"""Numbers that are given out once: ids of rows, UIDVALIDITY; and generations of topics."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, update

from bitrixmail.store.prepared import Prepared
from bitrixmail.store.schema import generation, sequence

# Topics that a server which sends hears of at once: there are jobs that it may not know of; and
# somebody wants an attempt now, whatever was found down.
JOBS, RETRIES = "jobs", "retries"
_READ = Prepared(select(sequence.c.name, sequence.c.last), [])
_SAVE = Prepared(
    update(sequence)
    .values({sequence.c.last: bindparam("now")})
    .where(sequence.c.name == bindparam("of")),
    ["now", "of"],
)
_BUMP = (
    update(generation)
    .where(generation.c.topic == bindparam("of"))
    .values({generation.c.number: generation.c.number + 1})
)
_NUMBER = select(generation.c.number).where(generation.c.topic == bindparam("of"))
_GENERATIONS = Prepared(select(generation.c.topic, generation.c.number), [])


class Sequences:
    """The counters within one writing transaction, which makes them nobody else's until its end.

    Made and dropped by the function that runs in it; `save` before it ends.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last: dict[str, int] = dict(_READ.all(connection))
        self._changed: set[str] = set()

    def take(self, name: str, *, least: int = 0) -> int:
        """Return the next number, not below `least`."""
        number = self._last[name] = max(self._last[name] + 1, least)
        self._changed.add(name)
        return number

    def save(self) -> None:
        """Write what was taken."""
        rows = [(self._last[name], name) for name in sorted(self._changed)]
        _SAVE.many(self._connection, rows)


def bump(connection: Connection, topic: str) -> int:
    """Begin a new generation of a topic within a writing transaction; return its number."""
    connection.execute(_BUMP, {"of": topic})
    number: int = connection.execute(_NUMBER, {"of": topic}).scalar_one()
    return number


def generations(connection: Connection) -> dict[str, int]:
    """Read the generation of every topic."""
    return dict(_GENERATIONS.all(connection))
