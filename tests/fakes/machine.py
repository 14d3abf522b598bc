"""A machine for an operator's commands: users, /etc, /opt, /var/lib and network of its own.

Nothing that is done in it is seen outside of it, nor left when it ends.
"""

from __future__ import annotations

import subprocess
from types import TracebackType
from typing import Self

from tests.fakes.namespace import Namespaces
from tests.fakes.process import BIN, ROOT
from tests.fakes.server import until

# The installation of etc/systemd/bitrixmail.service, with the program of this checkout.
_FURNISH = f"""\
set -e
mount --make-rprivate /
etc=$(mktemp -d)
cp -a /etc/. $etc
mount --bind $etc /etc
mount -t tmpfs tmpfs /opt
mount -t tmpfs tmpfs /var/lib
mount -t tmpfs tmpfs /run
ln -s {BIN.parent} /opt/bitrixmail
useradd --system --home-dir /var/lib/bitrixmail --shell /usr/sbin/nologin bitrixmail
install -d -o bitrixmail -m 700 /var/lib/bitrixmail
install -d /etc/bitrixmail /etc/systemd/system
cat >/etc/bitrixmail/bitrixmail.toml <<END
[server]
hostname = "mx.example.org"
data_dir = "/var/lib/bitrixmail"
[listen]
submission = []
pop3 = []
web = []
END
cd {ROOT}
echo furnished
exec sleep 300
"""


class Machine:
    """Made by a test; use `with`. Its network is that of the namespaces it is given."""

    def __init__(self, network: Namespaces) -> None:
        self.network = network
        self._holder: subprocess.Popen[str] | None = None
        self._running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        self._holder = subprocess.Popen(
            [*self.network.inside, "unshare", "--mount", "sh", "-c", _FURNISH],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "furnished\n"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running:
            self.end(process)
        if self._holder is not None:
            self._holder.kill()
            self._holder.wait()
            if self._holder.stdout is not None:
                self._holder.stdout.close()

    @property
    def inside(self) -> tuple[str, ...]:
        """The words before a command that is to run on the machine."""
        assert self._holder is not None
        enter = ("nsenter", "--net", "--mount", f"--wd={ROOT}", "--target", str(self._holder.pid))
        return (*enter, "env", "BITRIXMAIL_CONFIG=/etc/bitrixmail/bitrixmail.toml")

    def shell(self, lines: str) -> subprocess.CompletedProcess[str]:
        """Run lines as root types them; what they print is in the result."""
        return subprocess.run(
            [*self.inside, "sh", "-e"],
            input=lines,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, line: str) -> subprocess.Popen[str]:
        """Run a line that goes on running; `end` it."""
        process = subprocess.Popen(
            [*self.inside, "sh", "-c", f"exec {line}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._running.append(process)
        return process

    @staticmethod
    def end(process: subprocess.Popen[str]) -> str:
        """End a process that was started, and return what it had printed."""
        if process.poll() is None:
            process.terminate()
        told, _nothing = process.communicate(timeout=60)
        return told

    def answers(self, port: int = 25) -> bool:
        """Wait until the stranger is greeted by IPv4; tell whether he is by IPv6 as well."""
        until(lambda: self.network.greeted(port, 4, 20.0), f"no greeting on {port}")
        return self.network.greeted(port, 6, 20.0)
