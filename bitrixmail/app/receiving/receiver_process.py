"""One process that receives mail beside the server's own, as the server sees it.

docs/decisions/0009.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from bitrixmail.app.receiving.helping import Load
from bitrixmail.app.receiving.orders import (
    ORDERS,
    REPORTS,
    Accept,
    Drain,
    Order,
    Orders,
    Report,
    written,
)

if TYPE_CHECKING:
    from bitrixmail.app.receiving.receivers import Receivers

# Beyond the time that its sessions are given, a receiver has so long for its last commit
GRACE_S = 3.0
_LONGEST_LINE = 1024 * 1024
# What a receiver has logged is taken so often; until then it lies in the pipe
_LINES_EACH_S = 0.02
_PIPE_OCTETS = 1024 * 1024
_log = Logger()


class ReceiverProcess(ProcessProtocol):
    """One of them, seen from the server. Made by Receivers, ends with its process."""

    transport: Any

    def __init__(self, receivers: Receivers, number: int, reactor: Any) -> None:
        self.number = number
        self.begun: float = reactor.seconds()
        self._reactor = reactor
        self.pid = 0
        self._opened = False
        # It was told to end; and how it is hurried if it does not
        self.was_let_go = False
        self._hurry: IDelayedCall | None = None
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

    def stay(self) -> None:
        """Let it accept, whatever it was told before."""
        self._hurry_no_more()
        self.tell(Accept())

    def let_go(self, farewell_s: float, drain_s: float) -> None:
        """See that it ends, which it was told: after `farewell_s` its connections are drained."""
        self.was_let_go = True
        self.end_unopened()
        self._hurry_no_more()
        self._hurry = self._reactor.callLater(farewell_s, self._drain, drain_s + GRACE_S)

    def _drain(self, within_s: float) -> None:
        self.tell(Drain())
        self._hurry = self._reactor.callLater(within_s, self.kill)

    def _hurry_no_more(self) -> None:
        hurry, self._hurry = self._hurry, None
        if hurry is not None and hurry.active():
            hurry.cancel()

    def end_unopened(self) -> None:
        """End it at once if it has nothing to end: it is not listening yet."""
        if not self._opened:
            self.kill()

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
                elif isinstance(report, Load):
                    self._receivers.loaded(self.number, report)
                else:
                    self._opened = True
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
        self._hurry_no_more()
        self._receivers.gone(self, reason.getErrorMessage())
