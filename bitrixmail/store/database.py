"""The database file: connections, transactions and errors; all that is particular to SQLite.

Write-ahead log, `synchronous=FULL`, so a commit is on the disk when it returns. Writers begin with
BEGIN IMMEDIATE: a transaction that turns from reading to writing could fail at once, and no
time-out would help it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from twisted.logger import Logger

from bitrixmail.model.errors import (
    Fault,
    InputError,
    SetupError,
    StoreFullError,
    StoreUnavailableError,
)

_log = Logger()
P = ParamSpec("P")
T = TypeVar("T")

# How long a transaction waits for another process's. The writer's queue waits with it.
_BUSY_S = 5.0
# The log is moved into the file when it has so many pages: index pages that each commit touches are
# then written once for many of them.
_LOG_PAGES = 4000
_CACHE_KIB = 16 * 1024
_FULL_BELOW_OCTETS = 64 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
# Primary result codes that speak of the surroundings; all others are bugs of ours.
_OUTSIDE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOTADB,
    }
)


def database_path(url: str) -> Path:
    """Return the file that a database URL names, made absolute now. Raises InputError."""
    where, remedy = "database.url", 'for example "sqlite:///var/bitrixmail.sqlite"'
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError(Fault(where, "is no database URL", remedy)) from None
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise InputError(Fault(where, f"{parsed.drivername} is not supported", remedy))
    name = parsed.database or ""
    if not name or name == ":memory:" or name.startswith("file:") or parsed.query or parsed.host:
        raise InputError(Fault(where, "must name a file, and nothing else", remedy))
    return Path(name).absolute()


def outside_cause(error: BaseException) -> StoreFullError | StoreUnavailableError | None:
    """Map an error of the driver or the system to ours; None: it is a bug, not the surroundings.

    A new exception each time, since each goes to somebody else.
    """
    found = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(found, OSError):
        full = found.errno in _NO_ROOM
        return StoreFullError(str(found)) if full else StoreUnavailableError(str(found))
    code = getattr(found, "sqlite_errorcode", None)
    if not isinstance(found, sqlite3.Error) or code is None or code & 0xFF not in _OUTSIDE:
        return None
    cause = f"{found} ({found.sqlite_errorname})"
    if code == sqlite3.SQLITE_FULL:
        return StoreFullError(cause)
    return StoreUnavailableError(cause)


def opening_error(path: Path, error: BaseException) -> SetupError | None:
    """Say in an operator's words why the file cannot be opened; None: it is a bug."""
    found = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(found, "sqlite_errorcode", None)
    if outside_cause(error) is None or code is None:
        return None
    primary = code & 0xFF
    if primary in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return SetupError(
            f"{path} is damaged, or is no database",
            "stop the server, then restore it from a backup",
            f"see what can be saved of it: sqlite3 {path} .recover",
            exit_code=os.EX_DATAERR,
        )
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return SetupError(
            f"{path} is locked by another program",
            f"see which one: fuser -v {path}",
            exit_code=os.EX_TEMPFAIL,
        )
    if primary in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN}:
        return SetupError(
            f"{path} cannot be written: {found}",
            f"make it and its folder this user's: chown -R {os.geteuid()} {path.parent}",
            "name another place by database.url",
            exit_code=os.EX_NOPERM,
        )
    return SetupError(
        f"{path} cannot be read or written: {found}",
        f"see whether the disk is full or broken: df {path.parent}; dmesg",
        exit_code=os.EX_IOERR,
    )


def error_behind(path: Path, error: BaseException) -> SetupError | None:
    """Do as `opening_error` for an error that was raised because of the database's own."""
    cause: BaseException | None = error
    while cause is not None:
        found = opening_error(path, cause)
        if found is not None:
            return found
        cause = cause.__cause__
    return None


class CannotBeginError(Exception):
    """No transaction could be begun, so none of the work is at fault; `__cause__` says why."""


class DatabaseFile:
    """The file and how it is opened. Made with the stores; opens nothing by itself.

    `one_of_several`: other processes write to it all the time, as this one does.
    """

    def __init__(
        self, path: Path, busy_s: float = _BUSY_S, *, one_of_several: bool = False
    ) -> None:
        self.path = path
        self._one_of_several = one_of_several
        self.writing = _engine(path, "BEGIN IMMEDIATE", "PRAGMA journal_mode=WAL", busy_s)
        self.reading = _engine(path, "BEGIN", "PRAGMA query_only=ON", busy_s)
        # For migrations, which may have to copy a table that others refer to.
        self.migrating = _engine(path, "BEGIN IMMEDIATE", "PRAGMA foreign_keys=OFF", busy_s)

    def writer(self) -> Session:
        """Return what writes."""
        return TakingTurns(self) if self._one_of_several else Session(self, self.writing)

    def full(self) -> bool:
        """Tell whether the disk under the file has no room."""
        try:
            found = os.statvfs(self.path.parent)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < _FULL_BELOW_OCTETS

    def explain(self, error: BaseException) -> StoreFullError | StoreUnavailableError | None:
        """Map an error like `outside_cause`, and look whether a full disk is behind it.

        SQLite says SQLITE_FULL only where a page could not be written; making the shared memory
        file or the journal fails as an I/O error or as "unable to open".
        """
        found = outside_cause(error)
        if isinstance(found, StoreUnavailableError) and self.full():
            return StoreFullError(found.cause)
        return found


def _engine(path: Path, begin: str, pragma: str, busy_s: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={
            "isolation_level": None,  # the driver begins no transactions of its own
            "check_same_thread": False,  # a session goes with its thread, but is closed by another
            "timeout": busy_s,
        },
    )

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        for statement in (
            "PRAGMA foreign_keys=ON",
            "PRAGMA synchronous=FULL",
            "PRAGMA journal_size_limit=67108864",
            "PRAGMA temp_store=MEMORY",
            f"PRAGMA wal_autocheckpoint={_LOG_PAGES}",
            f"PRAGMA cache_size=-{_CACHE_KIB}",
            pragma,
        ):
            connection.execute(statement)

    def begun(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.execute(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


class Session:
    """One connection, kept from call to call and given up after an error.

    Made by an executor for one thread, closed by it; runs one transaction at a time.
    """

    def __init__(self, file: DatabaseFile, engine: Engine) -> None:
        self._file = file
        self._engine = engine
        self._connection: Connection | None = None
        self._data_version = -1

    def run(
        self,
        function: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Call `function` with the connection in a transaction of its own, then commit.

        Whatever it raises rolls the transaction back. Raises CannotBeginError before anything was
        tried; after that StoreFullError, StoreUnavailableError, or what `function` raised.
        """
        connection = self._begin()
        try:
            result = function(connection, *args, **kwargs)
            connection.commit()
        except BaseException as error:
            found = self._file.explain(error)
            if found is None and not isinstance(error, DBAPIError):
                connection.rollback()
            else:
                self.close()  # of a connection that failed nothing more is believed
            if found is not None:
                raise found from error
            raise
        return result

    def _begin(self) -> Connection:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            self._connection.begin()
        except BaseException as error:
            self.close()
            found = self._file.explain(error)
            if found is None:
                raise
            raise CannotBeginError from found
        return self._connection

    def changed(self) -> bool:
        """Tell whether any other connection has committed since this was last asked.

        Raises CannotBeginError.
        """
        connection = self._begin()
        try:
            version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
            connection.rollback()
        except DBAPIError as error:
            self.close()
            raise CannotBeginError from self._file.explain(error)
        before, self._data_version = self._data_version, version
        return bool(before != version)

    def checkpoint(self) -> None:
        """Move what is in the write-ahead log into the file, as far as readers allow."""
        if self._connection is None:
            return
        driver: Any = self._connection.connection.driver_connection
        try:
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").close()
        except sqlite3.Error as error:
            # Nothing is lost: the next opening reads the log.
            _log.warn("{path} not tidied up: {error}", path=str(self._file.path), error=error)

    def close(self) -> None:
        """Give the connection up; the next transaction opens a new one."""
        connection, self._connection = self._connection, None
        self._data_version = -1
        if connection is None:
            return
        try:
            connection.close()
        except (DBAPIError, sqlite3.Error):
            connection.invalidate()  # the rollback failed as well: the file decides at opening


class TakingTurns(Session):
    """One of several writers, in as many processes: see Session.

    SQLite lets who waits for a writer sleep for milliseconds at a time; the system wakes him at
    once. A lock of the system ends with its process. It guards nothing: who does not take it, as
    the command line, or where the file system has none, waits for SQLite's own.
    """

    def __init__(self, file: DatabaseFile) -> None:
        super().__init__(file, file.writing)
        self._turn = -1

    def run(
        self,
        function: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """See Session."""
        try:
            if self._turn < 0:
                name = f"{self._file.path.name}-turn"
                self._turn = os.open(self._file.path.with_name(name), os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._turn, fcntl.LOCK_EX)
        except OSError:
            return super().run(function, *args, **kwargs)
        try:
            return super().run(function, *args, **kwargs)
        finally:
            if self._turn >= 0:  # else it was closed after an error, which ends the turn as well
                fcntl.flock(self._turn, fcntl.LOCK_UN)

    def close(self) -> None:
        """See Session."""
        super().close()
        turn, self._turn = self._turn, -1
        if turn >= 0:
            os.close(turn)


def touched(connection: Connection, items: Sequence[None]) -> list[None]:
    """Write what stands there already: a commit that changes nothing."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    connection.exec_driver_sql(f"PRAGMA user_version = {int(version)}")
    return [None] * len(items)
