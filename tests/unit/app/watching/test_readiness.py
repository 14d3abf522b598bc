"""Whether mail can be kept, told by a store that is locked, and by a disk with too little room."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bitrixmail.app.watching.readiness import Readiness
from bitrixmail.model.directory import Domain
from bitrixmail.model.errors import ExistsError, StoreUnavailableError
from bitrixmail.store.database import DatabaseFile
from bitrixmail.store.executors import Database, InlineExecutor
from bitrixmail.store.opening import InlineStores
from tests.fakes.stores import make_stores, result_of


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as stores:
        yield stores


async def touched(database: Database) -> None:
    await database.touch()


def test_writes_that_fail_make_it_unready_until_one_succeeds(stores: InlineStores) -> None:
    database = Database(DatabaseFile(stores.database.file.path, busy_s=0.05), InlineExecutor())
    database.start()
    readiness = Readiness(replace(stores, database=database))
    assert readiness.faults() == ()
    holder = sqlite3.connect(database.file.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError):
        result_of(touched(database))
    (fault,) = readiness.faults()  # and one is tried, in vain
    assert fault.startswith("the last 1 writes have failed: ")
    holder.execute("ROLLBACK")
    holder.close()
    (fault,) = readiness.faults()  # and one is tried, with success
    assert fault.startswith("the last 2 writes have failed: ")
    assert readiness.faults() == ()
    database.stop()


def test_what_is_refused_for_a_reason_of_its_own_is_no_failure(stores: InlineStores) -> None:
    result_of(stores.directory.add_domain(Domain("example.org")))
    with pytest.raises(ExistsError):
        result_of(stores.directory.add_domain(Domain("example.org")))
    assert Readiness(stores).faults() == ()


def test_a_disk_with_too_little_room_makes_it_unready(stores: InlineStores) -> None:
    (fault,) = Readiness(stores, least_free_octets=2**62).faults()
    assert fault.startswith("the disk is full: ")
    (fault,) = Readiness(replace(stores, data_dir=Path("/nowhere/at/all"))).faults()
    assert "No such file" in fault


def test_touching_changes_nothing(stores: InlineStores) -> None:
    with sqlite3.connect(stores.database.file.path) as before:
        schema = before.execute("PRAGMA schema_version").fetchone()
    result_of(touched(stores.database))
    with sqlite3.connect(stores.database.file.path) as after:
        assert after.execute("PRAGMA schema_version").fetchone() == schema
