"""A private Postfix that delivers to a Maildir: the peer that `make bench` measures against.

Debian's defaults (its fsyncs above all) but for what keeps it apart from the machine's own Postfix
and from the network: own directories, one port on loopback, no chroot, no DNS.
"""

from __future__ import annotations

import grp
import os
import pwd
import signal
import socket
import subprocess
import time
from pathlib import Path

DOMAIN = "example.org"

# master.cf of Debian without chroot and without the doors and transports that stay unused.
SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 300 1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
trace      unix  - - n - 0 bounce
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n - - proxymap
error      unix  - - n - - error
retry      unix  - - n - - error
virtual    unix  - n n - - virtual
anvil      unix  - - n - 1 anvil
"""

SETTINGS = """\
compatibility_level = 3.6
queue_directory = {home}/spool
data_directory = {home}/data
syslog_name = private-postfix
myhostname = postfix.example.net
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
alias_maps =
alias_database =
biff = no
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = inline:{{ {{ {mailbox}@{domain} = {mailbox}/ }} }}
virtual_mailbox_base = {home}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_mailbox_limit = 0
message_size_limit = 0
virtual_transport = virtual
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
"""


class PrivatePostfix:
    """Postfix in `home`, a folder on the disk to be measured. Needs root and the package.

    Made by a benchmark; runs from `start` to `stop`, as a child in a process group of its own.
    """

    def __init__(self, home: Path, port: int, mailbox: str) -> None:
        self.home = home
        self.port = port
        self.address = f"{mailbox}@{DOMAIN}"
        self.maildir = home / "mail" / mailbox
        self._master: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the master daemon."""
        if self._master is None:
            raise RuntimeError("Postfix is not running")
        return self._master.pid

    def start(self) -> None:
        """Lay out the folders and run; returns when the port answers, or raises RuntimeError."""
        self._lay_out()
        sbin = subprocess.run(
            ["/usr/sbin/postconf", "-d", "-h", "daemon_directory"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        self._master = subprocess.Popen(
            [f"{sbin}/master", "-c", str(self.home / "etc")],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(100):
            if self._master.poll() is not None:
                raise RuntimeError(f"Postfix ended with {self._master.returncode}; see its syslog")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as link:
                    if link.recv(4) == b"220 ":
                        return
            except OSError:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError("Postfix does not answer; see its syslog")

    def stop(self) -> None:
        """End the master, which ends its children; kill the group if it takes over 10 s."""
        if self._master is None:
            return
        self._master.terminate()
        try:
            self._master.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._master.pid, signal.SIGKILL)
            self._master.wait()
        self._master = None

    def delivered(self) -> int:
        """Count the messages in the Maildir."""
        new = self.maildir / "new"
        return sum(1 for _ in os.scandir(new)) if new.is_dir() else 0

    def _lay_out(self) -> None:
        """Make the folders with the owners and modes that Postfix demands of its own."""
        postfix = pwd.getpwnam("postfix")
        postdrop = grp.getgrnam("postdrop").gr_gid

        def folder(name: str, mode: int, uid: int = 0, gid: int = 0) -> None:
            path = self.home / name
            path.mkdir(parents=True, exist_ok=True)
            os.chown(path, uid, gid)
            path.chmod(mode)

        folder("", 0o755)
        folder("etc", 0o755)
        folder("spool", 0o755)
        folder("spool/pid", 0o755)
        for queue in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold"):
            folder(f"spool/{queue}", 0o700, postfix.pw_uid)
        for queue in ("incoming", "private", "saved", "trace"):
            folder(f"spool/{queue}", 0o700, postfix.pw_uid)
        folder("spool/public", 0o710, postfix.pw_uid, postdrop)
        folder("spool/maildrop", 0o730, postfix.pw_uid, postdrop)
        folder("data", 0o700, postfix.pw_uid, postfix.pw_gid)
        nobody = pwd.getpwnam("nobody")
        folder("mail", 0o755, nobody.pw_uid, nobody.pw_gid)
        settings = SETTINGS.format(
            home=self.home,
            domain=DOMAIN,
            mailbox=self.maildir.name,
            uid=nobody.pw_uid,
            gid=nobody.pw_gid,
        )
        (self.home / "etc" / "main.cf").write_text(settings)
        (self.home / "etc" / "master.cf").write_text(SERVICES.format(port=self.port))
