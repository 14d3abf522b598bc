"""What somebody looks for among stored messages, and what is found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

READ, FLAGGED = "\\Seen", "\\Flagged"


class Field(StrEnum):
    """What a term looks at."""

    WORDS = "words"  # subject and sender
    FROM = "from"
    TO = "to"
    SUBJECT = "subject"
    MAILBOX = "mailbox"
    FOLDER = "folder"
    ID = "id"
    ATTACHED = "has"
    BEFORE = "before"
    AFTER = "after"
    SCORE = "score"
    SIZE = "size"
    IS = "is"


STATES = ("unread", "read", "spam", "flagged")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must hold, or with `negated` must not.

    `text` is folded where texts are compared; `op` is one of > < >= <= = and stands before `number`
    (SCORE: points, SIZE: octets); `moment` is that of BEFORE and AFTER.
    """

    field: Field
    text: str = ""
    op: str = ""
    number: float = 0.0
    moment: datetime | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """All of these terms; none: every message."""

    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """Where a place stands in the order of all: by reception, then by number. Times in µs."""

    received: int
    message_id: int
    place_id: int

    def __str__(self) -> str:
        """Write it for an address."""
        return f"{self.received}-{self.message_id}-{self.place_id}"

    @classmethod
    def read(cls, text: str) -> Key | None:
        """Read what `str` wrote; None for anything else."""
        parts = text.split("-")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
            return None
        numbers = [int(part) for part in parts]
        return cls(*numbers) if max(numbers) < 2**63 else None


@dataclass(frozen=True, slots=True)
class Hit:
    """A message in a folder, as a list shows it. `score` None: no rule ever asked for one."""

    key: Key
    queue_id: str
    mailbox: str
    folder: str
    received: datetime
    sender: str
    header_from: str
    subject: str
    size_octets: int
    flags: frozenset[str]
    tags: frozenset[str]
    recipients: tuple[str, ...]
    attached: bool
    score: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """Some hits, and how far was looked. `reached` None: to the end."""

    hits: tuple[Hit, ...]
    reached: Key | None


@dataclass(frozen=True, slots=True)
class View:
    """A search that a user has kept by a name."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Change:
    """What shall become of places: the folder (empty: as it is), the flags set and cleared.

    `why` stands in the event log.
    """

    folder: str = ""
    set_flags: frozenset[str] = frozenset()
    clear_flags: frozenset[str] = frozenset()
    why: str = ""


def folded(text: str) -> str:
    """Return a text as it is compared: no case, ё as е, blanks as one space."""
    return " ".join(text.casefold().replace("ё", "е").split())
