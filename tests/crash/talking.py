"""What campaigns share that hand mail over while their server dies: senders, and its store."""

from __future__ import annotations

import shutil
import smtplib
import sqlite3
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any


class Senders(ABC):
    """Threads that hand over mail as long as `run` is set. Made by a campaign, lives as long."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.run = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(sender,)) for sender in range(number)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        self.run.set()
        for thread in self._threads:
            thread.join()

    def _send(self, sender: int) -> None:
        ids = (f"<{sender}.{place}@client.example>" for place in count(1))
        while not self._over.is_set():
            self.run.wait()
            with suppress(OSError, smtplib.SMTPException):  # the server is dead, or dies
                self._session(sender, ids)
            time.sleep(0.02)

    def _session(self, sender: int, ids: Iterator[str]) -> None:
        """Hand over one letter after the other on a connection; no id is ever used again."""
        with smtplib.SMTP("127.0.0.1", self._port, timeout=10) as link:
            while self.run.is_set() and not self._over.is_set():
                self._letter(sender, link, next(ids))

    @abstractmethod
    def _letter(self, sender: int, link: smtplib.SMTP, message_id: str) -> None:
        """Hand over one letter, noting that it is sent, and when that is answered by 250."""


def read_store(data_dir: Path, query: str) -> list[tuple[Any, ...]]:
    """Read the store of a dead server in a copy, so that it is left as the death left it."""
    file = data_dir / "bitrixmail.sqlite"
    with tempfile.TemporaryDirectory() as folder:
        for part in ("", "-wal"):
            source = file.with_name(file.name + part)
            if source.exists():
                shutil.copy(source, Path(folder, file.name + part))
        reader = sqlite3.connect(Path(folder, file.name))
        try:
            return [tuple(row) for row in reader.execute(query)]
        finally:
            reader.close()
