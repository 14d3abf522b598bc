"""Many writes, one transaction: who fails, who does not, and what is left behind."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.errors import ExistsError, StoreUnavailableError, TemporaryError
from bitrixmail.model.message import INBOX
from bitrixmail.store.database import DatabaseFile, Session
from bitrixmail.store.executors import Database, ThreadedExecutor, write_group
from bitrixmail.store.units import Unit
from tests.fakes.both_stores import opened_threaded
from tests.fakes.drafts import make_draft, make_filing
from tests.fakes.stores import make_stores


class Notes:
    """A batch function that writes numbers into a table and remembers its groups."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    def __call__(self, connection: Connection, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        for item in items:
            connection.execute(
                text("INSERT INTO generation VALUES (:topic, 0)"), {"topic": f"{item:05}"}
            )
            if item < 0:
                raise ExistsError
        return [item * 10 for item in items]


def numbers(folder: Path) -> list[int]:
    connection = sqlite3.connect(folder / "mail.sqlite")
    try:
        rows = connection.execute("SELECT topic FROM generation ORDER BY rowid").fetchall()
    finally:
        connection.close()
    return [int(topic) for (topic,) in rows if topic.lstrip("-").isdigit()]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with make_stores(tmp_path) as stores:
        session = Session(stores.database.file, stores.database.file.writing)
        yield session
        session.close()


def test_a_group_is_one_transaction(session: Session, tmp_path: Path) -> None:
    notes = Notes()
    units: list[Unit[int, int]] = [Unit(notes, number) for number in (3, 1, 2)]
    write_group(session, units)
    assert notes.groups == [[3, 1, 2]]
    assert [unit.result for unit in units] == [30, 10, 20]
    assert numbers(tmp_path) == [3, 1, 2]


def test_only_the_guilty_unit_of_a_group_fails(session: Session, tmp_path: Path) -> None:
    notes = Notes()
    units: list[Unit[int, int]] = [Unit(notes, number) for number in (1, 2, -3, 4)]
    write_group(session, units)
    assert notes.groups == [[1, 2, -3, 4], [1], [2], [-3], [4]]
    assert [unit.result for unit in units] == [10, 20, None, 40]
    assert [type(unit.error) for unit in units] == [type(None), type(None), ExistsError, type(None)]
    assert numbers(tmp_path) == [1, 2, 4]


def test_a_group_that_cannot_begin_waits_for_the_lock_once(tmp_path: Path) -> None:
    with make_stores(tmp_path):
        pass
    file = DatabaseFile(tmp_path / "mail.sqlite", busy_s=0.2)
    session = Session(file, file.writing)
    holder = sqlite3.connect(file.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    notes = Notes()
    units: list[Unit[int, int]] = [Unit(notes, number) for number in range(100)]
    before = time.monotonic()
    write_group(session, units)
    assert time.monotonic() - before < 8  # each for itself: 20 s
    holder.execute("ROLLBACK")
    holder.close()
    assert notes.groups == []
    assert all(isinstance(unit.error, StoreUnavailableError) for unit in units)
    assert len({id(unit.error) for unit in units}) == 100
    write_group(session, units)
    assert numbers(tmp_path) == list(range(100))
    session.close()


def test_a_lock_that_comes_amid_a_group_is_waited_for_once(tmp_path: Path) -> None:
    with make_stores(tmp_path):
        pass
    file = DatabaseFile(tmp_path / "mail.sqlite", busy_s=0.2)
    session = Session(file, file.writing)
    holder = sqlite3.connect(file.path, isolation_level=None, check_same_thread=False)

    def guilty(connection: Connection, items: Sequence[int]) -> list[int]:
        connection.rollback()
        holder.execute("BEGIN IMMEDIATE")
        raise ExistsError

    units: list[Unit[int, int]] = [Unit(guilty, number) for number in range(50)]
    before = time.monotonic()
    write_group(session, units)
    assert time.monotonic() - before < 5  # each for itself: 10 s
    assert all(isinstance(unit.error, StoreUnavailableError) for unit in units)
    holder.close()
    session.close()


class HeldReactor(Clock):
    """Keeps what threads want to be called, until the test lets it happen; its time stands still."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Callable[..., object], tuple[object, ...]]] = []

    def callFromThread(self, function: Callable[..., object], *args: object) -> None:
        self.asked.append((function, args))

    def run_until(self, condition: Callable[[], bool], idle_s: float = 0) -> None:
        """Do what the threads ask for until the condition holds; `idle_s` pass at a time."""
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline
            if self.asked:
                function, args = self.asked.pop(0)
                function(*args)
            else:
                threading.Event().wait(0.001)
                self.advance(idle_s)


class Gate:
    """A batch function that holds the writer's thread until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _connection: Connection, items: Sequence[int]) -> list[int]:
        self.entered.set()
        assert self.opened.wait(10)
        return list(items)


Held = tuple[Database, HeldReactor]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    with make_stores(tmp_path) as stores:
        file = stores.database.file
    reactor = HeldReactor()
    database = Database(file, ThreadedExecutor(reactor))
    database.start()
    yield database, reactor
    stopped = database.stop()
    reactor.run_until(lambda: stopped.called)
    assert not reactor.getDelayedCalls()


def results_of(
    reactor: HeldReactor, calls: Sequence[Deferred[Any]], idle_s: float = 0
) -> list[Any]:
    """Let the threads work until all of these have fired; `idle_s` pass at a time."""
    reactor.run_until(lambda: all(call.called for call in calls), idle_s)
    return [result_now(call) for call in calls]


def result_now(call: Deferred[Any]) -> Any:
    results: list[Any] = []
    call.addBoth(results.append)
    assert results, "it has not fired"
    return results[0]


def test_what_waits_for_the_writer_is_one_group(held: Held, tmp_path: Path) -> None:
    database, reactor = held
    gate, notes, others = Gate(), Notes(), Notes()
    first = database.write(gate, 0)
    assert gate.entered.wait(10)
    waiting = [database.write(notes, number) for number in range(5)]
    waiting += [database.write(others, number) for number in range(5, 8)]
    waiting += [database.write(notes, number) for number in range(8, 11)]
    gate.opened.set()
    assert results_of(reactor, waiting, idle_s=0.01) == [number * 10 for number in range(11)]
    assert first.called
    assert notes.groups == [[0, 1, 2, 3, 4], [8, 9, 10]]
    assert others.groups == [[5, 6, 7]]
    assert numbers(tmp_path) == list(range(11))


def test_nobody_is_told_from_the_writers_thread(held: Held) -> None:
    database, reactor = held
    threads: list[threading.Thread] = []
    call = database.write(Notes(), 1)
    call.addCallback(lambda _result: threads.append(threading.current_thread()))
    reactor.run_until(lambda: bool(reactor.asked) or call.called)
    results_of(reactor, [call])
    assert threads == [threading.current_thread()]


def test_a_lone_write_never_waits_for_company(held: Held) -> None:
    database, reactor = held
    notes = Notes()
    for number in range(3):
        call = database.write(notes, number)
        assert not reactor.getDelayedCalls()
        assert results_of(reactor, [call]) == [number * 10]
    assert notes.groups == [[0], [1], [2]]


def in_company(held: Held, notes: Notes) -> None:
    """Have three writes done as one group, so that as many are awaited behind them."""
    database, reactor = held
    gate = Gate()
    first = database.write(gate, 0)
    assert gate.entered.wait(10)
    calls = [database.write(notes, number) for number in range(3)]
    gate.opened.set()
    # The one that was first may join them next time: it is awaited for a moment
    results_of(reactor, [first, *calls], idle_s=0.01)
    assert notes.groups == [[0, 1, 2]]


def test_who_comes_while_a_group_is_written_waits_for_it_to_come_again(held: Held) -> None:
    database, reactor = held
    gate, notes = Gate(), Notes()
    first = database.write(gate, 0)
    assert gate.entered.wait(10)
    calls = [database.write(notes, number) for number in range(3)]
    gate.opened.set()
    results_of(reactor, [first])
    assert notes.groups == []
    calls.append(database.write(notes, 3))
    assert results_of(reactor, calls) == [0, 10, 20, 30]
    assert notes.groups == [[0, 1, 2, 3]]
    assert reactor.seconds() == 0


def test_behind_a_group_a_write_waits_for_as_many(held: Held) -> None:
    database, reactor = held
    notes = Notes()
    in_company(held, notes)
    before = reactor.seconds()
    calls = [database.write(notes, number) for number in (3, 4, 5)]
    assert results_of(reactor, calls) == [30, 40, 50]
    assert notes.groups == [[0, 1, 2], [3, 4, 5]]
    assert reactor.seconds() == before


def test_company_that_stays_away_is_awaited_for_a_moment_and_once(held: Held) -> None:
    database, reactor = held
    notes = Notes()
    in_company(held, notes)
    before = reactor.seconds()
    call = database.write(notes, 3)
    assert reactor.getDelayedCalls()
    reactor.advance(0.05)
    assert results_of(reactor, [call]) == [30]
    call = database.write(notes, 4)
    assert results_of(reactor, [call]) == [40]
    assert notes.groups == [[0, 1, 2], [3], [4]]
    assert reactor.seconds() == before + 0.05


def test_stopping_waits_for_no_company(held: Held) -> None:
    database, reactor = held
    notes = Notes()
    in_company(held, notes)
    before = reactor.seconds()
    call = database.write(notes, 3)
    stopped = database.stop()
    assert results_of(reactor, [call, stopped]) == [30, None]
    assert reactor.seconds() == before
    assert not reactor.getDelayedCalls()


def test_stopping_amid_a_group_waits_for_no_company(held: Held) -> None:
    database, reactor = held
    gate, notes = Gate(), Notes()
    in_company(held, notes)
    before = reactor.seconds()
    calls = [database.write(gate, number) for number in range(3)]
    assert gate.entered.wait(10)
    calls.append(database.write(notes, 3))
    stopped = database.stop()
    gate.opened.set()
    assert results_of(reactor, [*calls, stopped]) == [0, 1, 2, 30, None]
    assert reactor.seconds() == before


def test_too_deep_a_queue_is_452(held: Held) -> None:
    database, reactor = held
    gate = Gate()
    waiting = [database.write(gate, number) for number in range(1000)]
    failure = result_now(database.write(gate, 1000))
    assert isinstance(failure.value, TemporaryError)
    assert (failure.value.reply.code, failure.value.reply.enhanced) == (452, "4.3.1")
    gate.opened.set()
    reactor.run_until(lambda: waiting[-1].called, idle_s=0.01)
    assert [result_now(call) for call in waiting] == list(range(1000))
    again = database.write(gate, 5)
    reactor.run_until(lambda: again.called, idle_s=0.01)
    assert result_now(again) == 5


def test_cancelling_has_no_effect(held: Held, tmp_path: Path) -> None:
    database, reactor = held
    gate, notes = Gate(), Notes()
    database.write(gate, 0)
    call = database.write(notes, 7)

    async def caller() -> int:
        return await call

    waiting = Deferred.fromCoroutine(caller())
    results: list[int] = []
    waiting.addCallback(results.append)
    waiting.cancel()
    assert results == []
    gate.opened.set()
    reactor.run_until(lambda: bool(results), idle_s=0.01)
    assert results == [70]
    assert numbers(tmp_path) == [7]


def test_stopping_finishes_what_is_queued(held: Held, tmp_path: Path) -> None:
    database, reactor = held
    gate, notes = Gate(), Notes()
    database.write(gate, 0)
    calls = [database.write(notes, number) for number in range(20)]
    stopped = database.stop()
    late = result_now(database.write(notes, 99))
    gate.opened.set()
    assert results_of(reactor, [*calls, stopped])[:-1] == [number * 10 for number in range(20)]
    assert isinstance(late.value, StoreUnavailableError)
    assert numbers(tmp_path) == list(range(20))


async def test_a_servers_stores_commit_in_groups(tmp_path: Path) -> None:
    async with opened_threaded(tmp_path) as stores:
        await stores.directory.add_domain(Domain("example.org"))
        info = await stores.directory.add_mailbox(Mailbox(0, "info@example.org"), None)
        wal = tmp_path / "mail.sqlite-wal"
        drafts = [make_draft(f"Q{number}", make_filing(info.id, INBOX)) for number in range(100)]
        before = wal.stat().st_size
        for call in [Deferred.fromCoroutine(stores.messages.append(draft)) for draft in drafts]:
            await call
        # Alone, each message would write some fifteen pages of its own.
        assert wal.stat().st_size - before < 100 * 5 * 4096


def test_a_batch_that_forgets_somebody_is_undone_and_ends_nobody(
    held: Held, tmp_path: Path
) -> None:
    database, reactor = held

    def forgetful(connection: Connection, items: Sequence[int]) -> list[int]:
        Notes()(connection, items)
        return []

    failed = database.write(forgetful, 1)
    reactor.run_until(lambda: failed.called)
    assert isinstance(result_now(failed).value, RuntimeError)
    assert numbers(tmp_path) == []
    assert results_of(reactor, [database.write(Notes(), 2)], idle_s=0.01) == [20]
