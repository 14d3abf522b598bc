"""Being told at once that a file was put into a directory (inotify(7)), where that works."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.filepath import FilePath

_log = Logger()

# What is put there within so short a time is taken in together: one look and one sync for all of
# it, and the programs that hand over have the processors to themselves meanwhile.
_GATHER_S = 0.02

# Given a directory and whom to tell, returns how to end it; None: nobody will be told.
Watch = Callable[[Path, Callable[[], None]], Callable[[], None] | None]


def no_watch(_folder: Path, _told: Callable[[], None]) -> None:
    """Tell nobody."""


def watch_by(reactor: Any) -> Watch:
    """Return a watch by inotify in a running reactor; it tells of files that are renamed there."""

    def watch(folder: Path, told: Callable[[], None]) -> Callable[[], None] | None:
        try:
            from twisted.internet import inotify  # noqa: PLC0415 - Linux only
        except ImportError as error:
            _not_told(error)
            return None
        try:
            notifier = inotify.INotify(reactor)
        except (inotify.INotifyError, OSError) as error:
            _not_told(error)
            return None

        pending: list[IDelayedCall] = []

        def tell() -> None:
            pending.clear()
            told()

        def put(_ignored: object, _path: object, _mask: object) -> None:
            if not pending:
                pending.append(reactor.callLater(_GATHER_S, tell))

        def end() -> None:
            for call in pending:
                call.cancel()
            pending.clear()
            if notifier.connected:  # not if the directory is gone
                notifier.stopReading()
                notifier.connectionLost(None)

        try:
            notifier.watch(FilePath(str(folder)), mask=inotify.IN_MOVED_TO, callbacks=[put])
        except (inotify.INotifyError, OSError) as error:
            end()
            _not_told(error)
            return None
        notifier.startReading()
        return end

    return watch


def _not_told(error: Exception) -> None:
    _log.info("the pickup directory is looked at again and again: {error}", error=str(error))
