"""The stores together: made without touching anything, opened and closed as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from bitrixmail.store.answers import DatabaseAnswers
from bitrixmail.store.blobs import FileBlobs
from bitrixmail.store.changes import PolledChanges
from bitrixmail.store.counters import DatabaseCounters
from bitrixmail.store.database import DatabaseFile, database_path
from bitrixmail.store.destinations import DatabaseDestinations
from bitrixmail.store.directory import DatabaseDirectory
from bitrixmail.store.dkim_keys import DatabaseDKIMKeys
from bitrixmail.store.event_log import DatabaseEventLog
from bitrixmail.store.executors import Database, InlineExecutor, ThreadedExecutor
from bitrixmail.store.grants import DatabaseGrants
from bitrixmail.store.jobs import DatabaseJobs
from bitrixmail.store.messages import DatabaseMessages
from bitrixmail.store.quarantine import DatabaseQuarantine
from bitrixmail.store.queue import DatabaseQueue
from bitrixmail.store.rule_runs import DatabaseRuleRuns
from bitrixmail.store.rulebook import DatabaseRulebook
from bitrixmail.store.searching import DatabaseSearching
from bitrixmail.store.sender_lists import DatabaseSenderLists
from bitrixmail.store.sequences import generations
from bitrixmail.store.suppressions import DatabaseSuppressions
from bitrixmail.store.tickets import DatabaseTickets
from bitrixmail.store.users import DatabaseUsers
from bitrixmail.store.versions import check_writable, make_folder, prepare
from bitrixmail.tasks import InlineThreads, Threads

_BLOB_THREADS = 4
_MOST_CACHED = 20_000
# Who wonders why an address got nothing for a while looks within days.
_LIFTED_KEPT = timedelta(days=7)
# How safely a domain was reached is an alarm when that changes, for those we write to at all.
_DESTINATIONS_KEPT = timedelta(days=184)
# Who has not been at the pages for so long logs in anew.
_SESSIONS_KEPT = timedelta(days=14)
_DEEDS_KEPT = timedelta(days=2 * 366)
S = TypeVar("S", bound="Stores")


@dataclass(frozen=True, slots=True)
class Stores:
    """All of the store. Made by compose or the command line; its service opens and closes it."""

    data_dir: Path
    database: Database
    messages: DatabaseMessages
    directory: DatabaseDirectory
    rulebook: DatabaseRulebook
    runs: DatabaseRuleRuns
    dkim_keys: DatabaseDKIMKeys
    destinations: DatabaseDestinations
    jobs: DatabaseJobs
    queue: DatabaseQueue
    suppressions: DatabaseSuppressions
    grants: DatabaseGrants
    tickets: DatabaseTickets
    answers: DatabaseAnswers
    counters: DatabaseCounters
    senders: DatabaseSenderLists
    quarantine: DatabaseQuarantine
    users: DatabaseUsers
    searching: DatabaseSearching
    event_log: DatabaseEventLog
    blobs: FileBlobs
    changes: PolledChanges
    _threads: Threads | InlineThreads

    async def open(self) -> None:
        """Bring the schema up to date and begin to work.

        Raises SetupError, and is then closed: damaged, locked, unwritable, of a newer version.
        """
        if isinstance(self._threads, Threads):
            self._threads.start()
        try:
            await self._threads.run(self._prepare)
            self.database.start()
            self.changes.begin(await self.database.read(generations))
            self.changes.start()
        except BaseException:
            await self.close()
            raise

    def _prepare(self) -> None:
        make_folder(self.data_dir)
        make_folder(self.data_dir / "blobs")
        check_writable(self.data_dir / "blobs")
        prepare(self.database.file)

    async def expire(self, now: datetime) -> None:
        """Remove what is too old, of everything that is kept for a time only."""
        await self.messages.expire(now)
        await self.suppressions.forget(now - _LIFTED_KEPT)
        await self.destinations.forget(now - _DESTINATIONS_KEPT)
        await self.answers.forget(now)
        await self.senders.forget(now - _LIFTED_KEPT)
        await self.counters.expire(now)
        await self.users.expire(now - _SESSIONS_KEPT, now - _DEEDS_KEPT)

    async def close(self) -> None:
        """Finish what is queued, then close; harmless if it was never opened."""
        self.changes.stop()
        await self.database.stop()
        if isinstance(self._threads, Threads):
            self._threads.stop()


class InlineStores(Stores):
    """Stores that do everything at once: no reactor runs, every Deferred has fired.

    Opened and closed as a context, or by hand.
    """

    __slots__ = ()

    def open_now(self) -> None:
        """Do what `open` does."""
        done(self.open())

    def close_now(self) -> None:
        """Do what `close` does."""
        done(self.close())

    def __enter__(self) -> Self:
        self.open_now()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close_now()


def done(coroutine: Any) -> Any:
    """Return the result of a coroutine that waits for nothing, or raise its error."""
    results: list[Any] = []
    errors: list[BaseException] = []
    Deferred.fromCoroutine(coroutine).addCallbacks(
        results.append, lambda failure: errors.append(failure.value)
    )
    if errors:
        raise errors[0]
    if not results:
        raise RuntimeError("it still waits for something")
    return results[0]


def threaded_stores(
    reactor: Any, url: str, data_dir: Path, *, one_of_several: bool = False, sends: bool = True
) -> Stores:
    """Make the stores of a server; opens no file and starts no thread.

    `reactor` is the running one (IReactorTime, IReactorFromThreads). A relative path in `url` is
    taken from the current directory, now. `one_of_several`: so many processes serve it together.
    `sends`: this is the one that sends. Raises InputError for a URL that cannot be used.
    """
    threads = Threads(reactor, "store-blobs", _BLOB_THREADS)
    file = DatabaseFile(database_path(url), one_of_several=one_of_several)
    database = Database(file, ThreadedExecutor(reactor))
    return _stores(
        Stores, database, threads, reactor, data_dir, most_cached=_MOST_CACHED, sends=sends
    )


def inline_stores(url: str, data_dir: Path, clock: IReactorTime) -> InlineStores:
    """Make stores for the command line or a test; they work in the calling thread.

    Nothing is cached, so nothing is missed where `clock` does not run.
    """
    database = Database(DatabaseFile(database_path(url)), InlineExecutor())
    return _stores(
        InlineStores, database, InlineThreads(), clock, data_dir, most_cached=0, sends=False
    )


def _stores(
    kind: type[S],
    database: Database,
    threads: Threads | InlineThreads,
    clock: IReactorTime,
    data_dir: Path,
    *,
    most_cached: int,
    sends: bool,
) -> S:
    data_dir = data_dir.absolute()
    changes = PolledChanges(database, clock if most_cached else None)
    blobs = FileBlobs(data_dir / "blobs", threads)
    return kind(
        data_dir=data_dir,
        database=database,
        messages=DatabaseMessages(database, blobs, clock, sends=sends),
        directory=DatabaseDirectory(database, changes, clock, most_cached),
        rulebook=DatabaseRulebook(database, changes, clock),
        runs=DatabaseRuleRuns(database, blobs, clock),
        dkim_keys=DatabaseDKIMKeys(database, changes, most_cached),
        destinations=DatabaseDestinations(database),
        jobs=DatabaseJobs(database, blobs, clock, sends=sends),
        queue=DatabaseQueue(database, clock),
        suppressions=DatabaseSuppressions(database, changes, most_cached),
        grants=DatabaseGrants(database, changes, most_cached),
        tickets=DatabaseTickets(database, clock, sends=sends),
        answers=DatabaseAnswers(database),
        counters=DatabaseCounters(database, changes, clock, caches=bool(most_cached)),
        senders=DatabaseSenderLists(database, changes, most_cached),
        quarantine=DatabaseQuarantine(database, clock),
        users=DatabaseUsers(database),
        searching=DatabaseSearching(database, blobs, threads, clock),
        event_log=DatabaseEventLog(database),
        blobs=blobs,
        changes=changes,
        _threads=threads,
    )
