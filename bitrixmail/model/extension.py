"""What an extension gives, and what its functions may say. See docs/extending.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GROUP = "bitrixmail.extensions"
"""The group of entry points in which extensions are found."""


@dataclass(frozen=True, slots=True)
class Context:
    """What an extension is told when it is asked for its parts, once for each process.

    `settings` is the table extensions.settings.NAME; `data_dir` the server's own. `reactor` runs
    in the server alone: for a command such as `bitrixmail rules test` it is None.
    """

    name: str
    settings: Mapping[str, Any]
    hostname: str
    data_dir: Path
    reactor: Any = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What an extension gives, by names of its own; rules name it "EXTENSION.NAME".

    Functions get an ILetter; they are `async def`, or return a Deferred and say so
    (`-> Deferred[…]`), and are then called in the reactor's thread, where they must not block; or
    they are plain, and called in a thread.

    `conditions` return a text, a number, true or false, several texts, or None. `actions` return
    None or a line for the log; they raise AgainError or NeverError. `checks` look at a message
    whose content is complete, before the rules do; they return a Finding, a score, or None.
    `couriers` are actions that keep something open: objects whose method `deliver` is as an action,
    and whose `close`, if there is one, is called at the end. `sources` bring messages in: functions
    of an IIntake, begun when the store is open and cancelled at the end of the server.
    """

    conditions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    actions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    checks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    couriers: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says of a message: how bad it is, 0 to 100 (None: unknown), and why."""

    score: float | None = None
    reason: str = ""


class AgainError(Exception):
    """An action could not be done now: it is tried again. No fault of the extension's."""


class NeverError(Exception):
    """An action can never be done for this message."""
