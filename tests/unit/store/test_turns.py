"""Several processes write to one file: here threads, each with a file of its own, as they have."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bitrixmail.store.database import CannotBeginError, DatabaseFile, Session, TakingTurns

_WRITERS, _TIMES = 3, 10


def write(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE counter SET n = n + 1")
    time.sleep(0.002)


def count(path: Path) -> int:
    reader = Session(DatabaseFile(path), DatabaseFile(path).reading)
    found: int = reader.run(lambda c: c.exec_driver_sql("SELECT n FROM counter").scalar_one())
    reader.close()
    return found


def write_all(path: Path, writer: Callable[[], Session]) -> list[BaseException]:
    """Let several write at once, none of whom waits for SQLite; return what they met."""
    made = Session(DatabaseFile(path), DatabaseFile(path).writing)
    made.run(lambda c: c.exec_driver_sql("CREATE TABLE counter (n)").close())
    made.run(lambda c: c.exec_driver_sql("INSERT INTO counter VALUES (0)").close())
    errors: list[BaseException] = []

    def work() -> None:
        session = writer()
        try:
            for _ in range(_TIMES):
                session.run(write)
        except CannotBeginError as error:
            errors.append(error)
        session.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(_WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    made.close()  # not before: whoever closes last locks the file, and nobody waits for that here
    assert not any(thread.is_alive() for thread in threads), "a turn was not given back"
    return errors


def test_they_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    assert not write_all(path, lambda: DatabaseFile(path, 0, one_of_several=True).writer())
    assert count(path) == _WRITERS * _TIMES


def test_else_they_would_find_it_locked(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    assert write_all(path, lambda: DatabaseFile(path, 0).writer())


def test_a_turn_ends_with_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    first, second = (DatabaseFile(path, 0, one_of_several=True).writer() for _ in range(2))
    with pytest.raises(OperationalError, match="syntax error"):
        first.run(lambda c: c.exec_driver_sql("no such statement").close())
    with pytest.raises(ZeroDivisionError):
        first.run(lambda _: 1 / 0)

    def write_in_turn() -> None:
        second.run(lambda c: c.exec_driver_sql("CREATE TABLE t (n)").close())
        first.run(lambda c: c.exec_driver_sql("DROP TABLE t").close())
        for session in (first, second):
            session.close()

    thread = threading.Thread(target=write_in_turn, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "a turn was not given back"


def test_without_locks_on_its_file_system_it_writes_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.with_name("x.sqlite-turn").mkdir()  # which cannot be opened for writing
    writer = DatabaseFile(path, one_of_several=True).writer()
    assert isinstance(writer, TakingTurns)
    writer.run(lambda c: c.exec_driver_sql("CREATE TABLE t (n)").close())
    writer.close()
