"""The schema of a database file at opening: looked at, and brought up to date if it is behind.

Raises SetupError, in an operator's words. Blocks: not for the reactor's thread.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, inspect

from bitrixmail.model.errors import SetupError
from bitrixmail.store.blobs import sync_folder
from bitrixmail.store.database import DatabaseFile, opening_error
from bitrixmail.store.schema import SCHEMA

_MIGRATIONS = Path(__file__).parent / "migrations"


def make_folder(folder: Path) -> None:
    """Make a folder if it is missing; the one above it must be there."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)  # what is stored in it must be found after a power cut
    except FileNotFoundError:
        raise SetupError(
            f"{folder.parent} does not exist",
            f"make it: mkdir -p {folder.parent}",
            "name another place by server.data_dir and database.url",
            exit_code=os.EX_CANTCREAT,
        ) from None
    except OSError as error:
        denied = isinstance(error, PermissionError)
        raise SetupError(
            f"{folder} cannot be made: {error.strerror}",
            f"make it, and give it to this user: chown {os.geteuid()} {folder}",
            "name another place by server.data_dir and database.url",
            exit_code=os.EX_NOPERM if denied else os.EX_CANTCREAT,
        ) from None


def prepare(file: DatabaseFile) -> None:
    """Make sure that the file can be written and has this program's schema.

    Two processes may do so at the same time: one of them migrates, the other waits.
    """
    make_folder(file.path.parent)
    with suppress(OSError):  # also of one that is there; what is wrong SQLite says better
        # Nobody else reads mail and passwords; SQLite gives the files beside it the same rights
        os.close(os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if file.path.exists():
        # With a write-ahead log a transaction begins well even where the file can't be written.
        check_writable(file.path)
    try:
        if _version(file) != SCHEMA:
            with _alone(file.path.parent):
                _upgrade(file)
        with file.writing.connect() as connection:
            connection.begin()
    except Exception as error:  # only what has an operator's words is caught
        found = opening_error(file.path, error)
        if found is None:
            raise
        raise found from error


def check_writable(path: Path) -> None:
    """See whether this user may write a file or in a folder."""
    if not os.access(path, os.W_OK, effective_ids=True):
        raise SetupError(
            f"{path} cannot be written by user {os.geteuid()}",
            f"make all of it this user's: chown -R {os.geteuid()} {path.parent}",
            exit_code=os.EX_NOPERM,
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder; SQLite's own does not cover the change to a write-ahead log."""
    descriptor = _locked(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(folder: Path) -> int:
    descriptor = -1
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
        raise SetupError(
            f"{folder} cannot be locked: {error.strerror}",
            f"see what file system it is on, and whether that has locks: df -T {folder}",
            "name another place by server.data_dir and database.url",
            exit_code=os.EX_IOERR,
        ) from error
    return descriptor


def _version(file: DatabaseFile) -> str:
    """Return the schema's version, empty for a new file."""
    with file.reading.connect() as connection:
        tables = inspect(connection).get_table_names()
        if not tables:
            return ""
        found = None
        if "alembic_version" in tables:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if not isinstance(found, str):
        raise SetupError(
            f"{file.path} is a database of another program",
            "name another file by database.url",
            exit_code=os.EX_DATAERR,
        )
    if found > SCHEMA:
        raise SetupError(
            f"{file.path} was made by a newer version of this program (schema {found})",
            f"install that version: this one knows schemas up to {SCHEMA}",
            "restore a backup from before the upgrade",
            exit_code=os.EX_DATAERR,
        )
    return found


def _upgrade(file: DatabaseFile) -> None:
    """Run the missing migrations, all in one transaction."""
    if _version(file) == SCHEMA:
        return  # another process was faster
    with file.writing.connect():
        pass  # a new file becomes one with a write-ahead log, which no transaction may do
    with file.migrating.begin() as connection:
        _run_alembic(connection)


def _run_alembic(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 0.3 s, and hardly ever needed
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
