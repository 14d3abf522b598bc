"""The client's own book: every attempt, every 250; one file a round, which only ever grows.

Lines: `A attempt digest folder marks recipient,recipient`, `K attempt` (acknowledged), `C attempt`
(cut off amid its content while the server ended by SIGTERM).
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.crash.letters import LARGE_OCTETS, Letter


@dataclass(frozen=True)
class Attempt:
    """What the judge has to know of a letter that was sent. `marks`: see `marks_of`."""

    digest: str
    folder: str
    marks: str
    recipients: tuple[str, ...]


def marks_of(letter: Letter, *, tls: bool) -> str:
    """Return T for TLS, B for BDAT, L for above 64 KiB, 2 for several mailboxes, D if dropped."""
    marks = {
        "T": tls,
        "B": letter.chunked,
        "L": len(letter.content) > LARGE_OCTETS,
        "2": len(letter.recipients) > 1,
        "D": bool(letter.drop),
    }
    return "".join(mark for mark, holds in marks.items() if holds) or "-"


class Ledger:
    """Notes attempts and acknowledgements from many threads. Made by a campaign for one round."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self.attempts: dict[str, Attempt] = {}
        self.acknowledged: set[str] = set()
        self.cut: set[str] = set()
        if path.exists():
            self._load(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)

    def _load(self, path: Path) -> None:
        octets = path.read_bytes()
        whole = octets[: octets.rfind(b"\n") + 1]
        if whole != octets:  # it ended amid a line
            os.truncate(path, len(whole))
        for line in whole.decode().splitlines():
            kind, attempt, *rest = line.split(" ")
            if kind == "A":
                digest, folder, marks, recipients = rest
                found = Attempt(digest, folder, marks, tuple(recipients.split(",")))
                self.attempts[attempt] = found
            else:
                {"K": self.acknowledged, "C": self.cut}[kind].add(attempt)

    def close(self) -> None:
        os.close(self._descriptor)

    def begin(self, letter: Letter, *, tls: bool = False) -> None:
        """Note that a letter is about to be sent; its id must be new."""
        marks = marks_of(letter, tls=tls)
        found = Attempt(letter.digest, letter.folder, marks, letter.recipients)
        with self._lock:
            if letter.attempt in self.attempts:
                raise ValueError(f"attempt {letter.attempt} was made before")
            self.attempts[letter.attempt] = found
            self._write("A", letter.attempt, *_words(found))

    def acknowledge(self, attempt: str) -> None:
        """Note that the server has said 250 to the content."""
        with self._lock:
            self.acknowledged.add(attempt)
            self._write("K", attempt)

    def cut_off(self, attempt: str) -> None:
        """Note that an ending server went away amid a content without a word."""
        with self._lock:
            self.cut.add(attempt)
            self._write("C", attempt)

    def sync(self) -> None:
        """Bring it to the disk, for the day when the whole machine dies."""
        os.fsync(self._descriptor)

    def _write(self, *words: str) -> None:
        os.write(self._descriptor, " ".join(words).encode() + b"\n")

    def acknowledged_where(self, mark: str) -> int:
        """Count the acknowledged letters with a mark."""
        return sum(1 for attempt in self.acknowledged if mark in self.attempts[attempt].marks)


def _words(attempt: Attempt) -> tuple[str, str, str, str]:
    return attempt.digest, attempt.folder, attempt.marks, ",".join(attempt.recipients)
