"""Many sockets that say next to nothing and come back when they are sent away."""

from __future__ import annotations

import contextlib
import resource
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

# What they drip, an octet at a time: it looks like the beginning of a session and is none for hours
_DRIP = b"EHLO client.example.net"


@contextlib.contextmanager
def descriptors(count: int) -> Iterator[None]:
    """Let this process and those it starts have so many descriptors meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise RuntimeError(f"the system allows {hard} descriptors, {count} are needed: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class SlowSockets:
    """A thread that holds `count` connections from `addresses`. Made by a test; use `with`.

    Each sends an octet every `pause_s` and, once it is closed, is opened again, but no more often
    than `again_a_second` all together. Each source is in a network of its own, 127.1.N.1.
    """

    def __init__(
        self, port: int, count: int, addresses: int, pause_s: float, again_a_second: int = 50
    ) -> None:
        self.port = port
        self.count = count
        self.addresses = addresses
        self.pause_s = pause_s
        self.again_a_second = again_a_second
        self.greeted = 0
        self.refused: list[bytes] = []
        self.sent_away = 0
        self.opened = 0
        self.trouble: BaseException | None = None
        self._selector = selectors.DefaultSelector()
        self._heard: dict[socket.socket, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(20)
        for link in list(self._heard):
            link.close()
        self._selector.close()

    def wait_until_greeted(self, count: int, timeout_s: float) -> None:
        """Return when so many have heard a greeting; RuntimeError with what is wrong if not."""
        until = time.monotonic() + timeout_s
        while self.greeted < count:
            if self.trouble is not None or time.monotonic() > until:
                raise RuntimeError(
                    f"{self.greeted} of {count} were greeted, refused: {self.refused[:3]},"
                    f" {self.trouble!r}"
                )
            time.sleep(0.02)

    def _run(self) -> None:
        try:
            for number in range(self.count):
                self._open()
                if number % 50 == 49:
                    self._hear_all(0)
            self._drip_until_over()
        except BaseException as error:  # noqa: BLE001 - told by whoever waits
            self.trouble = error

    def _drip_until_over(self) -> None:
        dripped, second, again = time.monotonic(), time.monotonic(), 0
        while not self._over.is_set():
            self._hear_all(0.05)
            now = time.monotonic()
            if now - second >= 1:
                second, again = now, 0
            while len(self._heard) < self.count and again < self.again_a_second:
                self._open()
                again += 1
            if now - dripped >= self.pause_s:
                dripped = now
                for link in list(self._heard):
                    with contextlib.suppress(OSError):
                        link.send(_DRIP[int(now) % len(_DRIP)].to_bytes())

    def _open(self) -> None:
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        link.bind((f"127.1.{self.opened % self.addresses}.1", 0))
        link.settimeout(10)
        link.connect(("127.0.0.1", self.port))
        link.setblocking(False)
        self.opened += 1
        self._heard[link] = 0
        self._selector.register(link, selectors.EVENT_READ)

    def _hear_all(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            self._hear(key.fileobj)  # type: ignore[arg-type] # only sockets are in it

    def _hear(self, link: socket.socket) -> None:
        try:
            said = link.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if said.startswith(b"220"):
            self.greeted += 1
            self._heard[link] += 1
        elif said and not self._heard[link]:
            self.refused.append(said)
        if b"421" in said and self._heard[link]:
            self.sent_away += 1
        if not said:
            self._selector.unregister(link)
            del self._heard[link]
            link.close()
