"""Parallel senders, each a thread with its own chance, that never give up on a dead server."""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Sequence

from tests.crash.client import DroppedError, RefusedError, SMTPClient
from tests.crash.ledger import Ledger
from tests.crash.letters import Letter, write_letter

_PATIENCE_S = 60.0
_SELDOM_S = 0.02


class Senders:
    """Threads that send until told to stop. Made for one round; `start` once, `stop` once.

    Each third connection uses STARTTLS; each carries one to eight letters. A letter is never tried
    again: a new attempt has a new id, which begins with `prefix`.
    """

    def __init__(
        self,
        port: int,
        recipients: Sequence[str],
        ledger: Ledger,
        seed: str,
        prefix: str,
        count: int,
        tls: ssl.SSLContext,
    ) -> None:
        self._port = port
        self._recipients = tuple(recipients)
        self._ledger = ledger
        self._seed = seed
        self._tls = tls
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        # Set from before SIGTERM until the server has ended by itself
        self.ending = threading.Event()
        self.refusals: Counter[str] = Counter()
        self._threads = [
            threading.Thread(
                target=self._run,
                args=(f"{prefix}.{number}", random.Random(f"{seed}.{prefix}.{number}")),
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
            thread.join(_PATIENCE_S)
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
                        letter = write_letter(f"{name}.{number}", self._recipients, self._seed)
                        self._send(client, letter, tls=tls is not None)
                        if self._stopping.is_set():
                            break
                    client.quit()
            except DroppedError:
                pass
            except RefusedError as refused:
                with self._lock:
                    self.refusals[_kind(str(refused))] += 1
                time.sleep(_SELDOM_S)
            except OSError:
                # The server was just killed or is not up yet.
                time.sleep(_SELDOM_S)

    def _send(self, client: SMTPClient, letter: Letter, *, tls: bool) -> None:
        self._ledger.begin(letter, tls=tls)
        ending = self.ending.is_set()
        try:
            client.send(letter)
        except OSError:
            if client.in_content and (ending or self.ending.is_set()):
                self._ledger.cut_off(letter.attempt)
            raise
        self._ledger.acknowledge(letter.attempt)


def _kind(reply: str) -> str:
    """Cut what differs from case to case out of a reply."""
    return reply[:60]
