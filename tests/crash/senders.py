"""Parallel senders, each a thread with its own chance, that never give up on a dead server."""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Sequence

from tests.crash.client import RefusedError, SMTPClient
from tests.crash.ledger import Ledger
from tests.crash.letters import write_letter


class Senders:
    """Threads that send until told to stop. Made by a campaign; `start` once, `stop` once.

    Each third connection uses STARTTLS; each carries one to eight letters, a fifth of them to
    two recipients. A letter is never tried again: a new attempt has a new id.
    """

    def __init__(
        self,
        port: int,
        recipients: Sequence[str],
        ledger: Ledger,
        seed: int,
        count: int,
        tls: ssl.SSLContext,
    ) -> None:
        self._port = port
        self._recipients = tuple(recipients)
        self._ledger = ledger
        self._tls = tls
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.refusals: list[str] = []
        self._threads = [
            threading.Thread(
                target=self._run,
                args=(f"{seed}.{number}", random.Random(f"{seed}.{number}")),
                name=f"sender-{number}",
                daemon=True,
            )
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish its letter. Raises RuntimeError if one hangs."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)
            if thread.is_alive():
                raise RuntimeError(f"{thread.name} hangs")

    def _run(self, name: str, chance: random.Random) -> None:
        number = 0
        while not self._stopping.is_set():
            tls = self._tls if chance.random() < 1 / 3 else None
            try:
                with SMTPClient(self._port, tls) as client:
                    for _ in range(chance.randint(1, 8)):
                        number += 1
                        self._send(client, f"{name}.{number}", chance)
                        if self._stopping.is_set():
                            break
                    client.quit()
            except RefusedError as refused:
                with self._lock:
                    self.refusals.append(str(refused))
                time.sleep(0.02)
            except OSError:
                # The server was just killed or is not up yet.
                time.sleep(0.02)

    def _send(self, client: SMTPClient, attempt: str, chance: random.Random) -> None:
        count = 2 if chance.random() < 0.2 else 1
        letter = write_letter(attempt, tuple(chance.sample(self._recipients, count)), chance)
        self._ledger.begin(letter)
        client.send(letter)
        self._ledger.acknowledge(attempt)
