"""A ticket of the help desk, its messages, and what a letter says of where it belongs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class TicketState(StrEnum):
    """Whether somebody still waits for something."""

    OPEN = "open"
    CLOSED = "closed"


class WhoMayAdd(StrEnum):
    """Whose letters may come into a ticket that is there already."""

    OWNER = "owner"  # of just the address that opened it
    DOMAIN = "domain"  # of an address of the same domain, unless anybody can have one there
    ANYONE = "anyone"


class Direction(StrEnum):
    """Whether a message came to the desk or is the desk's own."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket. Numbers are given out by each desk, which is a mailbox, for itself.

    `id` is never used twice, `number` not within its desk. `owner` is the `Address.key` that opened
    it. `linked`: the number of another that it might belong to, 0 for none.
    """

    id: int
    desk: str
    number: int
    owner: str
    subject: str
    state: TicketState
    created: datetime
    changed: datetime
    category: str = ""
    criticality: str = ""
    assignee: str = ""
    linked: int = 0

    @property
    def mark(self) -> str:
        """How the number stands in a subject."""
        return mark_of(self.number)


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What is known of a ticket before it has a number."""

    owner: str
    subject: str
    category: str = ""
    criticality: str = ""
    linked: int = 0


@dataclass(frozen=True, slots=True)
class TicketMessage:
    """One message of a ticket. `key` is the same whenever the same message is brought again.

    `row` is that of the stored message, which stays as long as the ticket; None for one that is
    kept nowhere. `message_id` is its field, with its brackets, or empty. `how`: why it is here, in
    plain English. `hidden`: for the people of the desk alone. `automatic`: a program wrote it.
    """

    key: str
    at: datetime
    direction: Direction
    author: str
    queue_id: str = ""
    row: int | None = None
    message_id: str = ""
    how: str = ""
    hidden: bool = False
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class TicketSearch:
    """Which tickets are meant; what is empty says nothing.

    `words` stand in the subject or the owner's address, whatever their case in Latin letters.
    `behind`: those that come after one in the list, which is given by `changed` and `id`.
    """

    desk: str = ""
    number: int = 0
    states: tuple[TicketState, ...] = ()
    owner: str = ""
    category: str = ""
    assignee: str = ""
    words: str = ""
    behind: tuple[datetime, int] | None = None


class Token(NamedTuple):
    """What a reply address holds: a number, and the proof that this server wrote it, unchecked."""

    number: int
    proof: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What came in for a desk, as far as it tells where it belongs. Made by the courier.

    `author` is the `Address.key` of who says to have written it; `sole`: no other is named as the
    author beside him. `proven`: authentication says that it is from there. `automatic` tells by
    what it is known that a program wrote it, empty if nothing says so. `addressed` is the token of
    the address it came to, `tokens` are those of other addresses it names; `references` the
    Message-IDs it names, the nearest first; `numbers` those in its subject. `read` gives octets of
    the message: offset, length.
    """

    desk: str
    key: str
    at: datetime
    queue_id: str
    row: int
    author: str
    sole: bool
    proven: bool
    automatic: str
    addressed: Token | None
    tokens: tuple[Token, ...]
    references: tuple[str, ...]
    numbers: tuple[int, ...]
    subject: str
    message_id: str
    size_octets: int
    read: Callable[[int, int], Awaitable[bytes]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TicketTerms:
    """What the rule says of the letters that it gives to a desk."""

    who: WhoMayAdd = WhoMayAdd.OWNER
    category: str = ""
    criticality: str = ""
    hidden: bool = False
    most_per_hour: int = 20


@dataclass(frozen=True, slots=True)
class Filed:
    """What a desk has made of a letter. `said` tells it in plain English, for the trace.

    `number` is 0 if it made nothing of it. `opened`: a new ticket. `reply_to` is the address by
    which an answer comes into it, if there is one. `greet`: its owner may be told of it.
    """

    said: str
    number: int = 0
    opened: bool = False
    reply_to: str = ""
    greet: bool = False


def mark_of(number: int) -> str:
    """Write a number as it stands in a subject."""
    return f"[#{number}]"
