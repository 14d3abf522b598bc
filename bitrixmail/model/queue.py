"""The queue as the dispatcher and the person who looks after it see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bitrixmail.model.job import Attempt, JobState, Kind, Priority


@dataclass(frozen=True, slots=True)
class Due:
    """The waiting jobs of one destination: how many are due, and when the next of the others is."""

    kind: Kind
    destination: str
    count: int
    next: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many due jobs of one destination, at most; none below `priority`."""

    kind: Kind
    destination: str
    most: int
    priority: Priority = Priority.BULK


@dataclass(frozen=True, slots=True)
class Search:
    """Which jobs are meant; what is empty says nothing. Texts match whole addresses or domains.

    `ids` are jobs, `queue_ids` messages; `before` and `after` compare with when they came.
    """

    ids: tuple[int, ...] = ()
    queue_ids: tuple[str, ...] = ()
    states: tuple[JobState, ...] = ()
    kind: Kind | None = None
    sender: str = ""
    recipient: str = ""
    domain: str = ""
    kinds: tuple[Kind, ...] = ()
    before: datetime | None = None
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """One job in a listing. `last` is the last attempt at it, if there was any.

    `put_off`: it is due, and waits for its schedule alone. `action` and `rule` say what a rule
    wants done and which one, empty for mail; `target` whom it is to reach, if that is addresses.
    """

    id: int
    queue_id: str
    kind: Kind
    state: JobState
    priority: Priority
    sender: str
    recipient: str
    destination: str
    size_octets: int
    created: datetime
    not_before: datetime
    expires: datetime
    attempts: int
    put_off: bool
    action: str = ""
    rule: str = ""
    target: str = ""
    last: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """A destination of which the last attempts were all for nothing, for now.

    `last` is the last of them, `times` at how many moments there were some, one after the other.
    """

    last: Attempt
    times: int


@dataclass(frozen=True, slots=True)
class SentTo:
    """That a message of `sender` went, or is to go, to a recipient elsewhere."""

    queue_id: str
    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Depth:
    """The jobs in one state: how many, and when the oldest of them came."""

    state: JobState
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Bound:
    """The open jobs for one destination: how many there are of each state, and since when.

    `next` is when the first of those that wait may go.
    """

    kind: Kind
    destination: str
    waiting: int
    leased: int
    held: int
    oldest: datetime
    next: datetime | None


@dataclass(frozen=True, slots=True)
class Aged:
    """The jobs for one domain by age: `counts` go with the bounds that were asked for."""

    destination: str
    total: int
    counts: tuple[int, ...]
