"""Contents too large for a row, as files: `FOLDER/xx/ID`, written once, never changed."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.interfaces.blobs import IBlobStore, IBlobWriter
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import (
    Fault,
    NotFoundError,
    StoreUnavailableError,
    TemporaryError,
)
from bitrixmail.store.database import outside_cause

_log = Logger()
_ID = re.compile(r"[0-9a-f]{32}")
# Above it a writer asks to be left alone until the disk has caught up.
_OUTSTANDING_OCTETS = 1024 * 1024
# So much is gathered for a turn of a thread, which costs as much as writing it.
_HANDED_OCTETS = 128 * 1024
# Another process may be about to commit a message that names it.
_GRACE = timedelta(days=1)


@implementer(IBlobStore)
class FileBlobs:
    """See IBlobStore. Made with the stores, lives as long; files are touched in threads only."""

    def __init__(self, folder: Path, threads: IThreads) -> None:
        self._folder = folder
        self._threads = threads

    def create(self) -> FileBlobWriter:
        """See IBlobStore."""
        blob_id = secrets.token_hex(16)
        return FileBlobWriter(blob_id, self._path(blob_id), self._threads)

    async def read(self, blob_id: str, offset: int, length: int) -> bytes:
        """See IBlobStore."""
        return await self._threads.run(_read, self._path(blob_id), offset, length)

    async def sweep(self, referenced: frozenset[str], now: datetime) -> int:
        """See IBlobStore."""
        before = (now - _GRACE).timestamp()
        return await self._threads.run(_sweep, self._folder, referenced, before)

    def _path(self, blob_id: str) -> Path:
        if not _ID.fullmatch(blob_id):
            raise NotFoundError(Fault(blob_id, "is no name of a content"))
        return self._folder / blob_id[:2] / blob_id


@implementer(IBlobWriter)
class FileBlobWriter:
    """See IBlobWriter. Made by FileBlobs for one content.

    At most one thread works for it at a time, so octets reach the file in their order.
    """

    def __init__(self, blob_id: str, path: Path, threads: IThreads) -> None:
        self.blob_id = blob_id
        self._path = path
        self._threads = threads
        self._file = _File(path)
        self._chunks: list[bytes] = []
        self._gathered = 0
        self._outstanding = 0
        self._busy = False
        self._aborted = False
        self._error: TemporaryError | None = None
        self._waiting: list[Deferred[None]] = []

    def write(self, data: bytes) -> Deferred[None] | None:
        """See IBlobWriter."""
        if self._error is not None or self._aborted:
            return None
        self._chunks.append(data)
        self._gathered += len(data)
        self._outstanding += len(data)
        self._go_on()
        return self._caught_up() if self._outstanding > _OUTSTANDING_OCTETS else None

    def _caught_up(self) -> Deferred[None]:
        waiting: Deferred[None] = Deferred(lambda cancelled: cancelled.callback(None))
        self._waiting.append(waiting)
        return waiting

    def _go_on(self) -> None:
        """Give what has gathered to a thread, if that is enough and none is at work."""
        if self._busy or self._gathered < _HANDED_OCTETS:
            return
        self._busy = True
        octets = self._gathered
        self._threads.run(self._file.write, self._taken()).addBoth(self._written, octets)

    def _taken(self) -> list[bytes]:
        chunks, self._chunks = self._chunks, []
        self._gathered = 0
        return chunks

    def _written(self, result: object, octets: int) -> None:
        self._busy = False
        self._outstanding -= octets
        if isinstance(result, Failure):
            self._failed(result)
        if self._aborted:
            self._remove()
        else:
            self._go_on()
        if not self._busy:
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.called:
                    waiter.callback(None)

    def _failed(self, failure: Failure) -> None:
        self._taken()
        self._outstanding = 0
        value = failure.value
        if isinstance(value, TemporaryError):
            self._error = value
            return
        _log.failure("writing a content failed", failure=failure)
        self._error = StoreUnavailableError(repr(value))

    async def finish(self) -> None:
        """See IBlobWriter."""
        while self._busy:
            await self._caught_up()
        if self._error is None and not self._aborted:
            self._busy = True
            octets = self._gathered
            syncing = self._threads.run(self._file.finish, self._taken())
            await syncing.addBoth(self._written, octets)
        if self._error is not None:
            raise self._error
        if self._aborted:
            raise StoreUnavailableError("the content was given up")

    def abort(self) -> None:
        """See IBlobWriter."""
        if self._aborted:
            return
        self._aborted = True
        self._taken()
        if not self._busy:
            self._remove()

    def _remove(self) -> None:
        def failed(failure: Failure) -> None:
            # It stays behind without a reference; sweeping takes it after its grace.
            _log.warn("{path} not removed: {error}", path=str(self._path), error=failure.value)

        self._threads.run(self._file.remove).addErrback(failed)


class _File:
    """The file itself. Made by its writer; its methods run in threads, one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._made = False

    def write(self, chunks: list[bytes]) -> None:
        """Write chunks at the end. Raises StoreFullError or StoreUnavailableError."""
        try:
            if not self._made:
                self._create()
            left = memoryview(b"".join(chunks))
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise _explained(error) from error

    def _create(self) -> None:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, 0o600)
        self._made = True

    def finish(self, chunks: list[bytes]) -> None:
        """Write the last chunks; then all of it is durable. Raises as `write`."""
        self.write(chunks)  # an empty content has a file as well
        self.sync()

    def sync(self) -> None:
        """Bring the file and its name to the disk. Raises as `write`."""
        try:
            os.fsync(self._descriptor)
            self._close()
            sync_folder(self._path.parent)
            sync_folder(self._path.parent.parent)
        except OSError as error:
            raise _explained(error) from error

    def remove(self) -> None:
        """Close and remove it."""
        with contextlib.suppress(OSError):
            self._close()
        if self._made:
            self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _explained(error: OSError) -> TemporaryError:
    return outside_cause(error) or StoreUnavailableError(str(error))


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path, offset: int, length: int) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), length, offset)
    except FileNotFoundError:
        raise NotFoundError(Fault(path.name, "is not there (any more)")) from None
    except OSError as error:
        raise _explained(error) from error


def _sweep(folder: Path, referenced: frozenset[str], before: float) -> int:
    removed = 0
    try:
        for below in sorted(folder.iterdir()):
            if len(below.name) == 2:
                removed += _sweep_one(below, referenced, before)
    except OSError as error:
        raise _explained(error) from error
    return removed


def _sweep_one(folder: Path, referenced: frozenset[str], before: float) -> int:
    removed = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _ID.fullmatch(entry.name) or entry.name in referenced:
                continue
            try:
                if entry.stat(follow_symlinks=False).st_mtime < before:
                    Path(entry.path).unlink()
                    removed += 1
            except OSError as error:
                if error.errno != errno.ENOENT:  # else another process was faster
                    raise
    return removed
