"""The server started in any of its ways, as a process of its own: for what only a process shows."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.fakes.process import BIN, ROOT, free_port

NOBODY = 65534
_PATIENCE_S = 30.0


def anyones_twistd() -> tuple[tuple[str, ...], dict[str, str]]:
    """Return program and environment of a twistd that every user may run; skip if there is none.

    Where root alone may read the interpreter, Debian's of the same version runs what the
    environment of this one holds.
    """
    if not _open_to_all(ROOT):
        pytest.skip(f"other users may not read {ROOT}")
    own = Path(sys.executable).resolve()
    if _open_to_all(own):
        return (str(BIN / "twistd"),), {}
    debian = Path(f"/usr/bin/python3.{sys.version_info.minor}")
    if not debian.exists():
        pytest.skip(f"other users may not read {own}, and there is no {debian}")
    packages = sysconfig.get_paths()["purelib"]
    run = "import sys; sys.argv[0] = 'twistd'; from twisted.scripts.twistd import run; run()"
    return (str(debian), "-c", run), {"PYTHONPATH": f"{packages}:{ROOT}"}


def _open_to_all(path: Path) -> bool:
    return all(found.stat().st_mode & 0o001 for found in (path, *path.parents))


def until(found: Callable[[], bool], what: str, seconds: float = _PATIENCE_S) -> None:
    """Wait until `found()` is true; AssertionError with `what` if it never is."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class RunningServer:
    """One process of the server and what belongs to it. Made by a test; use `with`.

    `command` is what is run behind `twistd`; `{port}` in it is the SMTP port. The process, or a
    daemon that it leaves behind in `pidfile`, is ended by `__exit__`.
    """

    def __init__(
        self,
        home: Path,
        command: Sequence[str] = ("-n", "--pidfile=", "bitrixmail"),
        *,
        settings: Sequence[str] = (),
        environment: dict[str, str] | None = None,
        user: int | None = None,
        pass_fds: Sequence[int] = (),
        program: Sequence[str] = (str(BIN / "twistd"),),
    ) -> None:
        self.home = home
        self.port = free_port()
        self.pop3_port = free_port()
        self.data_dir = home / "var"
        self.pidfile = home / "twistd.pid"
        self.log_file = home / "out.log"
        self._command = [*program, *(word.format(port=self.port) for word in command)]
        self._settings = settings
        self._environment = environment or {}
        self._user = user
        self._pass_fds = pass_fds
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """Return the environment, in which every setting stands."""
        given = {
            "server.hostname": "mx.example.org",
            "server.data_dir": str(self.data_dir),
            "server.domains": "example.org",
            "listen.smtp": f"tcp:{self.port}:interface=127.0.0.1",
            "listen.submission": "",
            "listen.web": "",
            "listen.pop3": f"tcp:{self.pop3_port}:interface=127.0.0.1",
            "doctor.at_start": "false",
        }
        given |= dict(text.split("=", 1) for text in self._settings)
        names = {f"BITRIXMAIL_{key.upper().replace('.', '__')}": given[key] for key in given}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONUNBUFFERED": "1",
            **names,
            **self._environment,
        }

    def start(self) -> Self:
        """Run it without waiting for anything."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=self.environment(),
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
                pass_fds=self._pass_fds,
            )
        return self

    def ready(self) -> Self:
        """Wait until the SMTP door greets."""
        until(lambda: self._dead() or self._greets(), f"no greeting\n{self.log}")
        assert not self._dead(), self.log
        return self

    def _dead(self) -> bool:
        # A daemon's parent ends with 0 when all is well.
        return self.process.poll() not in (None, 0)

    def _greets(self) -> bool:
        try:
            with self.connect() as link:
                return link.recv(3) == b"220"
        except OSError:
            return False

    def connect(self, port: int | None = None) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port or self.port), timeout=10)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def logs(self, text: str) -> None:
        """Wait until the log holds `text`."""
        until(lambda: text in self.log, f"{text!r} is not in the log:\n{self.log}")

    def exit_code(self, seconds: float = _PATIENCE_S) -> int:
        """Wait for the end of the process."""
        return self.process.wait(seconds)

    def stop(self) -> int:
        """End it as a service manager would."""
        self.process.send_signal(signal.SIGTERM)
        return self.exit_code(45)

    def daemon(self) -> int:
        """Return the pid of the daemon that was left behind."""
        return int(self.pidfile.read_text())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self.pidfile.exists():
            pid = self.daemon()
            if str(self.pidfile).encode() in _command_line(pid):
                os.kill(pid, signal.SIGKILL)


def inherited(
    server_args: tuple[str, ...],
    family: socket.AddressFamily,
    home: Path,
    *,
    port: int = 0,
    settings: Sequence[str] = (),
) -> tuple[RunningServer, socket.socket]:
    """Return a server that is handed a listening socket as systemd does it."""
    listening = socket.create_server(
        ("::" if family == socket.AF_INET6 else "127.0.0.1", port),
        family=family,
        dualstack_ipv6=family == socket.AF_INET6,
    )
    launcher = (
        "import os,sys\n"
        f"os.dup2({listening.fileno()}, 3)\n"
        "os.environ['LISTEN_PID'] = str(os.getpid())\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    server = RunningServer(
        home,
        ("-n", "--pidfile=", "bitrixmail", *server_args),
        settings=settings,
        environment={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"},
        pass_fds=[listening.fileno()],
        program=(sys.executable, "-c", launcher, str(BIN / "twistd")),
    )
    server.port = listening.getsockname()[1]
    return server, listening


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
