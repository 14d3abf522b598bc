"""Random octets that only this server knows, kept in a file so that they stay the same."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.errors import StoreUnavailableError

_OCTETS = 32


class KeptSecret:
    """Made by compose, lives as long as the server; the file is read or made when first asked."""

    def __init__(self, path: Path, threads: IThreads) -> None:
        self._path = path
        self._threads = threads
        self._octets = b""

    async def octets(self) -> bytes:
        """Return the secret. Raise StoreUnavailableError if it can neither be read nor made."""
        if not self._octets:
            try:
                self._octets = await self._threads.run(_read_or_make, self._path)
            except OSError as error:
                raise StoreUnavailableError(f"{self._path}: {error.strerror}") from error
        return self._octets


def _read_or_make(path: Path) -> bytes:
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        found = b""
    return found if len(found) == _OCTETS else _made(path)


def _made(path: Path) -> bytes:
    """Make it beside its place first: half a file would be another secret after a crash.

    Of two processes that make it at the same time both get that of the first.
    """
    made = secrets.token_bytes(_OCTETS)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, made)
        os.fsync(descriptor)
        return _placed(beside, path, made)
    finally:
        os.close(descriptor)
        beside.unlink(missing_ok=True)


def _placed(beside: Path, path: Path, made: bytes) -> bytes:
    """Put it in its place, unless another process has; return what is there then."""
    try:
        os.link(beside, path)
    except FileExistsError:
        found = path.read_bytes()
        if len(found) == _OCTETS:
            return found
        beside.replace(path)  # it was damaged
    except OSError:
        beside.replace(path)  # a file system without hard links
    return made
