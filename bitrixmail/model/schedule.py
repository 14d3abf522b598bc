"""When mail goes out and when it is tried again: what is known and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from bitrixmail.model.dsn import Reason
from bitrixmail.model.job import Priority


@dataclass(frozen=True, slots=True)
class Window:
    """A time that comes back: it opens as `cron` says and stays open for `duration`.

    `cron` has five fields and perhaps a time zone behind them. `per_minute` is how much may go out
    then, `batch` how much in all until it closes; 0 means no limit.
    """

    cron: str
    duration: timedelta
    per_minute: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """The times at which some mail may go out.

    No window: always; `quiet` are hours ("22:00-08:00 Europe/Moscow", "Sat-Sun") at which it may
    not even so. Which mail: where `routes` (names), `senders` ("info@example.org", "@example.org",
    "<>") or `priorities` are not empty, it must be among them.
    """

    name: str = ""
    windows: tuple[Window, ...] = ()
    quiet: tuple[str, ...] = ()
    routes: frozenset[str] = frozenset()
    senders: frozenset[str] = frozenset()
    priorities: frozenset[Priority] = frozenset()


@dataclass(frozen=True, slots=True)
class Opening:
    """What is open at a moment, from `start` on, None if it always was; 0 means no limit."""

    start: datetime | None = None
    per_minute: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What went out under a schedule so far; kept by whoever sends, made anew at the start.

    `tokens` were left at `at`; `count` went out in the opening that began at `start`.
    """

    at: datetime | None = None
    tokens: float = 0.0
    start: datetime | None = None
    count: int = 0


def _intervals(text: str) -> tuple[timedelta, ...]:
    units = {"m": "minutes", "h": "hours"}
    return tuple(timedelta(**{units[word[-1]]: int(word[:-1])}) for word in text.split())


def _by_reason() -> Mapping[Reason, tuple[timedelta, ...]]:
    return MappingProxyType(
        {
            # Most hosts let pass what comes again after a few minutes
            Reason.GREYLISTED: _intervals("2m 5m 10m"),
            # Somebody must tidy up first
            Reason.MAILBOX_FULL: _intervals("1h 4h 8h"),
            # The other side has asked for less
            Reason.RATE_LIMITED: _intervals("10m 30m 1h"),
            # A host that does not answer is seldom back within minutes
            Reason.TIMEOUT: _intervals("10m 30m 1h"),
        }
    )


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """How long and how often something is tried.

    The last of `intervals` is repeated. Those of a reason come first and are followed by what is
    longer of the usual ones. `jitter`: an interval is up to so much of itself longer. Whoever sent
    it is told after `delay_notice` that it takes longer.
    """

    intervals: tuple[timedelta, ...] = _intervals("5m 15m 1h 4h")
    by_reason: Mapping[Reason, tuple[timedelta, ...]] = field(default_factory=_by_reason)
    lifetime: timedelta = timedelta(days=5)
    delay_notice: timedelta = timedelta(hours=4)
    jitter: float = 0.2


@dataclass(frozen=True, slots=True)
class Tried:
    """A job after an attempt that failed for now.

    `attempts` counts this one, and none that a person has asked for. `due` is when it should have
    been made. `delayed`: the sender was told already. `destination` as the job has it. `action`: it
    is what a rule wants done outside.
    """

    at: datetime
    created: datetime
    expires: datetime
    due: datetime
    attempts: int
    reason: Reason = Reason.UNDETERMINED
    delayed: bool = False
    destination: str = ""
    action: bool = False
