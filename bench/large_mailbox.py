"""A mailbox of 100,000 small messages, twice the same: a Maildir, and ours filled from it."""

from __future__ import annotations

import os
import pwd
import time
from functools import cached_property
from pathlib import Path

from bench.contestants import ADDRESS, PASSWORD, RULES
from bench.rounds import progress
from tests.fakes.process import ServerProcess

MESSAGES = 100_000
_IMPORT_TIMEOUT_S = 600.0
_TEXT = "Здравствуйте! Это письмо номер {number} ничего особенного не говорит.\r\n" * 6


class LargeMailbox:
    """Made once for a run, in a folder of its own; what it holds is made when it is asked for."""

    def __init__(self, home: Path, messages: int = MESSAGES) -> None:
        self.messages = messages
        self._home = home

    @cached_property
    def maildir(self) -> Path:
        """The Maildir, the user nobody's, with sizes in the names as Dovecot's delivery writes."""
        progress(f"writing a Maildir of {self.messages} messages")
        folder = self._home / "home" / "Maildir"
        owner = pwd.getpwnam("nobody")
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(parents=True)
        self._home.chmod(0o755)
        for path in (folder.parent, folder, *folder.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        seconds = 1_790_000_000
        for number in range(self.messages):
            content = _letter(number)
            size = f"S={len(content)},W={len(content)}"
            path = folder / "cur" / f"{seconds + number}.M{number}P1.mx,{size}:2,S"
            path.write_bytes(content)
            os.chown(path, owner.pw_uid, owner.pw_gid)
        progress("")
        return folder

    @cached_property
    def server(self) -> ServerProcess:
        """Ours with the same messages, not running; telling how long the import took."""
        maildir = self.maildir
        server = ServerProcess(self._home / "bitrixmail")
        server.furnish((ADDRESS,), PASSWORD, RULES)
        progress(f"importing {self.messages} messages")
        begun = time.perf_counter()
        server.cli(
            *("import", "maildir", str(maildir), "--mailbox", ADDRESS), timeout_s=_IMPORT_TIMEOUT_S
        )
        took_s = time.perf_counter() - begun
        progress("")
        rate = self.messages / took_s
        print(f"  {self.messages} messages imported in {took_s:.1f} s, {rate:.0f} a second")
        return server


def _letter(number: int) -> bytes:
    head = (
        f"From: Somebody <somebody-{number % 997}@example.net>\r\nTo: {ADDRESS}\r\n"
        f"Subject: Message {number}\r\nMessage-ID: <{number}@example.net>\r\n"
        "Date: Tue, 24 Nov 2026 22:35:00 +0300\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return (head + _TEXT.format(number=number)).encode()
