"""One server to a data directory: a lock that ends with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bitrixmail.model.errors import SetupError

_NAME = "server.lock"


class DataDirLock:
    """Held from the start to the end of a server. Made by it, lives as long.

    Two servers on one directory would give a folder to two readers at once, each of whom is
    promised to be alone. The command takes no lock: it works beside a server.
    """

    def __init__(self) -> None:
        self._descriptor: int | None = None

    def take(self, folder: Path) -> None:
        """Take the lock. Raises SetupError naming who holds it, or OSError."""
        descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise SetupError(
                f"server.data_dir: {folder} is in use by another server (PID {holder})",
                f"see what it is: ps -fp {holder}",
                "another directory: --data-dir DIR",
                exit_code=os.EX_UNAVAILABLE,
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, b"%d\n" % os.getpid())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give it back; harmless if it was never taken."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
