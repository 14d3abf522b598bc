"""A running server with mail in it, the letters sent to it, and what it is asked afterwards."""

from __future__ import annotations

import os
import poplib
import smtplib
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from tests.fakes.process import ServerProcess
from tests.faults.injection import watched

ADDRESS = "info@example.org"
PASSWORD = "correct horse"  # of a server that lives for this run only
# A row, a row of many pages, a file of its own.
SMALL, PAGES, LARGE = 40, 500_000, 700_000
_BLOB_THREADS = 4
_MARK = b"X-Attempt: "
_TICKS = os.sysconf("SC_CLK_TCK")
_SETTINGS = """\
[smtp]
max_errors = 0
connections_per_minute_per_ip = 0
[access]
max_errors = 0
[store]
inline_threshold = "600KiB"
"""


class Patient:
    """A furnished server and the book of all that was sent to it. Made for one campaign.

    Every letter has an id of its own, so that what is read in the end can be judged.
    """

    def __init__(self, home: Path) -> None:
        self.server = ServerProcess(home, _SETTINGS)
        # The one whose calls fail, and whose time is taken
        self.server.configure("server", "processes = 1")
        self._numbers = count()
        self._sent: dict[bytes, bytes] = {}
        self._acknowledged: set[bytes] = set()
        self._content_threads: frozenset[int] = frozenset()

    def start(self) -> None:
        """Start it with all that belongs to it."""
        self.server.start()
        self.furnish()

    def furnish(self) -> None:
        """Make its mailbox, see that mail comes in."""
        self.server.furnish((ADDRESS,), PASSWORD)
        for size in (SMALL, LARGE):
            assert self.send(size) == 250

    def restart(self, *, kill: bool = False) -> None:
        """End it in order, or at once, and let it come back."""
        if kill:
            self.server.kill()
        else:
            self.server.stop()
        self.server.start()
        self._content_threads = frozenset()

    @property
    def data_dir(self) -> Path:
        return self.server.data_dir

    # Letters

    def _letter(self, size: int) -> tuple[bytes, bytes]:
        attempt = b"f%d" % next(self._numbers)
        line = b"0123456789" * 7 + b"\r\n"
        content = _MARK + attempt + b"\r\n\r\n" + line * (size // len(line) + 1)
        self._sent[attempt] = content
        return attempt, content

    def client(self, timeout_s: float = 20.0) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.server.smtp_port, "c.example.net", timeout_s)

    def send(self, size: int, timeout_s: float = 20.0) -> int:
        """Send a letter of about `size` octets on a connection of its own; return the reply code.

        0: there was no reply.
        """
        try:
            with self.client(timeout_s) as client:
                return self.send_on(client, size)
        except (OSError, smtplib.SMTPServerDisconnected):
            return 0

    def send_on(self, client: smtplib.SMTP, size: int) -> int:
        attempt, content = self._letter(size)
        try:
            client.sendmail("a@example.net", [ADDRESS], content)
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
        except smtplib.SMTPRecipientsRefused as error:
            [(code, _)] = error.recipients.values()
            return code
        self._acknowledged.add(attempt)
        return 250

    def send_many(self, size: int, most: int) -> set[int]:
        """Send letters on one connection until one is refused, or `most` were not."""
        with self.client() as client:
            for _ in range(most):
                code = self.send_on(client, size)
                if code != 250:
                    return {code}
        return {250}

    def crowd(self, size: int, senders: int, each: int) -> set[int]:
        """Let many send at the same time, letter after letter, whatever is answered."""

        def sender(_number: int) -> set[int]:
            with self.client() as client:
                return {self.send_on(client, size) for _ in range(each)}

        with ThreadPoolExecutor(senders) as pool:
            return set().union(*pool.map(sender, range(senders)))

    def give_up(self) -> None:
        """Go away amid a large content."""
        with socket.create_connection(("127.0.0.1", self.server.smtp_port), 10) as link:
            replies = link.makefile("rb")
            replies.readline()
            for line in ("HELO c.example.net", "MAIL FROM:<>", f"RCPT TO:<{ADDRESS}>", "DATA"):
                link.sendall(line.encode() + b"\r\n")
                replies.readline()
            link.sendall(b"Subject: given up\r\n\r\n" + (b"y" * 98 + b"\r\n") * 20_000)
            time.sleep(0.1)
            replies.close()

    def reader(self) -> poplib.POP3:
        reader = poplib.POP3("127.0.0.1", self.server.pop3_port, timeout=20)
        reader.user(ADDRESS)
        reader.pass_(PASSWORD)
        return reader

    # Questions

    def back_s(self, size: int) -> float:
        """Return after how many seconds a letter is accepted again; infinite if it never is."""
        begun = time.monotonic()
        while time.monotonic() - begun < 15:
            if self.send(size) == 250:
                return time.monotonic() - begun
            time.sleep(0.02)
        return float("inf")

    def content_threads(self) -> frozenset[int]:
        """Find the threads that write contents: those that sync their folders."""
        file, blobs = self.server.home / "threads", self.data_dir / "blobs"
        with ThreadPoolExecutor(2 * _BLOB_THREADS) as pool:
            for _ in range(20):
                if len(self._content_threads) == _BLOB_THREADS:
                    break
                with watched(file, [self.server.pid], ["fsync"], [blobs]) as trace:
                    assert set(pool.map(self.send, [LARGE] * 2 * _BLOB_THREADS)) == {250}
                self._content_threads |= trace.threads()
        return self._content_threads

    def cpu_s(self) -> float:
        """Return the processor time it has used."""
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def alive(self) -> bool:
        try:
            state = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(") ")[2]
        except OSError:
            return False
        return not state.startswith("Z")

    def tracebacks(self) -> list[str]:
        """Return the last lines of all tracebacks in its log."""
        lines = self.server.log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if line.startswith("    ") and "Error" in line]

    def verdict(self) -> list[str]:
        """Read everything back and say what is wrong with it."""
        found: Counter[bytes] = Counter()
        wrong: list[str] = []
        reader = self.reader()
        for number in range(1, reader.stat()[0] + 1):
            message = b"".join(line + b"\r\n" for line in reader.retr(number)[1])
            _, _, rest = message.partition(_MARK)
            attempt = rest.partition(b"\r\n")[0]
            found[attempt] += 1
            if _MARK + rest != self._sent.get(attempt):
                wrong.append(f"{attempt.decode()}: damaged")
        reader.quit()
        wrong += [f"{attempt.decode()}: lost" for attempt in self._acknowledged - set(found)]
        wrong += [f"{attempt.decode()}: {n} times" for attempt, n in found.items() if n > 1]
        return wrong
