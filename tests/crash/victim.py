"""The server of a campaign: dies when told to, by itself at a fail point, or by SIGTERM."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.processes import tree
from tests.crash.plan import Stop
from tests.fakes.process import ServerProcess

_PLANTED = 24
_STOPPED = "bitrixmail.app.services: stopped"
_TWO_DAYS_S = 2 * 86_400
# A receiver is there, and has ended without its server, at the latest after so long
_READY_S, _LINGER_S = 10.0, 10.0


@dataclass(frozen=True)
class Ending:
    """How it ended when it was asked to; no code: it did not within that time."""

    code: int | None
    took_s: float
    orderly: bool


class Victim(ServerProcess):
    """One store and whoever serves it. Made by a campaign, lives as long; dies many times."""

    def __init__(self, home: Path, broken: Sequence[str] = (), processes: int = 1) -> None:
        super().__init__(home)
        self._struck = home / "struck"
        self._left: set[int] = set()
        self.configure("server", f"processes = {processes}")
        self._always = [word for name in broken for word in ("--broken", name)]

    def arm(self, stop: Stop | None, days_ahead: int = 0) -> None:
        """Choose how the next start is armed."""
        options = list(self._always)
        if stop is not None and stop.point:
            options += ["--point", stop.point, "--passage", str(stop.passage)]
            options += ["--delay-us", str(stop.delay_us), "--struck", str(self._struck)]
        if days_ahead:
            options += ["--days-ahead", str(days_ahead)]
        self._struck.unlink(missing_ok=True)
        launcher = (sys.executable, "-m", "tests.crash.armed", "--parent", str(os.getpid()))
        self.program = (*launcher, *options, "--")

    def furnish_site(self, addresses: Sequence[str], password: str, rules: str) -> None:
        """Make mailboxes and rules, all by one command; the server is down."""
        domains = sorted({address.partition("@")[2] for address in addresses})
        site = [f'[[domain]]\nname = "{name}"\n' for name in domains]
        site += [
            f'[[mailbox]]\naddress = "{address}"\npassword = "{password}"\n'
            for address in addresses
        ]
        file = self.home / "site.toml"
        file.write_text("\n".join([*site, rules]))
        self.cli("apply", str(file))

    @property
    def struck(self) -> bool:
        """Whether it died at the point for which it was armed."""
        return self._struck.exists() and bool(self._struck.read_text())

    def receivers(self) -> frozenset[int]:
        """Return its processes that receive beside it; those of a server that is gone may linger."""
        return tree(self.pid) - {self.pid} if self.alive else frozenset()

    def kill_a_receiver(self) -> bool:
        """Kill one that receives, if it is there by now; the server lives on."""
        until = time.monotonic() + _READY_S
        while not (found := self.receivers()) and time.monotonic() < until:
            time.sleep(0.01)
        for pid in sorted(found)[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(found)

    def kill(self) -> None:
        """See ServerProcess. Who received beside it has still to see that it is gone."""
        self._left |= self.receivers()
        super().kill()

    def wait_for_receivers(self) -> None:
        """Wait until the last process of it has ended. Raises RuntimeError if one does not."""
        until = time.monotonic() + _LINGER_S
        while left := [pid for pid in self._left if _receives(pid)]:
            if time.monotonic() > until:
                raise RuntimeError(f"receivers {left} outlive their server")
            time.sleep(0.01)
        self._left.clear()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def dies(self, within_s: float) -> bool:
        """Wait for it to end by itself."""
        if self._process is not None:
            try:
                self._process.wait(within_s)
            except subprocess.TimeoutExpired:
                return False
        return True

    def ask_to_end(self, within_s: float) -> Ending:
        """Send SIGTERM and wait for its end; harmless if it has ended."""
        begun = time.monotonic()
        if self._process is None:
            return Ending(None, 0.0, orderly=False)
        self._process.terminate()
        code = self._process.returncode if self.dies(within_s) else None
        # twistd ends by the signal that it was sent, after its last words
        orderly = code in (0, -signal.SIGTERM) and _STOPPED in self.last_words()
        return Ending(code, time.monotonic() - begun, orderly=orderly)

    def lose_power(self) -> None:
        """Lose what was not synced, if this victim can; it is dead."""

    def unplug(self) -> None:
        """Give back what it holds of the machine."""

    @property
    def blobs(self) -> Path:
        return self.data_dir / "blobs"

    def age_files(self, keep: frozenset[str]) -> None:
        """Make every file that no message names, and some more, older than the sweep's grace.

        Only while the server is dead: a file on its way in must stay young.
        """
        for _ in range(_PLANTED):
            name = secrets.token_hex(16)
            folder = self.blobs / name[:2]
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / name).write_bytes(b"left by a crash two days ago")
        long_ago = time.time() - _TWO_DAYS_S
        for file in self.blobs.rglob("*"):
            if file.is_file() and file.name not in keep:
                os.utime(file, (long_ago, long_ago))

    def count_files(self) -> int:
        return sum(1 for file in self.blobs.rglob("*") if file.is_file())

    def last_words(self) -> str:
        """Return the end of its log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 2000))
            return log.read().decode(errors="replace")


def _receives(pid: int) -> bool:
    try:
        return b"bitrixmail.app.receiving.receiver" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
