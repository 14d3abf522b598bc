"""A run of rules over stored messages: what it looks at, what it changes, how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bitrixmail.model.job import NewJob


@dataclass(frozen=True, slots=True)
class Extent:
    """Which places a run looks at. What is empty limits nothing.

    `whose` names mailboxes and domains outside of which no rule of the run holds. `outside`: what
    rules want done outside is done as well, as it is by the clock; `again`: also what was done for
    a message before. `places`: only these.
    """

    mailbox: str = ""
    folder: str = ""
    since: datetime | None = None
    whose: tuple[str, ...] = ()
    outside: bool = False
    places: tuple[int, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class StoredPlace:
    """A stored message in a folder, as the rules are asked about it.

    `size_octets` and `head` are those of the content alone, as when it came in. `elsewhere` are
    the other folders of the mailbox in which the same message lies. `done` has the marks of what
    rules had done outside for it, where that is asked.
    """

    id: int
    modseq: int
    mailbox: str
    folder: str
    queue_id: str
    received: datetime
    sender: str
    recipients: tuple[str, ...]
    header_from: str
    subject: str
    size_octets: int
    head: bytes
    flags: frozenset[str]
    tags: frozenset[str]
    elsewhere: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refiling:
    """What becomes of one place: the folder it goes to (None: it stays), and how it then is.

    It is done only if the place still has this `modseq`: else somebody changed it after it was
    judged. `why` names the rules, for the event log. `jobs` are what is to be done outside; their
    keys are those within the run.
    """

    place_id: int
    modseq: int
    folder: str | None
    copies: tuple[str, ...]
    flags: frozenset[str]
    tags: frozenset[str]
    discard: bool = False
    why: str = ""
    jobs: tuple[NewJob, ...] = ()


class RunState(StrEnum):
    """How far a run is. RUNNING and UNDOING may also mean that it was interrupted."""

    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class RuleRun:
    """A run as it is stored. Places up to the id `ceiling` are its own, up to `cursor` are done.

    `rules` are names of rules of the set with that version. `changed` counts places; `stale` those
    left alone because they were changed while they were judged.
    """

    id: int
    started: datetime
    author: str
    occasion: str
    rule_set_version: int
    rules: tuple[str, ...]
    extent: Extent
    ceiling: int
    total: int
    cursor: int = 0
    judged: int = 0
    changed: int = 0
    stale: int = 0
    state: RunState = RunState.RUNNING


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one transaction of a run writes: the cursor goes from `before` to `cursor`."""

    run_id: int
    before: int
    cursor: int
    judged: int
    refilings: tuple[Refiling, ...] = ()
    last: bool = False


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What one transaction took back of a run; `notes` tell what had to stay as it is."""

    count: int
    notes: tuple[str, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Timer:
    """When a rule that runs by the clock was last begun, and by which cron expression."""

    rule: str
    schedule: str
    last: datetime


@dataclass(frozen=True, slots=True)
class Timers:
    """Timers to be kept. `whole`: the others are forgotten."""

    timers: tuple[Timer, ...] = field(default=())
    whole: bool = False
