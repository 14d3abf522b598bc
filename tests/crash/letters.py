"""Letters to send: each with an id of its own, and all else chosen by chance from that id."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

# Above this the store keeps a content as a file of its own; some letters must cross it.
LARGE_OCTETS = 64 * 1024
MARK = b"X-Attempt: "
INBOX = "INBOX"
FOLDER = "Invoices"
RULES = f"""\
[[rule]]
name = "Invoices"
  [[rule.condition]]
  field = "subject"
  op = "contains"
  value = ["invoice", "счёт", "счет"]
  [[rule.action]]
  do = "move"
  folder = "{FOLDER}"
"""
# Subjects, and where the rules put them
_SUBJECTS = (
    (b"your invoice", FOLDER),
    (b"news", INBOX),
    (b"=?utf-8?b?0YHRh9GR0YI=?=", FOLDER),
    (b"", INBOX),
)
_NO_CONTROLS = bytes(octet if octet not in b"\r\n\0" else ord("x") for octet in range(256))
_HUGE_OCTETS = 6 * 1024 * 1024


class Drop(StrEnum):
    """When the client goes away without a word."""

    NEVER = ""
    AMID = "amid its content"
    AFTER = "before the reply"


@dataclass(frozen=True)
class Letter:
    """What one attempt sends, by which verb, to whom, and in which folder it belongs."""

    attempt: str
    recipients: tuple[str, ...]
    content: bytes
    chunked: bool
    folder: str = INBOX
    drop: Drop = Drop.NEVER
    # The client takes its time amid the content
    slow: bool = False
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha256(self.content).hexdigest())


def write_letter(attempt: str, recipients: Sequence[str], seed: str) -> Letter:
    """Write the letter of an attempt: always the same one for the same id and seed.

    Mostly small, one in twelve above 64 KiB, one in 150 of several MiB; octets of all kinds, dots
    in front of lines; a third to two or more mailboxes.
    """
    chance = random.Random(f"{seed}.{attempt}")
    subject, folder = chance.choice(_SUBJECTS)
    head = [MARK + attempt.encode(), b"From: <a@example.net>", b"Subject: " + subject, b""]
    count = 1 if chance.random() < 2 / 3 else chance.randint(2, len(recipients))
    drop = chance.choices([Drop.NEVER, Drop.AMID, Drop.AFTER], [20, 1, 1])[0]
    return Letter(
        attempt,
        tuple(chance.sample(list(recipients), count)),
        b"\r\n".join([*head, *_lines(_size(chance), chance), b""]),
        chunked=chance.random() < 0.3,
        folder=folder,
        drop=drop,
        slow=chance.random() < 0.1,
    )


def _size(chance: random.Random) -> int:
    kind = chance.random()
    if kind < 1 / 150:
        return chance.randrange(1024 * 1024, _HUGE_OCTETS)
    if kind < 1 / 12:
        return chance.randrange(LARGE_OCTETS + 1, 5 * LARGE_OCTETS)
    return chance.randrange(200, 16 * 1024)


def _lines(size_octets: int, chance: random.Random) -> list[bytes]:
    """Return lines of random lengths, different everywhere."""
    octets = chance.randbytes(size_octets).translate(_NO_CONTROLS)
    lengths = [chance.randrange(110) for _ in range(64)]
    lines, start, number = [], 0, 0
    while start < size_octets:
        length = lengths[number % len(lengths)]
        dots = b"" if number % 3 else (b".", b"..")[number % 2]
        lines.append(dots + octets[start : start + length])
        start += length
        number += 1
    return lines


def attempt_of(message: bytes) -> tuple[str, bytes, bytes]:
    """Cut a message as read into attempt id, what the server put before it, and the content.

    Raises ValueError for a message without the mark.
    """
    at = 0 if message.startswith(MARK) else message.index(b"\n" + MARK) + 1
    content = message[at:]
    line = content[len(MARK) :].partition(b"\r\n")[0]
    return line.decode(errors="replace"), message[:at], content
