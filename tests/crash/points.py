"""Named fail points: steps of the server at which it is to die, each the passage of a function.

The server itself knows nothing of them: `armed` wraps the functions named here. A name that is no
longer there ends the launch, and a step that is no longer passed is told as missed.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

NO_CONSTANTS: Mapping[str, float] = {}


class Phase(StrEnum):
    """When a point is passed, so what must be done to the server for that."""

    LOAD = "load"  # mail is coming in
    SWEEP = "sweep"  # the same, and old files are there that no message names
    START = "start"  # before it answers
    STOP = "stop"  # after SIGTERM


@dataclass(frozen=True)
class Point:
    """A step. `target` is `module:qualified name`, called with what `only` is asked about.

    It dies before or after the call; `within_s`: at a random moment up to so long after that, by a
    timer of the kernel, so also inside of calls that are not Python. `most` is how many passages
    may go by before (fewer for steps that are rare). `constants` of modules are set before.
    """

    name: str
    target: str
    after: bool = False
    phase: Phase = Phase.LOAD
    only: Callable[..., bool] = field(default=lambda *_: True)
    within_s: float = 0.0
    most: int = 1
    constants: Mapping[str, float] = field(default_factory=lambda: NO_CONSTANTS)


def _in_writer(*_: object) -> bool:
    return threading.current_thread().name == "store-writer"


def _of_messages(_session: object, units: Any) -> bool:
    return bool(units[0].batch.__name__ == "append")


def _amid_data(session: Any, _octets: bytes) -> bool:
    return session.wire._reader is not None


def _amid_chunk(session: Any, _octets: bytes) -> bool:
    return bool(session.wire._octets_left > 0)


def _acknowledges(_session: object, octets: bytes) -> bool:
    return b" queued as " in octets


_FILE = "bitrixmail.store.blobs:_File"
_SYNC_FOLDER = "bitrixmail.store.blobs:sync_folder"
_APPEND = "bitrixmail.store.appending:append"
_RUN = "bitrixmail.store.database:Session.run"
_CHECKPOINT = "bitrixmail.store.database:Session.checkpoint"
_GROUP = "bitrixmail.store.executors:write_group"
_WRITE = "bitrixmail.smtp.content_phase:ContentPhase._write"
_SEND = "bitrixmail.link.channel:Channel._send"
_PREPARE = "bitrixmail.store.opening:prepare"
_DRAIN = "bitrixmail.app.services:Server._drain"
_SWEEP = "bitrixmail.store.blobs:_sweep"
# Expiry, which sweeps, several times a second instead of once an hour
_SWEEPING = {"bitrixmail.app.compose:_HOUR_S": 0.2}
# The log is moved into the file by nearly every commit
_SHORT_LOG = {"bitrixmail.store.database:_LOG_PAGES": 20}

POINTS = (
    # A message comes
    Point("amid-data", _WRITE, only=_amid_data, most=8),
    Point("amid-bdat", _WRITE, only=_amid_chunk, most=4),
    Point("amid-starttls", "bitrixmail.link.secured:Secured.start_tls", after=True, most=8),
    Point("tls-agreed", "bitrixmail.link.secured:Secured.handshakeCompleted", after=True, most=8),
    # A large content becomes a file
    Point("before-file", f"{_FILE}._create", most=4),
    Point("file-made", f"{_FILE}._create", after=True, most=4),
    Point("file-written", f"{_FILE}.write", after=True, most=8),
    Point("before-file-sync", f"{_FILE}.sync", most=4),
    Point("amid-file-sync", f"{_FILE}.sync", within_s=0.004, most=4),
    Point("before-folder-sync", _SYNC_FOLDER, most=8),
    Point("folder-synced", _SYNC_FOLDER, after=True, most=8),
    Point("file-whole", f"{_FILE}.sync", after=True, most=4),
    Point("before-file-removed", f"{_FILE}.remove"),
    Point("file-removed", f"{_FILE}.remove", after=True),
    # The durable line
    Point("before-begin", _GROUP, only=_of_messages, most=40),
    Point("begun", _APPEND, most=40),
    Point("inserted", _APPEND, after=True, most=40),
    Point("amid-commit", _APPEND, after=True, within_s=0.003, most=40),
    Point(
        "amid-checkpoint",
        _APPEND,
        after=True,
        within_s=0.006,
        most=40,
        constants=_SHORT_LOG,
    ),
    Point("committed", _RUN, after=True, only=_in_writer, most=40),
    Point("before-reactor-told", _GROUP, after=True, only=_of_messages, most=40),
    Point("reactor-told", "bitrixmail.store.executors:ThreadedExecutor._written", most=40),
    Point("before-reply", _SEND, only=_acknowledges, most=60),
    Point("reply-written", _SEND, after=True, only=_acknowledges, most=60),
    # Files that no message names are swept
    Point("before-sweep", _SWEEP, phase=Phase.SWEEP, constants=_SWEEPING),
    Point(
        "amid-sweep",
        "bitrixmail.store.blobs:_sweep_one",
        after=True,
        phase=Phase.SWEEP,
        most=60,
        constants=_SWEEPING,
    ),
    Point("swept", _SWEEP, after=True, phase=Phase.SWEEP, constants=_SWEEPING),
    # It starts
    Point("before-opening", _PREPARE, phase=Phase.START),
    Point("amid-opening", _PREPARE, phase=Phase.START, within_s=0.01),
    Point("opened", _PREPARE, after=True, phase=Phase.START),
    Point(
        "before-listening",
        "bitrixmail.app.listening.listeners:Listener.open",
        phase=Phase.START,
        most=2,
    ),
    # It ends
    Point("before-drain", _DRAIN, phase=Phase.STOP),
    Point("amid-drain", _DRAIN, phase=Phase.STOP, within_s=0.02),
    Point("drained", _DRAIN, after=True, phase=Phase.STOP),
    Point("before-checkpoint", _CHECKPOINT, phase=Phase.STOP),
    Point("amid-last-checkpoint", _CHECKPOINT, phase=Phase.STOP, within_s=0.01),
    Point("checkpointed", _CHECKPOINT, after=True, phase=Phase.STOP),
    Point("closed", "bitrixmail.store.opening:Stores.close", after=True, phase=Phase.STOP),
)
# What rules want done: between its commit and its courier, in the courier, and behind it
_COMMAND = "bitrixmail.net.process:CommandRunner.run"
_FORWARD = "bitrixmail.outbound.actions.mail:MailCourier._one"
_PYTHON = "bitrixmail.outbound.actions.python:PythonCourier._one"
_WEBHOOK = "bitrixmail.outbound.actions.calling:CallingCourier.deliver"
_SETTLE = "bitrixmail.outbound.settling:Settler.write"
ACTION_POINTS = (
    Point("work-committed", _RUN, after=True, only=_in_writer, most=20),
    Point("work-acknowledged", _SEND, after=True, only=_acknowledges, most=10),
    Point("work-leased", "bitrixmail.outbound.under_way:UnderWay.begin", most=20),
    Point("amid-command", _COMMAND, within_s=0.02, most=8),
    Point("commanded", _COMMAND, after=True, most=8),
    Point("amid-forward", _FORWARD, within_s=0.02, most=8),
    Point("forwarded", _FORWARD, after=True, most=8),
    Point("amid-python", _PYTHON, within_s=0.02, most=8),
    Point("called", _PYTHON, after=True, most=8),
    Point("amid-webhook", _WEBHOOK, within_s=0.02, most=8),
    Point("told", _WEBHOOK, after=True, most=8),
    Point("before-settling", _SETTLE, most=8),
    Point("amid-settling", _SETTLE, within_s=0.01, most=8),
    Point("settled", _SETTLE, after=True, most=8),
)
BY_NAME = {point.name: point for point in (*POINTS, *ACTION_POINTS)}


def place_of(target: str) -> tuple[Any, str]:
    """Return what holds the target, and under which name. Raises LookupError if nothing does."""
    module, _, path = target.partition(":")
    *owners, name = path.split(".")
    try:
        holder: Any = importlib.import_module(module)
        for owner in owners:
            holder = getattr(holder, owner)
        # An inherited one would be wrapped for all who inherit it
        vars(holder)[name]
    except (ImportError, AttributeError, KeyError):
        raise LookupError(f"{target} is not there any more: mend tests/crash/points.py") from None
    return holder, name
