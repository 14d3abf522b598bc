"""The processes that receive mail beside the server's own: started, told, watched and ended by it.

docs/decisions/0009.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from bitrixmail.app.listeners import Listener
from bitrixmail.app.orders import (
    COUNTS,
    ORDERS,
    REPORTS,
    SOCKETS,
    Begin,
    Drain,
    Order,
    Orders,
    Report,
    Resume,
    Take,
    written,
)
from bitrixmail.app.settings import Settings
from bitrixmail.net.tls import ServerTLS
from bitrixmail.pipeline.shared_counts import SharedTable
from bitrixmail.tasks import deadline

MODULE = "bitrixmail.app.receiver"
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
# Who lived for so long has started well: the next pause is a short one again
_WELL_S = 60.0
# Beyond the time that its sessions are given, a receiver has so long for its last commit
_GRACE_S = 3.0
_LONGEST_LINE = 1024 * 1024
# What a receiver has logged is taken so often; until then it lies in the pipe
_LINES_EACH_S = 0.02
_PIPE_OCTETS = 1024 * 1024
_log = Logger()


class Receivers(Service):
    """All of them. Made by compose if there are to be any, lives as long as the server.

    `lines` takes what they have logged: whole lines, ready to be written. `reported` hears what
    one of them has counted, None when it is gone.
    """

    name = "receivers"

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        table: SharedTable,
        tls: ServerTLS,
        listeners: Sequence[Listener],
    ) -> None:
        self._reactor = reactor
        self._settings = settings
        self._table = table
        self._tls = tls
        self._listeners = listeners
        self._running: dict[int, _Receiver] = {}
        self._pauses: dict[int, float] = {}
        self._waiting: dict[int, IDelayedCall] = {}
        self._ending = False
        self._ended: list[Deferred[None]] = []
        self.lines: Callable[[str], None] = _to_log
        self.reported: Callable[[int, Report | None], None] = _nobody

    def begin(self) -> None:
        """Start them; the store is open, the certificate loaded."""
        for number in range(1, self._table.rows):
            self._start(number)

    def _start(self, number: int) -> None:
        self._waiting.pop(number, None)
        lent = [
            (listener, *found)
            for listener in self._listeners
            if listener.door == "smtp" and (found := listener.lent(number)) is not None
        ]
        material = self._tls.material
        if self._ending or not lent or material is None:
            return
        begin = Begin(
            settings=self._settings,
            process=number,
            key=self._table.key,
            material=material,
            families=tuple(family for _, _, family in lent),
            endpoints=tuple(listener.endpoint.text for listener, _, _ in lent),
        )
        receiver = _Receiver(self, number, self._reactor)
        null = os.open(os.devnull, os.O_RDONLY)
        descriptors: dict[int, Any] = {0: null, 1: "r", 2: "r", ORDERS: "w", REPORTS: "r"}
        descriptors[COUNTS] = self._table.descriptor
        descriptors |= {SOCKETS + place: found for place, (_, found, _) in enumerate(lent)}
        command = [sys.executable, "-P", "-m", MODULE, str(number), str(os.getpid())]
        paths = os.pathsep.join(filter(None, map(os.path.abspath, sys.path)))
        try:
            self._reactor.spawnProcess(
                receiver,
                sys.executable,
                command,
                env={**os.environ, "PYTHONPATH": paths},
                childFDs=descriptors,
            )
        except OSError as error:
            _log.error("receiver {number} not started: {error}", number=number, error=error)
            self._start_later(number)
            return
        finally:
            os.close(null)
        self._running[number] = receiver
        receiver.tell(begin)

    def _start_later(self, number: int) -> None:
        pause_s = self._pauses.get(number, _FIRST_PAUSE_S)
        self._pauses[number] = min(2 * pause_s, _LONGEST_PAUSE_S)
        self._waiting[number] = self._reactor.callLater(pause_s, self._start, number)

    def ready(self, number: int) -> None:
        """Leave its sockets to one that accepts now."""
        for listener in self._listeners:
            if listener.door == "smtp":
                listener.stand_back(number)

    def gone(self, receiver: _Receiver, how: str) -> None:
        """Take note that one has ended; start it again if that was not wanted."""
        number = receiver.number
        self._running.pop(number, None)
        # Its connections are gone with it
        self._table.forget(number)
        self.reported(number, None)
        if not self._ending:
            _log.error(
                "receiver {number} (PID {pid}) ended, {how}: it is started again",
                number=number,
                pid=receiver.pid,
                how=how,
            )
            if self._reactor.seconds() - receiver.begun >= _WELL_S:
                self._pauses.pop(number, None)
            for listener in self._listeners:
                if listener.door == "smtp":
                    listener.stand_in(number)
            self._start_later(number)
        elif not self._running:
            ended, self._ended = self._ended, []
            for deferred in ended:
                deferred.callback(None)

    def take(self, fresh: Settings) -> None:
        """Give them new settings, and the certificate that is loaded now."""
        self._settings = fresh
        material = self._tls.material
        if material is not None:
            self._tell(Take(fresh, material))

    def resume(self) -> None:
        """Let them accept again on sockets that were halted and listen again."""
        self._tell(Resume())

    def _tell(self, order: Order) -> None:
        for receiver in self._running.values():
            receiver.tell(order)

    def drain(self) -> None:
        """Let them end as the server does."""
        self._ending = True
        for waiting in self._waiting.values():
            waiting.cancel()
        self._waiting.clear()
        self._tell(Drain())
        for receiver in self._running.values():
            if not receiver.accepts:  # it has nothing to end, and is not listening yet
                receiver.kill()

    async def end(self) -> None:
        """Wait until all have ended after `drain`; who does not in time is killed."""
        try:
            await deadline(self._gone_all(), _GRACE_S, self._reactor)
        except TimeoutError:
            for receiver in self._running.values():
                _log.warn("receiver {number} does not end: killed", number=receiver.number)
                receiver.kill()
            await self._gone_all()

    def _gone_all(self) -> Deferred[None]:
        if not self._running:
            return succeed(None)
        ended: Deferred[None] = Deferred(self._ended.remove)
        self._ended.append(ended)
        return ended

    @property
    def pids(self) -> tuple[int, ...]:
        """Which processes they are."""
        return tuple(receiver.pid for receiver in self._running.values())


class _Receiver(ProcessProtocol):
    """One of them, seen from the server. Made by Receivers, ends with its process."""

    transport: Any

    def __init__(self, receivers: Receivers, number: int, reactor: Any) -> None:
        self.number = number
        self.begun: float = reactor.seconds()
        self._reactor = reactor
        self.pid = 0
        self.accepts = False
        self._receivers = receivers
        self._lines = b""
        self._reports = Orders()

    def connectionMade(self) -> None:
        """See ProcessProtocol."""
        self.pid = self.transport.pid
        with suppress(OSError):  # beyond what the system gives to a user: the usual size will do
            fcntl.fcntl(self.transport.pipes[1], fcntl.F_SETPIPE_SZ, _PIPE_OCTETS)

    def tell(self, order: Order) -> None:
        """Send an order; if it has just died its end will be told soon."""
        if ORDERS in self.transport.pipes:
            self.transport.writeToChild(ORDERS, written(order))

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(signal.SIGKILL)

    def childDataReceived(self, descriptor: int, data: bytes) -> None:
        """Hand on whole lines of its log, what it has counted, and its last words."""
        if descriptor == 1:
            data += self._all_of_now()
            whole, newline, self._lines = (self._lines + data).rpartition(b"\n")
            if newline:
                self._receivers.lines((whole + newline).decode("utf-8", "replace"))
            elif len(self._lines) > _LONGEST_LINE:
                self._lines = b""
        elif descriptor == REPORTS:
            for report in self._reports.read(data):
                if isinstance(report, Report):
                    self._receivers.reported(self.number, report)
                else:
                    self.accepts = True
                    self._receivers.ready(self.number)
        else:
            for line in data.decode("utf-8", "replace").splitlines():
                _log.warn("receiver {number}: {line}", number=self.number, line=line)

    def _all_of_now(self) -> bytes:
        """Read on to the end of what is there, then leave the pipe alone for a moment.

        Being woken for each line would cost as much as half a message.
        """
        pipe = self.transport.pipes[1]
        pipe.stopReading()
        self._reactor.callLater(_LINES_EACH_S, self._read_on)
        read = []
        with suppress(BlockingIOError):
            while octets := os.read(pipe.fileno(), _LONGEST_LINE):
                read.append(octets)
        return b"".join(read)

    def _read_on(self) -> None:
        pipe = self.transport.pipes.get(1)
        if pipe is not None:
            pipe.startReading()

    def processEnded(self, reason: Failure) -> None:
        """See ProcessProtocol."""
        self._receivers.gone(self, reason.getErrorMessage())


def _to_log(lines: str) -> None:
    """Log what is logged already, where twistd's own log takes only events."""
    for line in lines.splitlines():
        _log.info("{line}", line=line)


def _nobody(_number: int, _report: Report | None) -> None:
    """Nobody is told what they count."""
