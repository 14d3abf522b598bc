"""Two network namespaces with a cable between them: a machine of the test's own, and a stranger."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.fakes.server import until

HOST = {4: "10.99.0.1", 6: "fd99::1"}
_STRANGER = {4: "10.99.0.2", 6: "fd99::2"}
_LENGTH = {4: 24, 6: 64}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces: needs root")
_CALL = """\
import socket, sys
for line in sys.stdin:
    what, address, port, patience_s = line.split()
    try:
        with socket.create_connection((address, int(port)), float(patience_s)) as link:
            greeted = what == "greeting" and link.recv(4) == b"220 "
        print("yes" if greeted or what == "connection" else "no", flush=True)
    except OSError:
        print("no", flush=True)
"""
_LISTEN = (
    "import socket, sys\n"
    "server = socket.create_server(('::', int(sys.argv[1])), family=socket.AF_INET6,"
    " dualstack_ipv6=True)\n"
    "print('listening', flush=True)\n"
    "while True: server.accept()[0].close()\n"
)


class Namespaces:
    """Made by a test; use `with`. What runs in them ends with it, and they with that."""

    def __init__(self) -> None:
        self._holders: list[subprocess.Popen[bytes]] = []
        self._running: list[subprocess.Popen[bytes]] = []
        self._callers: dict[int, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        for _each in ("machine", "stranger"):
            holder = subprocess.Popen(["unshare", "--net", "sleep", "300"])
            self._holders.append(holder)
            until(partial(_apart, holder.pid), "no namespace")
        machine, stranger = (holder.pid for holder in self._holders)
        self.run("ip", "link", "add", "out0", "type", "veth", "peer", "in0", "netns", str(stranger))
        for pid, name, addresses in ((machine, "out0", HOST), (stranger, "in0", _STRANGER)):
            enter = self._enter(pid)
            for version, address in addresses.items():
                more = ["nodad"] if version == 6 else []
                place = f"{address}/{_LENGTH[version]}"
                _good(*enter, "ip", "address", "add", place, "dev", name, *more)
            for link in ("lo", name):
                _good(*enter, "ip", "link", "set", link, "up")
        for version, address in _STRANGER.items():
            self.run("ip", f"-{version}", "route", "add", "default", "via", address, "dev", "out0")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in (*self._running, *self._holders):
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    @staticmethod
    def _enter(pid: int) -> tuple[str, ...]:
        return ("nsenter", "--net", "--target", str(pid))

    @property
    def inside(self) -> tuple[str, ...]:
        """The words before a command that is to run on the machine."""
        return self._enter(self._holders[0].pid)

    def run(self, *command: str, stdin: str = "") -> str:
        """Run a command on the machine; AssertionError if it fails."""
        return _good(*self.inside, *command, stdin=stdin)

    def shell(self, line: str) -> str:
        """Run a line as an operator of the machine types it."""
        return self.run("sh", "-ec", line)

    def listen(self, port: int) -> None:
        """Let something listen on a port of every address of the machine."""
        process = subprocess.Popen(
            [*self.inside, sys.executable, "-c", _LISTEN, str(port)], stdout=subprocess.PIPE
        )
        self._running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"

    def reaches(self, port: int, version: int = 4, patience_s: float = 0.4) -> bool:
        """Tell whether the stranger gets a connection to a port of the machine."""
        return self._calls(self._holders[1].pid, "connection", port, version, patience_s)

    def greeted(self, port: int, version: int = 4, patience_s: float = 0.4) -> bool:
        """Tell whether the stranger is greeted as SMTP has it, RFC 5321 §3.1."""
        return self._calls(self._holders[1].pid, "greeting", port, version, patience_s)

    def reaches_itself(self, port: int, version: int = 4, patience_s: float = 0.4) -> bool:
        """Tell whether a program of the machine gets a connection to its own address."""
        return self._calls(self._holders[0].pid, "connection", port, version, patience_s)

    def _calls(self, pid: int, what: str, port: int, version: int, patience_s: float) -> bool:
        """Let a process that stays in its namespace call; starting one takes longer than that."""
        if pid not in self._callers:
            self._callers[pid] = subprocess.Popen(
                [*self._enter(pid), sys.executable, "-c", _CALL],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            self._running.append(self._callers[pid])
        caller = self._callers[pid]
        assert caller.stdin is not None
        assert caller.stdout is not None
        caller.stdin.write(f"{what} {HOST[version]} {port} {patience_s}\n".encode())
        caller.stdin.flush()
        return caller.stdout.readline() == b"yes\n"


def _apart(pid: int) -> bool:
    with suppress(OSError):
        own = Path("/proc/self/ns/net").readlink()
        return Path(f"/proc/{pid}/ns/net").readlink() != own
    return False


def _good(*command: str, stdin: str = "") -> str:
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout
