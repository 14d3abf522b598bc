"""A chunk of a run is done whole or not at all, wherever its writing was stopped; so its undoing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bitrixmail.model.rule_run import Chunk, Extent, Refiling, RuleRun, RunState, Timers
from bitrixmail.store.database import Session
from bitrixmail.store.opening import InlineStores
from bitrixmail.store.refiling import Carrying, TakingBack, refile, take_back
from tests.fakes.stored_mail import fill, snapshot
from tests.fakes.stores import make_stores, result_of

BEGUN = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    with make_stores(tmp_path) as stores:
        fill(stores, 9)
        yield stores


def begun(stores: InlineStores) -> tuple[RuleRun, Chunk]:
    """Return a run, and its first chunk: move, copy, mark, tag, discard."""
    ceiling, total = result_of(stores.runs.measure(Extent()))
    run = RuleRun(0, BEGUN, "me", "manual", 1, ("R",), Extent(), ceiling, total)
    run = result_of(stores.runs.begin(run, Timers()))
    refilings = []
    for place in result_of(stores.runs.page(Extent(), 0, ceiling, 100)):
        kept = Refiling(place.id, place.modseq, None, (), place.flags, place.tags, why='"R"')
        kind = place.id % 4
        if kind == 0:
            refilings.append(replace(kept, folder="New/Folder", copies=("Copy", place.folder)))
        elif kind == 1:
            refilings.append(replace(kept, flags=frozenset({"\\Flagged"}), tags=frozenset()))
        elif kind == 2:
            refilings.append(replace(kept, folder="Copies", tags=place.tags | {"x"}))
    return run, Chunk(run.id, 0, ceiling, total, tuple(refilings), last=True)


@contextmanager
def stopped_at(session: Session, most: int) -> Iterator[list[int]]:
    """Stop SQLite at the `most`-th piece of work; yields how many there were."""
    session.run(lambda _connection: None)
    assert session._connection is not None
    driver: Any = session._connection.connection.driver_connection
    steps = [0]

    def stepped() -> int:
        steps[0] += 1
        return int(steps[0] >= most)

    driver.set_progress_handler(stepped, 10)
    try:
        yield steps
    finally:
        if session._connection is not None:
            driver.set_progress_handler(None, 10)


def whenever_stopped(
    stores: InlineStores, work: Callable[[Session], object], state: Callable[[], object]
) -> int:
    """Stop the work at its n-th step for every n, until it goes through; return how often."""
    session = Session(stores.database.file, stores.database.file.writing)
    before = state()
    for most in range(1, 10_000):
        try:
            with stopped_at(session, most):
                work(session)
        except (sqlite3.OperationalError, OperationalError):
            assert state() == before
            continue
        session.close()
        assert state() != before
        return most
    raise AssertionError("it never went through")


def all_of(stores: InlineStores) -> list[Any]:
    """Return what a run touches: places, folders, tombstones, events, the journal, the run."""
    tables = ("place", "folder", "tombstone", "event", "rule_change", "rule_run", "sequence")
    with stores.database.file.reading.connect() as connection:
        return [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]


def test_stopped_at_any_step_a_chunk_is_done_or_not_and_so_is_its_undoing(
    stores: InlineStores,
) -> None:
    start = snapshot(stores)
    run, chunk = begun(stores)
    times = whenever_stopped(
        stores, lambda session: session.run(refile, [Carrying(chunk, 1)]), lambda: all_of(stores)
    )
    assert times > 50
    done = snapshot(stores)
    assert done != start
    assert ("info@example.org", "New/Folder") in done
    times = whenever_stopped(
        stores,
        lambda session: session.run(take_back, [TakingBack(run.id, 100, 2)]),
        lambda: all_of(stores),
    )
    assert times > 50
    assert snapshot(stores) == start
    (undone,) = result_of(stores.runs.runs(9))
    assert undone.state is RunState.UNDONE


def test_what_moves_leaves_a_tombstone_and_gets_a_new_uid(stores: InlineStores) -> None:
    before = [row for row in all_of(stores)[0] if row.id % 4 == 2]
    _, chunk = begun(stores)
    result_of(stores.runs.refile(chunk))
    places, folders, tombstones, *_ = all_of(stores)
    modseqs = {folder.id: folder.modseq for folder in folders}
    after = {row.id: row for row in places}
    assert before
    for row in before:
        moved = after[row.id]
        if moved.folder_id == row.folder_id:
            continue  # it was in Copies
        assert (moved.message_id, moved.received) == (row.message_id, row.received)
        assert moved.modseq == modseqs[moved.folder_id]
        buried = [each for each in tombstones if each[:2] == (row.folder_id, row.uid)]
        assert [each.modseq for each in buried] == [modseqs[row.folder_id]]
