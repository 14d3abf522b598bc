"""Receivers on demand: what all processes do is watched, and the receivers are told what follows.

docs/decisions/0021.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

from bitrixmail.app.receiving.helping import WINDOW_S, Helping, Load, Step, Thresholds
from bitrixmail.app.receiving.receivers import Receivers
from bitrixmail.app.receiving.reception import Reception
from bitrixmail.app.recurring.periodic import Periodic

# Of the server's part of the connections: from here on it needs those of the others
_CROWDED_PERCENT = 70
THRESHOLDS = Thresholds()
_log = Logger()


class OnDemand:
    """Carries out what Helping says. Made by compose, lives as long as the server.

    `most` returns how many connections the SMTP door may have in all, 0: no limit.
    """

    def __init__(
        self, reactor: Any, receivers: Receivers, reception: Reception, most: Callable[[], int]
    ) -> None:
        self._reactor = reactor
        self._receivers = receivers
        self._reception = reception
        self._most = most
        self._helping = Helping(THRESHOLDS)
        # What receivers have done, also those that are gone; and each of those that run, by number
        self._theirs = Load()
        self._last: dict[int, Load] = {}
        receivers.loaded = self._loaded

    def _loaded(self, number: int, load: Load | None) -> None:
        """Take what a receiver has done by now; None: it is gone."""
        if load is None:
            self._last.pop(number, None)
            return
        self._theirs += load - self._last.get(number, Load())
        self._last[number] = load

    async def look(self) -> None:
        """Judge what was done since the last look, and act on it."""
        crowded = self._crowded()
        step = self._helping.look(
            self._reactor.seconds(), self._reception.load() + self._theirs, crowded=crowded
        )
        if step is Step.HELP:
            self._help()
        elif step is Step.REST:
            self._receivers.rest()
            _log.debug("receivers rest: connections bring a message or two each")
        elif step is Step.END:
            _log.info(
                "receivers end: {why}",
                why="the connections that are their part are needed here"
                if crowded
                else "there was too little for them to do",
            )
            self._receivers.finish(at_once=crowded)

    def _help(self) -> None:
        running = self._receivers.pids
        self._receivers.help()
        if running:
            _log.debug("receivers accept again: connections are kept")
        else:
            _log.info(
                "receivers start, {count} beside this process: it used {percent} % of a core for"
                " {rate} messages a second over connections that are kept",
                count=self._receivers.most,
                percent=round(100 * self._helping.share),
                rate=round(self._helping.rate),
            )

    def _crowded(self) -> bool:
        part = self._most() // (self._receivers.most + 1)
        return 0 < _CROWDED_PERCENT * part <= 100 * len(self._reception.smtp.crowd)


def watch(reactor: Any, reception: Reception, receivers: Receivers) -> Periodic:
    """Return what watches, and begins with the other periodic work."""
    receivers.divided = reception.divide
    watched = OnDemand(reactor, receivers, reception, lambda: receivers.settings.smtp.connections)
    return Periodic(reactor, "receivers on demand", WINDOW_S, watched.look)
