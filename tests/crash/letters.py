"""Letters to send: each with an id of its own, and random in all else."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field

# Above this the store keeps a content as a file of its own; some letters must cross it.
LARGE_OCTETS = 64 * 1024
MARK = b"X-Attempt: "
NO_CONTROLS = bytes(octet if octet not in b"\r\n\0" else ord("x") for octet in range(256))


@dataclass(frozen=True)
class Letter:
    """What one attempt sends, by which verb, and to whom."""

    attempt: str
    recipients: tuple[str, ...]
    content: bytes
    chunked: bool
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(self.content).hexdigest())

    @property
    def large(self) -> bool:
        return len(self.content) > LARGE_OCTETS


def write_letter(attempt: str, recipients: tuple[str, ...], chance: random.Random) -> Letter:
    """Write a letter: mostly small, one in twelve large; octets of all kinds, dots in front."""
    if chance.random() < 1 / 12:
        size = chance.randrange(LARGE_OCTETS + 1, 5 * LARGE_OCTETS)
    else:
        size = chance.randrange(200, 16 * 1024)
    subject = chance.choice([b"invoice", b"news", b"=?utf-8?b?0YHRh9GR0YI=?=", b""])
    lines = [MARK + attempt.encode(), b"From: <a@example.net>", b"Subject: " + subject, b""]
    filler = chance.randbytes(512).translate(NO_CONTROLS)
    while size > 0:
        start, length = chance.randrange(400), chance.randrange(110)
        line = chance.choice([b"", b".", b".."]) + filler[start : start + length]
        lines.append(line)
        size -= len(line) + 2
    content = b"\r\n".join([*lines, b""])
    return Letter(attempt, recipients, content, chunked=chance.random() < 0.3)


def attempt_of(message: bytes) -> tuple[str, bytes, bytes]:
    """Cut a message as read into attempt id, what the server put before it, and the content.

    Raises ValueError for a message without the mark.
    """
    at = 0 if message.startswith(MARK) else message.index(b"\n" + MARK) + 1
    content = message[at:]
    line = content[len(MARK) :].partition(b"\r\n")[0]
    return line.decode(), message[:at], content
