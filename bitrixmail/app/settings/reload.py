"""SIGHUP: new limits, certificates and log levels without a restart."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from types import FrameType
from typing import Any

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger

from bitrixmail.app.machine.ending import end_once
from bitrixmail.app.settings.loading import tables_of
from bitrixmail.app.settings.tree import Settings
from bitrixmail.model.errors import Fault, InputError, SetupError
from bitrixmail.model.house import Reloaded

_log = Logger()
_LIVE_SECTIONS = (
    "smtp", "access", "submission", "outbound", "actions", "commands", "pickup", "tls", "web",
)  # fmt: skip
_LIVE_KEYS = (
    "log.level",
    "log.levels",
    "rules.forwards_per_hour",
    "rules.forwards_per_hour_to_one",
    "rules.replies_per_hour",
    "web.calls_per_minute",
)
_SECTIONS = frozenset((*_LIVE_SECTIONS, *(key.partition(".")[0] for key in _LIVE_KEYS)))
# What a live section has that needs a restart all the same
_FIXED_KEYS = ("pickup.directory", "outbound.verp")


class Reload(Service):
    """Rereads the settings at SIGHUP. Made by compose, lives as long as the server.

    `take` puts the live part of new settings in force, or raises SetupError having changed
    nothing. After any error the old values stay.
    """

    name = "reload"

    def __init__(
        self,
        reactor: IReactorFromThreads,
        settings: Settings,
        reread: Callable[[], Settings],
        take: Callable[[Settings], None],
    ) -> None:
        self._reactor = reactor
        self._live = self._started = settings
        self._reread = reread
        self._take = take
        self._before: Any = None
        # Settings of which others are in the file than are in force
        self.waiting: tuple[str, ...] = ()

    @property
    def in_force(self) -> Settings:
        """What the server works by: of the live settings the last ones, else those of the start."""
        return replace(self._started, **{name: self._section(name) for name in _SECTIONS})

    def _section(self, name: str) -> Any:
        """Return a section of them; one that is no more than a table is live as a whole."""
        started, live = getattr(self._started, name), getattr(self._live, name)
        if not is_dataclass(live):
            return live
        keys = [each.name for each in fields(live) if is_live(f"{name}.{each.name}")]
        return replace(started, **{key: getattr(live, key) for key in keys})

    def startService(self) -> None:
        """Take the signal."""
        super().startService()
        self._before = signal.signal(signal.SIGHUP, self._signalled)
        end_once(self._reactor)

    def stopService(self) -> None:
        """Give the signal back."""
        super().stopService()
        signal.signal(signal.SIGHUP, self._before or signal.SIG_DFL)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self._reactor.callFromThread(self.reload)

    def reload(self) -> Reloaded:
        """Reread now; tell in the log, too, what came of it."""
        try:
            settings = self._reread()
            self._take(settings)
        except InputError as error:
            return self._refused("; ".join(map(str, error.faults)), *error.faults)
        except SetupError as error:
            fault = Fault(*_in_two(error.problem), "; ".join(error.remedies))
            return self._refused(error.problem, fault)
        live = tuple(path for path in changes(self._live, settings) if is_live(path))
        _log.info("settings reloaded, changed: {changed}", changed=", ".join(live) or "none")
        waiting = tuple(path for path in changes(self._started, settings) if not is_live(path))
        if waiting:
            _log.warn("a restart is needed for: {settings}", settings=", ".join(waiting))
        self._live, self.waiting = settings, waiting
        return Reloaded(live, waiting)

    def _refused(self, reason: str, *faults: Fault) -> Reloaded:
        _log.error("settings not reloaded, the old ones stay: {reason}", reason=reason)
        return Reloaded((), self.waiting, faults)


def _in_two(problem: str) -> tuple[str, str]:
    """Part a problem that begins with the setting it stands in, as most do."""
    where, colon, what = problem.partition(": ")
    return (where, what) if colon and " " not in where else ("settings", problem)


def changes(old: Settings, new: Settings) -> Iterator[str]:
    """Yield the dotted paths of settings that differ."""
    before, after = tables_of(old), tables_of(new)
    for section, table in after.items():
        for key, value in table.items():
            if before[section].get(key) != value:
                yield f"{section}.{key}"
        yield from (f"{section}.{key}" for key in before[section] if key not in table)


def is_live(path: str) -> bool:
    """Tell whether a setting is taken without a restart."""
    if path in _FIXED_KEYS:
        return False
    return path.partition(".")[0] in _LIVE_SECTIONS or path in _LIVE_KEYS
