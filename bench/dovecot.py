"""A private Dovecot: one that serves a Maildir by POP3, the peer for readers, and one for logins.

Debian's defaults but for what keeps it apart from the machine's own: own directories, one port on
loopback, one user with a password in plain, which is quicker to check than any hash.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from bench.contestants import ADDRESS, PASSWORD, greets
from tests.fakes.process import free_port

_SETTINGS = """\
protocols = pop3
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{maildir}
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/passwd
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={maildir}/..
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""

_LOGINS = """\
protocols =
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/passwd
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener {socket} {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Dovecot:
    """Made by a benchmark; runs from `start` to `stop`, in the foreground as our child."""

    def __init__(self, home: Path, maildir: Path) -> None:
        self.port = free_port()
        self._home = home
        self._maildir = maildir
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it; return when it greets, or raise RuntimeError with the end of its log."""
        self._home.mkdir(parents=True)
        self._home.chmod(0o755)
        settings = self._home / "dovecot.conf"
        settings.write_text(
            _SETTINGS.format(home=self._home, maildir=self._maildir, port=self.port)
        )
        (self._home / "passwd").write_text(f"{ADDRESS}:{PASSWORD}\n")
        self._process = subprocess.Popen(
            ["/usr/sbin/dovecot", "-F", "-c", settings], stdin=subprocess.DEVNULL
        )
        if not greets(self.port, 15):
            self.stop()
            log = self._home / "dovecot.log"
            said = log.read_text()[-2000:] if log.exists() else ""
            raise RuntimeError(f"Dovecot does not answer: {said}")

    def stop(self) -> None:
        """End it with its children."""
        if self._process is not None:
            _end(self._process)
            self._process = None


class Logins:
    """Checks logins for Postfix at a socket, and does nothing else. Made and ended as above."""

    def __init__(self, home: Path, socket: Path) -> None:
        self._home = home
        self._socket = socket
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, passwords: Mapping[str, str]) -> None:
        """Run it, for these users; return when there is its socket, or raise RuntimeError."""
        self._home.mkdir(parents=True)
        self._home.chmod(0o755)
        settings = self._home / "dovecot.conf"
        settings.write_text(_LOGINS.format(home=self._home, socket=self._socket))
        lines = "".join(f"{user}:{password}\n" for user, password in passwords.items())
        (self._home / "passwd").write_text(lines)
        self._process = subprocess.Popen(
            ["/usr/sbin/dovecot", "-F", "-c", settings], stdin=subprocess.DEVNULL
        )
        until = time.monotonic() + 15
        while not self._socket.exists():
            if time.monotonic() > until or self._process.poll() is not None:
                self.stop()
                raise RuntimeError(f"Dovecot does not start, see {self._home}/dovecot.log")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it with its children."""
        if self._process is not None:
            _end(self._process)
            self._process = None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
