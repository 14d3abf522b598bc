"""The running server as its owner sees it: listeners, process, what a reload brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from bitrixmail.model.errors import Fault


class ListenerState(Enum):
    """What a listener does. FAILED: it should listen, and could not."""

    LISTENING = "listening"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Listening:
    """One listener. `name` is stable while the server runs; `door` is its key in `[listen]`.

    `address` "" means all of this machine; `port` 0 is a local socket, whose path `address` then
    is. `since`: when it came into its state. `problem` says why it failed, `remedies` the ways out.
    `open_now` is None where the system does not tell; `messages` where the door takes in none.
    """

    name: str
    door: str
    endpoint: str
    address: str
    port: int
    state: ListenerState
    since: datetime
    problem: str = ""
    remedies: tuple[str, ...] = ()
    open_now: int | None = None
    taken: int = 0
    last_peer: str = ""
    last_at: datetime | None = None
    messages: int | None = None
    of_pages: bool = False


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """The certificate of all doors. `self_signed`: others' programs don't trust it."""

    names: tuple[str, ...]
    expires: datetime
    self_signed: bool
    file: str


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the server and the memory it holds, in octets; `receiver` 0 is the server."""

    pid: int
    receiver: int
    memory: int


@dataclass(frozen=True, slots=True)
class Vitals:
    """The process and its place. `free`, `database` and `kept` (by all mailboxes) are octets.

    `waiting` are settings of which others stand in the file than are in force.
    """

    version: str
    now: datetime
    started: datetime
    processes: tuple[Process, ...]
    data_dir: str
    database: int
    free: int
    kept: int
    certificate: CertificateFacts | None
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of reading the settings anew: dotted paths, or why the old ones stay."""

    changed: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log that tells of something wrong."""

    at: datetime
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Samples:
    """What was counted in equal steps of time, the oldest first; None: was not known then.

    `counts` by key as in `app.tally`, what came in each step; `gauges` what was at its end.
    """

    step_s: int
    times: tuple[int, ...] = ()
    counts: dict[str, tuple[int | None, ...]] = field(default_factory=dict)
    gauges: dict[str, tuple[float | None, ...]] = field(default_factory=dict)
