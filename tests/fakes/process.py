"""The server as its own process, on ports that stay the same when it dies and comes back."""

from __future__ import annotations

import itertools
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def _shuffled_ports() -> list[int]:
    """Return the ports of this process; those of one beside it that runs tests are others."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = list(range(20000 + number, 32000, count))
    random.SystemRandom().shuffle(ports)
    return ports


_PORTS = itertools.cycle(_shuffled_ports())


def free_port() -> int:
    """Find a port that nobody holds now, below those that clients get; another one each time.

    While a server is dead, a client that calls its port must not be given that very port as its
    own: it would be connected to itself, and the server could not come back.
    """
    while True:
        port = next(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class ServerProcess:
    """`twistd -n bitrixmail` with everything it keeps under `home`. Made by a test; use `with`."""

    # What is run in twistd's place
    program: tuple[str | Path, ...] = (BIN / "twistd",)

    def __init__(self, home: Path, extra_settings: str = "", *, web: bool = False) -> None:
        self.home = home
        self.smtp_port = free_port()
        self.pop3_port = free_port()
        self.web_port = free_port() if web else 0
        self.data_dir = home / "var"
        self.config = home / "bitrixmail.toml"
        self.log = home / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            f"""\
[server]
hostname = "mx.example.org"
data_dir = "{self.data_dir}"
[database]
url = "sqlite:///{self.data_dir}/bitrixmail.sqlite"
[listen]
smtp = ["tcp:{self.smtp_port}:interface=127.0.0.1"]
submission = []
pop3 = ["tcp:{self.pop3_port}:interface=127.0.0.1"]
web = [{f'"tcp:{self.web_port}:interface=127.0.0.1"' if web else ""}]
[doctor]
at_start = false
{extra_settings}"""
        )

    def configure(self, section: str, line: str) -> None:
        """Add a line to a section of its settings, which it reads at its next start."""
        text, head = self.config.read_text(), f"[{section}]\n"
        if head not in text:
            text += head
        self.config.write_text(text.replace(head, f"{head}{line}\n", 1))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    def launch(self) -> None:
        """Run, and return at once."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.program, "-n", "--pidfile=", "bitrixmail", "--config", self.config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    def start(self) -> None:
        """Run, and return when both doors answer; RuntimeError with the log's end if it dies."""
        self.launch()
        until = time.monotonic() + 30
        for port in (self.smtp_port, self.pop3_port):
            while not self._answers(port):
                if self._ended() or time.monotonic() > until:
                    self.kill()
                    raise RuntimeError("the server did not start:\n" + self.log.read_text()[-3000:])
                time.sleep(0.01)

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self) -> int:
        """Ask it to end as a service manager would (SIGTERM); return its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        return self._process.wait(40)

    def kill(self) -> None:
        """End it at once (SIGKILL), whatever it is doing; harmless if it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def cli(self, *arguments: str, stdin: str = "", timeout_s: float = 60) -> str:
        """Run a `bitrixmail` command on this server's settings; return what it printed."""
        done = subprocess.run(
            [BIN / "bitrixmail", "--config", self.config, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"bitrixmail {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def furnish(self, addresses: tuple[str, ...], password: str, rules: str = "") -> None:
        """Make the domains, the mailboxes and the rules by the command line.

        If the server runs, the rules are in force when this returns.
        """
        for domain in sorted({address.partition("@")[2] for address in addresses}):
            self.cli("domain", "add", domain)
        for address in addresses:
            self.cli("mailbox", "add", address, "--password-stdin", stdin=password + "\n")
        if rules:
            self.import_rules(rules)

    def import_rules(self, rules: str) -> None:
        """Put these rules in force; if the server runs, they are when this returns."""
        file = self.home / "rules.toml"
        file.write_text(rules)
        self.cli("rules", "import", str(file))
        if self._process is not None:
            self._wait_for_rules()

    def _wait_for_rules(self) -> None:
        """Wait until the server says that it has taken the version just imported."""
        version = json.loads(self.cli("rules", "log", "--limit", "1", "--json"))[0]["version"]
        until = time.monotonic() + 30
        while f"rules of version {version} are in force" not in self.log.read_text():
            if time.monotonic() > until:
                raise RuntimeError("the rules are not taken:\n" + self.log.read_text()[-3000:])
            time.sleep(0.01)

    @staticmethod
    def _answers(port: int) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
                return bool(link.recv(3))
        except OSError:
            return False
