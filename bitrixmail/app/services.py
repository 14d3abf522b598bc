"""The server as one service: what starts in which order, how it drains, how it ends."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized

from bitrixmail.app.listening.listeners import Listener
from bitrixmail.app.machine.allocator import keep_little, settle
from bitrixmail.app.machine.descriptors import take_descriptors
from bitrixmail.app.machine.failure import StartFailedError, told
from bitrixmail.app.machine.lock import DataDirLock
from bitrixmail.app.machine.obstacles import data_dir_unusable
from bitrixmail.app.machine.polling import poll_directly
from bitrixmail.app.machine.steady import keep_steady
from bitrixmail.app.opening import Opening
from bitrixmail.app.receiving.receivers import Receivers
from bitrixmail.app.settings.tree import Settings
from bitrixmail.app.watching.logs import LogLevels
from bitrixmail.model.errors import SetupError
from bitrixmail.net.self_signed import self_signed
from bitrixmail.net.tls import ServerTLS
from bitrixmail.tasks import deadline, utcnow

_log = Logger()


class Door(Protocol):
    """What the factory of a door can do at the end."""

    def drain(self) -> Deferred[None]:
        """Take no new message on any connection; fires when the last one has ended."""

    def abort_all(self) -> None:
        """Cut every connection."""


class Begun(Protocol):
    """A service that begins to work when the store is open."""

    def begin(self) -> None:
        """Begin."""


# Returns what the person at the terminal is told once the store is open
Welcome: TypeAlias = Callable[[], Coroutine[Deferred[Any], Any, str]]


async def nothing_to_tell() -> str:
    """Return nothing: there is nobody to welcome."""
    return ""


@dataclass(frozen=True, slots=True)
class Parts:
    """What compose has married. Shared by the server and nothing else."""

    settings: Settings
    clock: IReactorTime
    doors: Mapping[str, Door]
    listeners: Sequence[Listener]
    periodic: Sequence[Begun]
    opening: Opening
    tls: ServerTLS
    receivers: Receivers | None = None
    welcome: Welcome = nothing_to_tell


class Server(MultiService):
    """The whole server. Made by compose, child of twistd's application.

    `privilegedStartService` binds the ports (twistd sheds its uid after it), `startService` makes
    the data directory and begins to open the store; the listeners accept once it is open.
    Both raise StartFailedError, having told `complain` why. What fails later, while the reactor
    runs, is told too and ends the process by `give_up`.
    """

    name = "bitrixmail"

    def __init__(self, parts: Parts, levels: LogLevels, give_up: Callable[[int], None]) -> None:
        super().__init__()
        self.parts = parts
        self.levels = levels
        self.complain: Callable[[str], None] = _to_stderr
        self.start_begun: Callable[[], None] = _nobody_waits
        self.start_ended: Callable[[int], None] = _nobody
        self.observer: ILogObserver | None = None
        self.logs_to_file = False
        self._give_up = give_up
        self._lock = DataDirLock()
        self._opening: Deferred[None] | None = None

    def setServiceParent(self, parent: object) -> None:
        """Give twistd's application our log observer, before it begins to log."""
        if isinstance(parent, Componentized) and self.observer is not None:
            parent.setComponent(ILogObserver, self.observer)
        super().setServiceParent(parent)

    def privilegedStartService(self) -> None:
        """Read the certificate, bind the ports. Raises StartFailedError."""
        keep_steady(self.parts.clock)
        poll_directly(self.parts.clock)
        take_descriptors()
        try:
            if self.parts.settings.tls.certificate:
                self.load_certificate(self.parts.settings)
            super().privilegedStartService()
        except SetupError as error:
            raise self._failed(error) from error

    def startService(self) -> None:
        """Make what is missing in the data directory, begin to open the store."""
        keep_little()
        for warning in self.parts.settings.warnings():
            _log.warn("{warning}", warning=warning)
        try:
            self._prepare_data_dir()
            super().startService()
        except SetupError as error:
            raise self._failed(error) from error
        self.start_begun()
        self._opening = Deferred.fromCoroutine(self._open())

    def _failed(self, error: SetupError) -> StartFailedError:
        for listener in self.parts.listeners:
            listener.close()
        self._lock.release()
        self._tell(error)
        self.start_ended(error.exit_code)
        return StartFailedError(error)

    def _tell(self, error: SetupError) -> None:
        self.complain(told(error))
        if self.logs_to_file:  # else it would stand twice on the same terminal
            _log.critical("the start failed: {problem}", problem=error.problem)

    def _prepare_data_dir(self) -> None:
        """Make it, as the user who will write in it, and the certificate if none is given."""
        settings = self.parts.settings
        folder = settings.data_dir
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = folder / ".writable"
            probe.write_bytes(b"")
            probe.unlink()
            self._lock.take(folder)
            if not settings.tls.certificate:
                pem = _self_signed_file(settings)
                self_signed(pem, settings.server.hostname, utcnow(self.parts.clock))
                self.load_certificate(settings)
        except OSError as error:
            raise data_dir_unusable(folder, error) from error

    def load_certificate(self, settings: Settings) -> None:
        """Take certificate and key of `settings`. Raises SetupError, the old ones then stay."""
        if settings.tls.certificate:
            files = Path(settings.tls.certificate), Path(settings.tls.key)
        else:
            files = _self_signed_file(settings), _self_signed_file(settings)
        self.parts.tls.load(*files, utcnow(self.parts.clock))

    async def _open(self) -> None:
        try:
            await self.parts.opening.open()
            told = await self.parts.welcome()
        except SetupError as error:
            self._tell(error)
            self._end(error.exit_code)
            return
        except Exception:  # noqa: BLE001 - a bug: nobody else would end a server that greets nobody
            _log.failure("the start failed")
            self.complain("bitrixmail: the start failed, the log says why\n")
            self._end(os.EX_SOFTWARE)
            return
        if not self.running:
            return
        for listener in self.parts.listeners:
            listener.open()
        for periodic in self.parts.periodic:
            periodic.begin()
        if self.parts.receivers is not None:
            self.parts.receivers.begin()
        settle()
        if told:
            self.complain(f"bitrixmail: {told}")
        _log.info("ready as {hostname}", hostname=self.parts.settings.server.hostname)
        self.start_ended(os.EX_OK)

    def _end(self, code: int) -> None:
        self.start_ended(code)
        self._give_up(code)

    @property
    def opened(self) -> Deferred[None] | None:
        """Fires when the store is open and the doors accept; None before the start."""
        return self._opening

    def stopService(self) -> Deferred[None]:
        """Close the listeners, let messages end (`server.drain_timeout`), then close the store."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        _log.info("stopping")
        if self._opening is not None:
            await self._opening
        for listener in self.parts.listeners:
            await listener.close()
        receivers = self.parts.receivers
        if receivers is not None:
            receivers.drain()
        await self._drain()
        if receivers is not None:
            await receivers.end()
        stopped = super().stopService()
        if stopped is not None:
            await stopped
        await self.parts.opening.close()
        self._lock.release()
        _log.info("stopped")

    async def _drain(self) -> None:
        drains = [door.drain() for door in self.parts.doors.values()]  # all at the same time

        async def drained() -> None:
            for drain in drains:
                await drain

        timeout_s = self.parts.settings.server.drain_timeout
        try:
            await deadline(drained(), timeout_s, self.parts.clock)
        except TimeoutError:
            _log.warn("connections cut after {timeout_s} s", timeout_s=timeout_s)
        for door in self.parts.doors.values():
            door.abort_all()


def _self_signed_file(settings: Settings) -> Path:
    return settings.data_dir / "self-signed.pem"


def _to_stderr(text: str) -> None:
    stream = sys.__stderr__
    if stream is not None:
        stream.write(text)
        stream.flush()


def _nobody_waits() -> None:
    """Nobody waits for the start."""


def _nobody(code: int) -> None:
    """Nobody waits for the exit code."""
