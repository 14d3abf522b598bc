"""The log as text or flat JSON, one event a line (a traceback follows its line in the text form).

How it gets its place: `Server.setServiceParent` sets the observer as ILogObserver of twistd's
application, which both the plugin and a .tac file go through before logging begins.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import getopt
import json
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol, cast

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import (
    FilteringLogObserver,
    ILogFilterPredicate,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
)
from twisted.python.failure import Failure
from twisted.python.logfile import LogFile
from zope.interface import implementer

from bitrixmail.app.machine.obstacles import log_unusable
from bitrixmail.app.settings.tree import Log
from bitrixmail.app.watching.maillog import LINE, NAMESPACE
from bitrixmail.model.text import printable

_LONGEST = 2000


class Stream(Protocol):
    """Where lines are written to: a file, or one that is rotated."""

    def write(self, text: str, /) -> object:
        """Write a text."""

    def flush(self) -> object:
        """Hand everything to the system."""


@implementer(ILogFilterPredicate)
class LogLevels:
    """Which events are written. Made by compose; `set` may be called at any time."""

    def __init__(self, settings: Log) -> None:
        self.set(settings)

    def set(self, settings: Log) -> None:
        """Take other levels. The mail log is written at any level, unless one is set for it."""
        predicate = LogLevelFilterPredicate(LogLevel.levelWithName(settings.level))
        for namespace, level in {NAMESPACE: "info", **settings.levels}.items():
            predicate.setLogLevelForNamespace(namespace, LogLevel.levelWithName(level))
        self._predicate = predicate
        # Twisted compares levels by looking for them; there are few of them and of namespaces.
        self._known: dict[tuple[object, object], object] = {}

    def __call__(self, event: LogEvent) -> object:
        """See ILogFilterPredicate."""
        kind = event.get("log_namespace"), event.get("log_level")
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = self._predicate(event)
        return found


@implementer(ILogObserver)
class LogWriter:
    """Writes events to a stream. Made once at the start; called in any thread, a line at a time."""

    def __init__(self, stream: Stream, *, as_json: bool) -> None:
        self._stream = stream
        self._format = json_line if as_json else text_line

    def __call__(self, event: LogEvent) -> None:
        """See ILogObserver."""
        self._stream.write(self._format(event) + "\n")
        self._stream.flush()


def log_observer(stream: Stream, settings: Log, levels: LogLevels) -> ILogObserver:
    """Return the observer for twistd: the writer behind the filter of levels."""
    writer = LogWriter(stream, as_json=settings.format == "json")
    return FilteringLogObserver(writer, [levels])


def lines_to(stream: Stream) -> Callable[[str], None]:
    """Return what writes lines that are ready: another process has logged them."""

    def write(lines: str) -> None:
        stream.write(lines)
        stream.flush()

    return write


def text_line(event: LogEvent) -> str:
    """Write an event as `time level namespace: message`."""
    when, level, namespace, message = _parts(event)
    line = f"{when} {level} {namespace}: {message}"
    trace = _traceback(event)
    if trace:
        # The message of an error may hold remote text
        line += "".join(f"\n    {printable(row, _LONGEST)}" for row in trace.rstrip().split("\n"))
    return line


def json_line(event: LogEvent) -> str:
    """Write an event as one flat JSON object; a line of the mail log with its fields."""
    when, level, namespace, message = _parts(event)
    told: dict[str, object] = {"time": when, "level": level, "namespace": namespace}
    if namespace == NAMESPACE and "fields" in event:
        return json.dumps(
            told | {"transition": event["transition"], **event["fields"]}, ensure_ascii=False
        )
    told["message"] = message
    for key, value in event.items():
        if not key.startswith(("log_", "_")) and isinstance(value, str | int | float | bool):
            told.setdefault(key, printable(value) if isinstance(value, str) else value)
    rows = [printable(row, _LONGEST) for row in _traceback(event).rstrip().split("\n")]
    if any(rows):
        told["traceback"] = "\n".join(rows)
    return json.dumps(told, ensure_ascii=False)


def _parts(event: LogEvent) -> tuple[str, str, str, str]:
    level = getattr(event.get("log_level"), "name", "info")
    namespace = str(event.get("log_namespace", "-"))
    if namespace == NAMESPACE and event.get("log_format") is LINE:
        message = str(event["line"])
    else:
        # Legacy events bring their lines in one text; a line feed must not begin a line of the log.
        message = printable(formatEvent(event).replace("\n", " | "), _LONGEST)
    return _when(event.get("log_time", 0.0)), level, namespace, message


def _when(moment: float) -> str:
    second, milliseconds = divmod(int(moment * 1000), 1000)
    return f"{_second(second)}.{milliseconds:03d}Z"


@lru_cache(maxsize=2)  # all events of one second share it
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().removesuffix("+00:00")


def _traceback(event: LogEvent) -> str:
    failure = event.get("log_failure")
    return failure.getTraceback() if isinstance(failure, Failure) else ""


def twistd_flags(arguments: list[str]) -> dict[str, object]:
    """Read twistd's own options without their effects, for a .tac file: it isn't handed them."""
    from twisted.scripts._twistd_unix import ServerOptions  # noqa: PLC0415 - for a .tac file only

    options = ServerOptions()
    try:
        found, _ = getopt.getopt(arguments, options.shortOpt, options.longOpt)
    except getopt.GetoptError:
        return {}
    names = {"l": "logfile", "n": "nodaemon", "b": "nodaemon", "debug": "nodaemon"}
    told = {names.get(name.lstrip("-"), name.lstrip("-")): value for name, value in found}
    return {name: value or True for name, value in told.items()}


def log_stream(flags: Mapping[str, object]) -> Stream | None:
    """Open what twistd would log to; None if it is syslog, which stays twistd's own.

    Raises SetupError if the file can't be opened.
    """
    if flags.get("syslog"):
        return None
    name = str(flags.get("logfile") or "")
    if name == "-" or (flags.get("nodaemon") and not name):
        return sys.stdout
    path = Path(name or "twistd.log").absolute()
    try:
        file = LogFile.fromFullPath(str(path))
    except OSError as error:
        raise log_unusable(path, error) from error
    if not signal.getsignal(signal.SIGUSR1):

        def rotate(_signal: int, _frame: object) -> None:
            from twisted.internet import reactor  # noqa: PLC0415 - twistd has chosen it by now

            cast("IReactorFromThreads", reactor).callFromThread(file.rotate)

        signal.signal(signal.SIGUSR1, rotate)
    return cast("Stream", file)
