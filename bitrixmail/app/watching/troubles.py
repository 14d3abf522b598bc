"""The last warnings and errors of the log, kept for the pages."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime

from twisted.application.service import Service
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from bitrixmail.app.watching.maillog import NAMESPACE
from bitrixmail.model.house import LogLine
from bitrixmail.model.text import printable

_MOST, _LONGEST = 50, 500
_USUAL = frozenset({LogLevel.debug, LogLevel.info})


@implementer(ILogObserver)
class Troubles(Service):
    """Made by the web room, hears the log while the server runs; called in any thread."""

    name = "troubles"

    def __init__(self) -> None:
        self._kept: deque[LogLine] = deque(maxlen=_MOST)

    def startService(self) -> None:
        """Hear the log."""
        super().startService()
        globalLogPublisher.addObserver(self)

    def stopService(self) -> None:
        """Hear it no more."""
        super().stopService()
        globalLogPublisher.removeObserver(self)

    def __call__(self, event: LogEvent) -> None:
        """See ILogObserver."""
        level = event.get("log_level")
        if level is None or level in _USUAL or event.get("log_namespace") == NAMESPACE:
            return
        text = printable(formatEvent(event).replace("\n", " | "), _LONGEST)
        at = datetime.fromtimestamp(event.get("log_time", 0.0), UTC)
        self._kept.append(LogLine(at, level.name, text))

    def newest(self) -> tuple[LogLine, ...]:
        """Return what is kept, the newest first."""
        return tuple(reversed(self._kept))
