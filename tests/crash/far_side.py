"""Where the victim sends to: a few hosts that take everything, and count what they took."""

from __future__ import annotations

import random
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self, cast

from tests.fakes.name_server import NameServer
from tests.fakes.process import free_port

# Message id and recipient
Copy = tuple[str, str]
_MARK = b"message-id:"


class _Host(socketserver.ThreadingTCPServer):
    """One host on an address of its own. Made by `FarSide`."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: str, port: int, side: FarSide, pause_s: float) -> None:
        super().__init__((address, port), _Session)
        self.side = side
        self.pause_s = pause_s


class _Session(socketserver.StreamRequestHandler):
    """One connection, in a thread of its own."""

    def handle(self) -> None:
        side = cast("_Host", self.server).side
        with side.lock:
            side.sessions += 1
            side.most_sessions = max(side.most_sessions, side.sessions)
        with suppress(OSError):
            self._talk(side)
        with side.lock:
            side.sessions -= 1

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def _talk(self, side: FarSide) -> None:
        recipients: list[str] = []
        self._say(b"220 far.example ESMTP")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                self._say(b"250-far.example\r\n250-PIPELINING\r\n250 8BITMIME")
            elif verb == b"RCPT":
                recipients.append(line[line.index(b"<") + 1 : line.index(b">")].decode())
                self._say(b"250 OK")
            elif verb == b"DATA":
                self._say(b"354 Go on")
                if not self._take(side, recipients):
                    return
                recipients = []
            elif verb == b"QUIT":
                self._say(b"221 Bye")
                return
            else:
                self._say(b"250 OK")

    def _take(self, side: FarSide, recipients: list[str]) -> bool:
        """Read a content; once its dot is there it counts as taken, heard of or not."""
        message_id = ""
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            if not message_id and line.lower().startswith(_MARK):
                message_id = line[len(_MARK) :].strip().decode()
        with side.lock:
            side.taken.update((message_id, recipient) for recipient in recipients)
        # The victim may die while it waits, just as while it writes down that it was taken
        time.sleep(random.uniform(0.0, cast("_Host", self.server).pause_s))
        self._say(b"250 Taken")
        return True


class FarSide:
    """Domains with a host each, and the DNS. Made by a campaign, lives as long; use `with`.

    `pauses_s` says how long the host of each domain lets wait for its reply to the dot, at most.
    """

    def __init__(self, pauses_s: Mapping[str, float]) -> None:
        self.lock = threading.Lock()
        self.taken: Counter[Copy] = Counter()
        self.sessions = 0
        self.most_sessions = 0
        self.domains = tuple(pauses_s)
        self.port = free_port()
        self.dns = NameServer()
        self._hosts: list[_Host] = []
        for number, (domain, pause_s) in enumerate(pauses_s.items(), 2):
            address = f"127.0.0.{number}"
            self._hosts.append(_Host(address, self.port, self, pause_s))
            self.dns.zone.add(f"{domain}. 60 IN MX 10 mx.{domain}.")
            self.dns.zone.add(f"mx.{domain}. 60 IN A {address}")

    def __enter__(self) -> Self:
        self.dns.__enter__()
        for host in self._hosts:
            threading.Thread(target=host.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for host in self._hosts:
            host.shutdown()
            host.server_close()
        self.dns.__exit__(kind, error, trace)

    def wait_until_quiet(self) -> None:
        """Wait until every session has ended: what was under way when the victim died is over."""
        until = time.monotonic() + 10
        while self.sessions:
            if time.monotonic() > until:
                raise RuntimeError(f"{self.sessions} sessions outlive the server")
            time.sleep(0.002)

    def counted(self) -> Counter[Copy]:
        """Return how often each copy was taken until now."""
        with self.lock:
            return Counter(self.taken)
