"""Many at once who try to log in by POP3, each from an address of its own or all from one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.attacks import counted_hashes
from tests.fakes.process import BIN, ROOT
from tests.fakes.server import RunningServer

INFO, PASSWORD = "info@example.org", "correct horse"
WRONG = b"-ERR [AUTH] Name or password is wrong\r\n"
_PATIENCE_S = 120.0


@dataclass(frozen=True)
class Guess:
    """Who asks from where with what password, and when in the run."""

    source: str
    name: str
    password: str = "wrong"
    begin_s: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What was said to the password, and after how long."""

    guess: Guess
    words: bytes
    after_s: float


def ask(
    port: int, guesses: Iterable[Sequence[Guess]], patience_s: float = _PATIENCE_S
) -> list[Answer]:
    """Let each sequence of guesses be made on a connection of its own, one after the other.

    Returns what was answered within `patience_s`, and hangs up on the rest.
    """
    answers: list[Answer] = []

    async def all_of_them() -> None:
        begun = time.monotonic()
        sessions = [
            asyncio.create_task(_session(port, begun, session, answers)) for session in guesses
        ]
        done, late = await asyncio.wait(sessions, timeout=patience_s)
        for session in late:
            session.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for session in done:
            session.result()

    asyncio.run(all_of_them())
    return answers


async def _session(
    port: int, begun: float, guesses: Sequence[Guess], answers: list[Answer]
) -> None:
    first = guesses[0]
    await asyncio.sleep(max(0.0, begun + first.begin_s - time.monotonic()))
    reading, writing = await asyncio.open_connection(
        "127.0.0.1", port, local_addr=(first.source, 0)
    )
    try:
        await reading.readline()
        for guess in guesses:
            writing.write(f"USER {guess.name}\r\n".encode())
            await reading.readline()
            asked = time.monotonic()
            writing.write(f"PASS {guess.password}\r\n".encode())
            words = await reading.readline()
            answers.append(Answer(guess, words, time.monotonic() - asked))
    finally:
        writing.close()


class Target(RunningServer):
    """A server that counts its hashes, with a mailbox. Made by a test; use `with`."""

    def __init__(self, home: Path, *settings: str) -> None:
        self.hashes = home / "hashes"
        self.hashes.touch()
        super().__init__(
            home,
            program=(sys.executable, str(Path(counted_hashes.__file__))),
            environment={"PYTHONPATH": str(ROOT), "HASHES": str(self.hashes)},
            settings=settings,
        )

    def furnish(self) -> None:
        self.ready()
        subprocess.run(
            [BIN / "bitrixmail", "mailbox", "add", INFO, "--password-stdin"],
            input=PASSWORD,
            env=self.environment(),
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def ask(self, *guesses: Guess, patience_s: float = _PATIENCE_S) -> list[Answer]:
        return ask(self.pop3_port, [[guess] for guess in guesses], patience_s)

    def hashed(self) -> list[float]:
        """Return when passwords were hashed, in seconds."""
        return [int(line) / 1000 for line in self.hashes.read_text().split()]

    def most_in_a_minute(self, since: int = 0) -> int:
        """Return how many hashes were computed in the worst minute, but for the first `since`."""
        times = self.hashed()[since:]
        return max((sum(t <= other < t + 60 for other in times) for t in times), default=0)
