"""A job: one piece of work behind the durable line, and what became of each attempt at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class JobState(StrEnum):
    """Where a job stands. Only a lease leads from WAITING on, only a settlement from LEASED."""

    WAITING = "waiting"
    LEASED = "leased"
    HELD = "held"  # by a person, until released
    DONE = "done"
    DEAD = "dead"  # given up: refused for good, or too old


class Priority(IntEnum):
    """Which job of a destination goes first; within one, the one that is due longest."""

    URGENT = 10  # somebody waits for it before a page: a code, an order, a new password
    NORMAL = 20
    BULK = 30


class Kind(StrEnum):
    """Which courier carries a job out."""

    REMOTE = "remote"  # by SMTP, to the hosts of the recipient's domain or a smarthost
    LOCAL = "local"  # into the gate, as mail for one of our own
    BOUNCE = "bounce"  # a bounce that came in is read, and matched with what it tells of
    REPORT = "report"  # its sender is told that it reached a mailbox here, as he has asked for
    # What rules want done, see model.work
    MAIL = "mail"  # another message is made of it and brought to the gate: a forward, a reply
    WEBHOOK = "webhook"
    BITRIX24 = "bitrix24"
    TICKET = "ticket"
    COMMAND = "command"
    PYTHON = "python"
    LEARN = "learn"  # as spam, or as none


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job as it is written in the commit of its message.

    `key` is the same whenever the same work is asked for: it is written once. `destination` is what
    is reached or not as a whole: of a remote job the recipient's domain in A-labels. Jobs of one
    `lane` are carried out in their order, one after the other; those of none ("") in any. `payload`
    is JSON, read by the courier of the kind alone. `expires`: then it is given up.
    """

    key: str
    kind: Kind
    destination: str
    recipient: str
    not_before: datetime
    expires: datetime
    priority: Priority = Priority.NORMAL
    payload: str = "{}"
    lane: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A job that was leased, with what its courier needs to know of its message.

    `message_id` is the message's row, for `IJobStore.read`; `size_octets` counts what that gives,
    and `content` is just that where it is small. The job was due at `not_before`; `attempts` were
    settled before, and `by_hand` of them, with this one, are tries that a person has asked for.
    `delayed`: its sender was told already that it takes longer.
    """

    id: int
    key: str
    kind: Kind
    destination: str
    recipient: str
    priority: Priority
    created: datetime
    not_before: datetime
    expires: datetime
    attempts: int
    delayed: bool
    payload: str
    lane: str
    message_id: int
    queue_id: str
    sender: str
    size_octets: int
    content: bytes | None = field(default=None, repr=False)
    by_hand: int = 0


class Result(StrEnum):
    """How an attempt ended."""

    DELIVERED = "delivered"
    RELAYED = "relayed"  # to a host that won't tell of success, though asked to (RFC 3461 §5.2.2)
    DEFERRED = "deferred"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one job, as `queue show` and the mail log tell it.

    `host` is the name of the other side and `address` its IP address, both empty if none was
    reached. `reply` is its last word, or ours on why there was none; `enhanced` a status code of
    RFC 3463 ("5.1.1"). `tls` is the version and cipher, or empty. `not_before`: the other side
    wants to be left alone until then; it is not kept.
    """

    at: datetime
    result: Result
    host: str
    address: str
    enhanced: str
    reply: str
    duration_s: float
    tls: str = ""
    not_before: datetime | None = None


class Trouble(StrEnum):
    """What a delivery says of its destination as a whole, beyond the one message."""

    NONE = "none"
    BUSY = "busy"  # it wants fewer connections or messages at a time
    DOWN = "down"  # nothing can be handed over there now


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one go: an attempt for each job, in their order."""

    attempts: tuple[Attempt, ...]
    trouble: Trouble = Trouble.NONE


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of a leased job; the store writes it together with the attempt.

    WAITING: again from `not_before` on, HELD: not before it is released. DONE and DEAD end it.
    `attempt` None: it was not tried. `put_off` is not zero if it was due and waits for its schedule
    alone: a number by which the settings that say so are told apart.
    """

    job: Job
    state: JobState
    attempt: Attempt | None = None
    not_before: datetime | None = None
    delayed: bool = False
    put_off: int = 0


def put_off(job: Job, at: datetime, mark: int) -> Settlement:
    """Let a job that is due wait until its schedule lets it go."""
    return Settlement(job, JobState.WAITING, None, at, put_off=mark)
