"""The life of a process that receives mail beside the server's own.

It accepts on the server's sockets and takes each message all the way by itself. It ends when the
server says so, or is gone: then the pipe of its orders is closed. docs/decisions/0009.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure

from bitrixmail.app.listening.arrivals import arrivals_of
from bitrixmail.app.listening.listeners import Listener
from bitrixmail.app.machine.allocator import keep_little, settle
from bitrixmail.app.machine.polling import poll_directly
from bitrixmail.app.machine.steady import keep_steady
from bitrixmail.app.receiving.helping import WINDOW_S, Load
from bitrixmail.app.receiving.orders import (
    COUNTS,
    ORDERS,
    REPORTS,
    SOCKETS,
    Accept,
    Begin,
    Finish,
    Order,
    Orders,
    Ready,
    Report,
    Rest,
    Resume,
    Take,
    written,
)
from bitrixmail.app.receiving.reception import Reception, Share, receive
from bitrixmail.app.recurring.periodic import Periodic
from bitrixmail.app.settings.endpoints import parse_endpoint
from bitrixmail.app.settings.values import AUTO_PROCESSES
from bitrixmail.app.watching.logs import log_observer
from bitrixmail.link.proxied import Proxied
from bitrixmail.model.errors import SetupError
from bitrixmail.pipeline.shared_counts import SharedCounts, SharedTable
from bitrixmail.tasks import deadline, utcnow

# How long messages on their way in may take to end once the server is gone
_ALONE_S = 1.0
_REPORT_EACH_S = 1.0
_log = Logger()


class Receiver(Protocol):
    """The process's life, as the orders have it. Made by `run`, lives as long as the process."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._orders = Orders()
        self._reception: Reception | None = None
        self._listeners: list[Listener] = []
        self._periodic: list[Periodic] = []
        self._opened: Deferred[None] | None = None
        # What was last told, and the CPU time that its own start took
        self._load = Load()
        self._start = Load()
        self._open_now = False
        self._resting = False
        self._finishing = False
        self._ending = False

    def dataReceived(self, data: bytes) -> None:
        """Follow the orders."""
        for order in self._orders.read(data):
            if isinstance(order, Begin):
                self._begin(order)
            elif isinstance(order, Take):
                self._take(order)
            elif isinstance(order, Rest | Accept | Finish):
                self._finishing = isinstance(order, Finish)
                self._rest(resting=not isinstance(order, Accept))
            elif isinstance(order, Resume):
                for listener in self._listeners:
                    listener.resumed()
            else:
                self.end()

    def connectionLost(self, _reason: Failure | None = None) -> None:
        """End, since the server has."""
        self.end(alone=True)

    def _begin(self, order: Begin) -> None:
        settings, reactor = order.settings, self._reactor
        table = SharedTable(order.processes, COUNTS, order.key)
        share = Share(order.process, SharedCounts(table, order.process), order.processes)
        self._reception = reception = receive(settings, reactor, share)
        globalLogBeginner.beginLoggingTo(
            [log_observer(_Lines(), settings.log, reception.levels)], redirectStandardIO=False
        )
        reception.tls.take(order.material, utcnow(reactor))
        factory = Proxied(reception.smtp, reception.smtp, reception.maillog)
        for place, (text, family) in enumerate(zip(order.endpoints, order.families, strict=True)):
            listener = Listener(reactor, "smtp", parse_endpoint(text), factory)
            listener.adopt(SOCKETS + place, family)
            self._listeners.append(listener)
        self._periodic += reception.periodic(reactor)
        if reception.metrics is not None:
            reception.metrics.attend(reception.stores, reception.maillog, {"smtp": reception.smtp})
        if reception.metrics is not None or reception.maillog.tally is not None:
            self._periodic.append(Periodic(reactor, "report", _REPORT_EACH_S, self._report))
        if settings.server.processes == AUTO_PROCESSES:
            self._periodic.append(Periodic(reactor, "load", WINDOW_S, self._look))
        self._opened = Deferred.fromCoroutine(self._open(reception, order.process))
        self._opened.addErrback(self._failed)

    async def _open(self, reception: Reception, process: int) -> None:
        await reception.opening().open()
        if self._ending:
            return
        for listener in self._listeners:
            listener.open()
        self._open_now = True
        self._start = reception.load()
        self._rest(resting=self._resting)
        for periodic in self._periodic:
            periodic.begin()
        settle()
        _log.info("receiver {process} is ready", process=process)

    def _rest(self, *, resting: bool) -> None:
        """Accept no more, or again, and say so; before the store is open it is kept in mind."""
        self._resting = resting
        if self._ending or not self._open_now:
            return
        for listener in self._listeners:
            if resting:
                listener.rest()
            else:
                listener.accept()
        if not resting:
            self._tell(Ready())

    def _failed(self, failure: Failure) -> None:
        if isinstance(failure.value, SetupError):
            _log.critical("a receiver cannot start: {problem}", problem=failure.value.problem)
        else:
            _log.failure("a receiver cannot start", failure=failure)
        os._exit(os.EX_SOFTWARE)  # nothing was taken in; the server starts another one

    async def _report(self) -> None:
        if self._reception is not None:
            metrics, tally = self._reception.metrics, self._reception.maillog.tally
            report = Report(
                () if metrics is None else metrics.samples(),
                () if tally is None else tuple(tally.counts.items()),
                tuple(map(arrivals_of, self._listeners)),
            )
            self._tell(report)

    async def _look(self) -> None:
        """Say what was done here, if anything was since it was last said; end if that is due."""
        if self._reception is None:
            return
        load, before = self._reception.load() - self._start, self._load
        if (load.connections, load.messages) != (before.connections, before.messages):
            self._load = load
            self._tell(load)
        if self._finishing and not self._reception.smtp.open_now:
            self.end()

    def _tell(self, order: Order) -> None:
        if self.transport is not None:
            self.transport.write(written(order))

    def _take(self, order: Take) -> None:
        """Put new settings in force; the server has found them good."""
        if self._reception is None:
            return
        try:
            self._reception.tls.take(order.material, utcnow(self._reactor))
            self._reception.take(order.settings)
            _log.info("new settings are in force in a receiver")
        except SetupError as error:
            _log.error("settings not taken: {problem}", problem=error.problem)

    def end(self, *, alone: bool = False) -> None:
        """Accept no more, let messages end, end the process. May be called again."""
        if not self._ending:
            self._ending = True
            Deferred.fromCoroutine(self._end(alone)).addErrback(self._ended_badly)

    async def _end(self, alone: bool) -> None:
        for listener in self._listeners:
            await listener.close()
        reception = self._reception
        if reception is not None and self._opened is not None:
            await self._opened
            timeout_s = _ALONE_S if alone else reception.settings.server.drain_timeout
            try:
                await deadline(reception.smtp.drain(), timeout_s, self._reactor)
            except TimeoutError:
                _log.warn("connections cut after {timeout_s} s", timeout_s=timeout_s)
            reception.smtp.abort_all()
            for periodic in self._periodic:
                with suppress(AssertionError):
                    stopped = periodic.stopService()
                    if stopped is not None:
                        await stopped
            await reception.opening().close()
        self._reactor.stop()

    def _ended_badly(self, failure: Failure) -> None:
        _log.failure("a receiver ends badly", failure=failure)
        os._exit(os.EX_SOFTWARE)


class _Lines:
    """Writes the log to the server, line by line; if that is gone nobody reads it. Any thread."""

    def write(self, text: str) -> None:
        """See Stream."""
        octets = text.encode("utf-8", "replace")
        with suppress(BrokenPipeError):
            while octets:
                octets = octets[os.write(1, octets) :]

    def flush(self) -> None:
        """See Stream: nothing is kept back."""


def run(watching: Callable[[], None]) -> None:
    """Run until told to end; `watching` is called when this sees by itself that the server ends."""
    # A terminal sends both to all processes at once, and the server tells us what follows
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from twisted.internet import reactor as chosen  # noqa: PLC0415 - as late as twistd does

    reactor: Any = chosen
    keep_steady(reactor)
    poll_directly(reactor)
    keep_little()
    receiver = Receiver(reactor)

    def terminated(_number: int, _frame: FrameType | None) -> None:
        reactor.callFromThread(receiver.end)

    signal.signal(signal.SIGTERM, terminated)
    pipes: Any = StandardIO  # mypy takes it for that of Windows
    pipes(receiver, stdin=ORDERS, stdout=REPORTS, reactor=reactor)
    reactor.callWhenRunning(watching)
    reactor.run(installSignalHandlers=False)
