"""Who runs transactions: threads behind a reactor, or the caller itself.

Group commit: what waits while the writer is at work makes up one transaction, so that many messages
share one sync of the disk. If anything in it fails, all of it is rolled back and its units run one
by one, each in a transaction of its own, so that only the guilty one fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice, takewhile
from queue import SimpleQueue
from time import perf_counter
from typing import Any, Protocol

from sqlalchemy import Connection
from twisted.internet.defer import Deferred, execute, fail, succeed
from twisted.internet.interfaces import IDelayedCall

from bitrixmail.interfaces.meter import IMeter
from bitrixmail.model.errors import StoreFullError, StoreUnavailableError, TemporaryError
from bitrixmail.model.reply import STORE_FULL
from bitrixmail.store.database import CannotBeginError, DatabaseFile, Session, touched
from bitrixmail.store.units import BatchFunction, Item, Outcomes, R, Unit
from bitrixmail.tasks import Threads

_MOST_WAITING = 1000
_MOST_READING = 10_000
_MOST_IN_GROUP = 200
_READERS = 3
# Where writes come together, as many more are on their way: a short wait makes one commit of what
# would be several. Each costs the writer half a millisecond under the interpreter's lock, which
# every recv and send of the reactor gives away to it. A lone sender does not wait.
_GATHER_S = 0.006


def write_group(session: Session, units: Sequence[Unit[Any, Any]]) -> None:
    """Run units of one batch function in one transaction and note the outcome of each."""
    try:
        results = session.run(partial(_counted, units[0].batch), [unit.item for unit in units])
    except CannotBeginError as error:
        for unit in units:
            unit.error = _cause(error)
    except Exception as error:  # noqa: BLE001 - goes to whoever waits for the unit
        if len(units) == 1:
            units[0].error = error
        else:
            _one_by_one(session, units)
    else:
        for unit, result in zip(units, results, strict=True):
            unit.result = result


def _counted(
    batch: BatchFunction[Item, R], connection: Connection, items: Sequence[Item]
) -> Sequence[R]:
    """Run a batch function; one that forgets somebody is a bug, found while it can be undone."""
    results = batch(connection, items)
    if len(results) != len(items):
        raise RuntimeError(f"{len(results)} results for {len(items)} items")
    return results


def _one_by_one(session: Session, units: Sequence[Unit[Any, Any]]) -> None:
    for number, unit in enumerate(units):
        try:
            unit.result = session.run(partial(_counted, unit.batch), [unit.item])[0]
        except CannotBeginError as error:
            # Each attempt may have waited for a lock; the others would only wait as long again.
            for rest in units[number:]:
                rest.error = _cause(error)
            return
        except Exception as error:  # noqa: BLE001 - goes to whoever waits for the unit
            unit.error = error


def _cause(error: CannotBeginError) -> StoreFullError | StoreUnavailableError:
    cause = error.__cause__
    if isinstance(cause, StoreFullError):
        return StoreFullError(cause.cause)
    return StoreUnavailableError(cause.cause if isinstance(cause, TemporaryError) else str(cause))


def _read(session: Session, function: Callable[..., R], args: tuple[Any, ...]) -> R:
    try:
        return session.run(function, *args)
    except CannotBeginError as error:
        raise _cause(error) from error


def _read_if_changed(
    session: Session, function: Callable[..., R], args: tuple[Any, ...]
) -> R | None:
    try:
        if session.changed():
            return session.run(function, *args)
    except CannotBeginError as error:
        raise _cause(error) from error
    return None


class Executor(Protocol):
    """What runs transactions for a Database."""

    outcomes: Outcomes

    def start(self, file: DatabaseFile) -> None:
        """Begin to take work on this file."""

    def write(self, unit: Unit[Any, Any]) -> None:
        """See Database.write."""

    @property
    def waiting(self) -> int:
        """How many units are on their way through the writer."""

    def read(self, function: Callable[..., R], args: tuple[Any, ...]) -> Deferred[R]:
        """See Database.read."""

    def poll(self, function: Callable[..., R], args: tuple[Any, ...]) -> Deferred[R | None]:
        """See Database.poll."""

    def stop(self) -> Deferred[None]:
        """Finish what was begun, then give all connections up."""


class InlineExecutor:
    """Runs everything at once in the calling thread: for the command line and for tests.

    Made by `inline_stores`, lives as long as they.
    """

    waiting = 0

    def __init__(self) -> None:
        self.outcomes = Outcomes()

    def start(self, file: DatabaseFile) -> None:
        """See Executor."""
        self._writer = Session(file, file.writing)
        self._reader = Session(file, file.reading)
        self._watcher = Session(file, file.reading)

    def write(self, unit: Unit[Any, Any]) -> None:
        """See Executor."""
        write_group(self._writer, [unit])
        self.outcomes.take([unit])
        unit.fire()

    def read(self, function: Callable[..., R], args: tuple[Any, ...]) -> Deferred[R]:
        """See Executor."""
        return execute(_read, self._reader, function, args)

    def poll(self, function: Callable[..., R], args: tuple[Any, ...]) -> Deferred[R | None]:
        """See Executor."""
        return execute(_read_if_changed, self._watcher, function, args)

    def stop(self) -> Deferred[None]:
        """See Executor."""
        for session in (self._watcher, self._reader, self._writer):
            session.close()
        return succeed(None)


class ThreadedExecutor:
    """One writer thread with a bounded queue, and a few readers.

    Made by `threaded_stores`; the threads live from start to stop. Called in the reactor's thread,
    where it is also decided what makes up a group: the writer is woken once for each.
    """

    def __init__(self, reactor: Any) -> None:
        # IReactorTime and IReactorFromThreads
        self._reactor = reactor
        self.outcomes = Outcomes()
        self._readers = Threads(reactor, "store-reader", _READERS)
        self._groups: SimpleQueue[Sequence[Unit[Any, Any]] | None] = SimpleQueue()
        self._waiting = 0
        self._pending: list[Unit[Any, Any]] = []
        self._writing = False
        self._expected = 1
        self._gathering: IDelayedCall | None = None
        self._ending = False
        self._reading = 0
        self._sessions: list[Session] = []

    def start(self, file: DatabaseFile) -> None:
        """See Executor."""
        self._file = file
        self._writer = file.writer()
        self._watcher = Session(file, file.reading)
        self._sessions += [self._writer, self._watcher]
        self._local = threading.local()
        self._stopped: Deferred[None] = Deferred()
        self._ending = False
        self._thread = threading.Thread(target=self._write_all, name="store-writer", daemon=True)
        self._thread.start()
        self._readers.start()

    def write(self, unit: Unit[Any, Any]) -> None:
        """See Executor."""
        if self._waiting >= _MOST_WAITING:
            # The client tries again later; letting it wait would only cost it its patience.
            cause = f"{self._waiting} writes are waiting for the disk"
            unit.error = TemporaryError(STORE_FULL, cause=cause)
            unit.fire()
            return
        self._waiting += 1
        self._pending.append(unit)
        if not self._writing:
            self._write_or_gather()

    @property
    def waiting(self) -> int:
        """See Executor."""
        return self._waiting

    def _write_or_gather(self) -> None:
        """Write what waits if it is as much as last time; else give the others a moment to come."""
        pending = self._pending
        mixed = pending[0].batch != pending[-1].batch
        if mixed or self._ending or len(pending) >= self._expected:
            self._write_group()
        elif self._gathering is None:
            self._gathering = self._reactor.callLater(_GATHER_S, self._gathered)

    def _gathered(self) -> None:
        self._gathering = None
        self._write_group()

    def _write_group(self) -> None:
        """Hand the first units of one kind to the writer."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        kind = self._pending[0].batch
        same = takewhile(lambda unit: unit.batch == kind, self._pending)
        group = list(islice(same, _MOST_IN_GROUP))
        del self._pending[: len(group)]
        self._writing = True
        self._groups.put(group)

    def _write_all(self) -> None:
        """Write group after group until told to end. Runs in the writer's thread."""
        while (group := self._groups.get()) is not None:
            write_group(self._writer, group)
            self._reactor.callFromThread(self._written, group)
        self._writer.checkpoint()
        self._writer.close()
        self._reactor.callFromThread(self._stopped.callback, None)

    def _written(self, group: Sequence[Unit[Any, Any]]) -> None:
        """Tell those who waited; what they write now makes up the next group."""
        self._waiting -= len(group)
        self.outcomes.take(group)
        # Who came meanwhile is in step with the others soon, and then one commit serves all
        self._expected = len(group) + len(self._pending)
        for unit in group:
            unit.fire()
        self._writing = False
        if self._pending:
            self._write_or_gather()
        elif self._ending:
            self._groups.put(None)

    def read(self, function: Callable[..., R], args: tuple[Any, ...]) -> Deferred[R]:
        """See Executor."""
        if self._reading >= _MOST_READING:
            cause = f"{self._reading} reads are waiting for the disk"
            return fail(StoreUnavailableError(cause))
        self._reading += 1
        return self._readers.run(self._read_in_thread, function, args).addBoth(self._read_done)

    def _read_done(self, result: R) -> R:
        self._reading -= 1
        return result

    def _read_in_thread(self, function: Callable[..., R], args: tuple[Any, ...]) -> R:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = Session(self._file, self._file.reading)
            self._sessions.append(session)  # a list's append is atomic
        return _read(session, function, args)

    def poll(self, function: Callable[..., R], args: tuple[Any, ...]) -> Deferred[R | None]:
        """See Executor."""
        return self._readers.run(_read_if_changed, self._watcher, function, args)

    def stop(self) -> Deferred[None]:
        """See Executor."""

        def ended(_result: None) -> None:
            self._thread.join()
            self._readers.stop()
            for session in self._sessions:
                session.close()
            self._sessions.clear()

        self._ending = True
        if not self._writing:
            if self._pending:
                self._write_group()
            else:
                self._groups.put(None)
        return self._stopped.addCallback(ended)


class Database:
    """The way to the database for the rest of the store. Made with the stores, lives as long.

    Functions given to it run in another thread: they get a connection and plain values, and keep
    neither the connection nor what it returned. `meter`, if there is one, is told of each write.
    """

    def __init__(self, file: DatabaseFile, executor: Executor) -> None:
        self.file = file
        self.meter: IMeter | None = None
        self._executor = executor
        self._open = False

    def start(self) -> None:
        """Begin to take work; the schema must be there."""
        self._executor.start(self.file)
        self._open = True

    def write(self, batch: BatchFunction[Item, R], item: Item) -> Deferred[R]:
        """Hand an item to the writer; its result comes when it is durable.

        `batch(connection, items)` returns one result per item. It gets items that wait at the same
        time together, in the order of these calls, and must give each the same result as alone.
        Fails with StoreFullError, StoreUnavailableError, TemporaryError (too deep a queue), or what
        `batch` raised for this item alone. Cancelling has no effect.
        """
        unit = Unit(batch, item)
        if not self._open:
            return fail(StoreUnavailableError("the store is closed"))
        if self.meter is not None:
            unit.done.addBoth(self._committed, perf_counter())
        self._executor.write(unit)
        return unit.done

    def _committed(self, result: R, begun: float) -> R:
        if self.meter is not None:
            self.meter.committed(perf_counter() - begun)
        return result

    @property
    def waiting(self) -> int:
        """How many writes wait for their commit."""
        return self._executor.waiting

    @property
    def failed(self) -> tuple[int, str]:
        """How many writes have failed since the last that did not, and what the last was told."""
        return self._executor.outcomes.failed, self._executor.outcomes.cause

    def touch(self) -> Deferred[None]:
        """Commit something that changes nothing, to see whether that can be done. See `write`."""
        return self.write(touched, None)

    def read(self, function: Callable[..., R], *args: Any) -> Deferred[R]:
        """Call `function(connection, *args)` in a read transaction of its own."""
        if not self._open:
            return fail(StoreUnavailableError("the store is closed"))
        return self._executor.read(function, args)

    def poll(self, function: Callable[..., R], *args: Any) -> Deferred[R | None]:
        """Read, but only if something was committed since the last poll; else None.

        One poll at a time.
        """
        if not self._open:
            return fail(StoreUnavailableError("the store is closed"))
        return self._executor.poll(function, args)

    def stop(self) -> Deferred[None]:
        """Finish what is queued, then move the log into the file and close. Never fails."""
        if not self._open:
            return succeed(None)
        self._open = False
        return self._executor.stop()
