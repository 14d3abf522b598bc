"""The servers of the benchmark, behind one face."""

from __future__ import annotations

import os
import poplib
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

from tests.fakes.postfix import PrivatePostfix
from tests.fakes.process import ServerProcess, free_port

OURS, POSTFIX, AIOSMTPD = "bitrixmail", "Postfix", "aiosmtpd"
ADDRESS = "bench@example.org"
FOLDER = "Measured"
PASSWORD = "only for this run"
RULES = Path(__file__).with_name("site_rules.toml").read_text("utf-8")
_FILED = """\
SELECT count(*) FROM place JOIN folder ON folder.id = place.folder_id
JOIN mailbox ON mailbox.id = folder.mailbox_id WHERE mailbox.address = ? AND folder.name = ?"""


class Contestant(Protocol):
    """A running server that takes mail for ADDRESS.

    `clear` makes room on the disk, where that can be done without the server; it is not timed.
    """

    name: str
    port: int

    @property
    def pid(self) -> int: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def delivered(self) -> int: ...
    def clear(self) -> None: ...


class Ours:
    """bitrixmail as a site would run it: SQLite, one mailbox, and rules, twenty if not told others.

    `folder` is where the rules put the generator's messages, `processes` how many receive them;
    None: as the server decides by itself.
    """

    rules = RULES.count("[[rule]]")

    def __init__(
        self,
        home: Path,
        name: str = OURS,
        rules: str = RULES,
        folder: str = FOLDER,
        processes: int | None = None,
    ) -> None:
        self.name = name
        self._rules = rules
        self._folder = folder
        self._processes = processes or 1
        self.server = ServerProcess(home)
        if processes is not None:
            self.server.configure("server", f"processes = {processes}")
        self.port = self.server.smtp_port

    @property
    def pid(self) -> int:
        return self.server.pid

    def start(self) -> None:
        self.server.furnish((ADDRESS,), PASSWORD, self._rules)
        self.server.start()

    def wait_for_receivers(self) -> None:
        """Wait for those that receive all the time. Raises RuntimeError after 30 s."""
        until = time.monotonic() + 30
        while self.server.log.read_text().count(" is ready") < self._processes - 1:
            if time.monotonic() > until:
                raise RuntimeError("the receivers do not get ready")
            time.sleep(0.02)

    def stop(self) -> None:
        self.server.kill()

    def delivered(self) -> int:
        """Count the places of the folder that the rule names, in a process that is not measured."""
        file = self.server.data_dir / "bitrixmail.sqlite"
        reader = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60)
        try:
            return int(reader.execute(_FILED, (ADDRESS, self._folder)).fetchone()[0])
        finally:
            reader.close()

    def seen(self) -> int:
        """Count them as a mail program does."""
        reader = poplib.POP3("127.0.0.1", self.server.pop3_port, timeout=60)
        try:
            reader.user(ADDRESS.replace("@", f"+{self._folder}@"))
            reader.pass_(PASSWORD)
            return reader.stat()[0]
        finally:
            reader.close()

    def clear(self) -> None:
        """Leave what is there: a mailbox of a site is not empty."""


class Postfix(PrivatePostfix):
    """Postfix with Debian's defaults, delivering to a Maildir."""

    name = POSTFIX

    def __init__(self, home: Path) -> None:
        super().__init__(home, free_port(), ADDRESS.partition("@")[0])

    def clear(self) -> None:
        """Remove what was delivered, so that counting it is no work."""
        _empty(self.maildir / "new")


class Aiosmtpd:
    """aiosmtpd with the Maildir handler that it comes with, which syncs each file."""

    name = AIOSMTPD

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self._maildir = home / "Maildir"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("aiosmtpd is not running")
        return self._process.pid

    def start(self) -> None:
        """Run it; return when it greets, or raise RuntimeError."""
        self._maildir.parent.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-m", "aiosmtpd", "-n"),
                *("-l", f"127.0.0.1:{self.port}"),
                *("-c", "aiosmtpd.handlers.Mailbox", self._maildir),
            ],
            stdin=subprocess.DEVNULL,
        )
        if not greets(self.port, 10):
            self.stop()
            raise RuntimeError("aiosmtpd does not answer")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def delivered(self) -> int:
        new = self._maildir / "new"
        return sum(1 for _ in os.scandir(new)) if new.is_dir() else 0

    def clear(self) -> None:
        """See Postfix."""
        _empty(self._maildir / "new")


def greets(port: int, within_s: float) -> bool:
    """Wait until a server says its first octets."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
                if link.recv(1):
                    return True
        except OSError:
            time.sleep(0.002)
    return False


def _empty(folder: Path) -> None:
    """Remove the files of a folder, which itself keeps its owner."""
    for entry in os.scandir(folder) if folder.is_dir() else ():
        if entry.is_dir():
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
