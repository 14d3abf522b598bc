"""The processes that receive mail beside the server's own: started, told, watched and ended by it.

docs/decisions/0009.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from bitrixmail.app.listening.listeners import Listener
from bitrixmail.app.receiving.helping import Load
from bitrixmail.app.receiving.orders import (
    COUNTS,
    MODULE,
    ORDERS,
    REPORTS,
    SOCKETS,
    Begin,
    Drain,
    Finish,
    Order,
    Report,
    Rest,
    Resume,
    Take,
)
from bitrixmail.app.receiving.receiver_process import GRACE_S, ReceiverProcess
from bitrixmail.app.settings.tree import Settings
from bitrixmail.app.settings.values import AUTO_PROCESSES
from bitrixmail.net.tls import ServerTLS
from bitrixmail.pipeline.shared_counts import SharedTable
from bitrixmail.tasks import deadline

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
# Who lived for so long has started well: the next pause is a short one again
_WELL_S = 60.0
# Connections of one that is no more needed may last so long by themselves
_FAREWELL_S = 300.0
_log = Logger()


class Receivers(Service):
    """All of them. Made by compose if there may be any, lives as long as the server.

    They run all the time, or on demand: between `help` and `finish`. `lines` takes what they have
    logged: whole lines, ready to be written. `reported` hears what one of them has counted,
    `loaded` what it has done, None when it is gone. `divided` hears among how many processes the
    connections are divided from now on, where that changes.
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
        self.settings = settings
        self._on_demand = settings.server.processes == AUTO_PROCESSES
        self._table = table
        self._tls = tls
        self._listeners = listeners
        self._running: dict[int, ReceiverProcess] = {}
        self._pauses: dict[int, float] = {}
        self._waiting: dict[int, IDelayedCall] = {}
        # Whether they are to accept
        self._wanted = False
        self._ending = False
        self._ended: list[Deferred[None]] = []
        self.lines: Callable[[str], None] = _to_log
        self.reported: Callable[[int, Report | None], None] = _nobody
        self.loaded: Callable[[int, Load | None], None] = _nobody
        self.divided: Callable[[Settings, int], None] = _undivided

    def begin(self) -> None:
        """Start them, if they run all the time; the store is open, the certificate loaded."""
        if not self._on_demand:
            self.help()

    @property
    def most(self) -> int:
        """How many there may be."""
        return self._table.rows - 1

    def help(self) -> None:
        """Let all accept; those that do not run are started."""
        if self._ending:
            return
        self._wanted = True
        if self._on_demand:
            self.divided(self.settings, self._table.rows)
        for number in range(1, self._table.rows):
            receiver = self._running.get(number)
            if receiver is not None:
                receiver.stay()
            elif number not in self._waiting:
                self._start(number)

    def rest(self) -> None:
        """Let none accept; they keep the connections that they have, the server takes new ones."""
        if not self._ending:
            self._let_go(Rest())

    def finish(self, *, at_once: bool = False) -> None:
        """Let each end with its last connection; the server stands in for them.

        After some minutes, or `at_once`, in the way in which they end with the server.
        """
        if self._ending:
            return
        self._let_go(Finish())
        for receiver in self._running.values():
            receiver.let_go(0.0 if at_once else _FAREWELL_S, self.settings.server.drain_timeout)

    def _let_go(self, order: Order) -> None:
        self._wanted = False
        self._start_none()
        for number in self._running:
            self._stand_in(number)
        self._tell(order)

    def _stand_in(self, number: int) -> None:
        for listener in self._listeners:
            if listener.door == "smtp":
                listener.stand_in(number)

    def _start_none(self) -> None:
        for waiting in self._waiting.values():
            waiting.cancel()
        self._waiting.clear()

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
            settings=self.settings,
            process=number,
            processes=self._table.rows,
            key=self._table.key,
            material=material,
            families=tuple(family for _, _, family in lent),
            endpoints=tuple(listener.endpoint.text for listener, _, _ in lent),
        )
        receiver = ReceiverProcess(self, number, self._reactor)
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
        """Leave its sockets to one that accepts now; it may have been told to rest meanwhile."""
        if not self._wanted:
            return
        for listener in self._listeners:
            if listener.door == "smtp":
                listener.stand_back(number)

    def gone(self, receiver: ReceiverProcess, how: str) -> None:
        """Take note that one has ended; start it again if that was not wanted."""
        number = receiver.number
        self._running.pop(number, None)
        # Its connections are gone with it
        self._table.forget(number)
        self.reported(number, None)
        self.loaded(number, None)
        if not self._ending:
            self._stand_in(number)
            self._replace(receiver, how)
        elif not self._running:
            ended, self._ended = self._ended, []
            for deferred in ended:
                deferred.callback(None)

    def _replace(self, receiver: ReceiverProcess, how: str) -> None:
        """Start one in the place of another that has ended, if it is wanted."""
        number = receiver.number
        if receiver.was_let_go:
            _log.info("receiver {number} has ended, {how}", number=number, how=how)
            if self._wanted:
                self._start(number)
        else:
            _log.error(
                "receiver {number} (PID {pid}) ended, {how}: it is started again{when}",
                number=number,
                pid=receiver.pid,
                how=how,
                when="" if self._wanted else " when it is of help",
            )
            if self._reactor.seconds() - receiver.begun >= _WELL_S:
                self._pauses.pop(number, None)
            if self._wanted:
                self._start_later(number)
        if self._on_demand and not self._wanted and not self._running:
            self.divided(self.settings, 1)

    def take(self, fresh: Settings) -> None:
        """Give them new settings, and the certificate that is loaded now."""
        self.settings = fresh
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
        self._start_none()
        self._tell(Drain())
        for receiver in self._running.values():
            receiver.end_unopened()

    async def end(self) -> None:
        """Wait until all have ended after `drain`; who does not in time is killed."""
        try:
            await deadline(self._gone_all(), GRACE_S, self._reactor)
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


def _to_log(lines: str) -> None:
    """Log what is logged already, where twistd's own log takes only events."""
    for line in lines.splitlines():
        _log.info("{line}", line=line)


def _nobody(_number: int, _report: Report | Load | None) -> None:
    """Nobody is told what they count."""


def _undivided(_settings: Settings, _parts: int) -> None:
    """Each has its part all the time."""
