"""The doctor's look soon after the start: what fails is written into the log.

In the background: the doors are open already. Everything heavy is imported in a thread.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from importlib import import_module
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from bitrixmail.app.daemon_threads import DaemonThreads
from bitrixmail.app.settings import Settings
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.model.finding import Severity

_DELAY_S = 5.0
_MOST_TOLD = 20
_OF_ROOT = ("firewall", "redirect")
_log = Logger()


class FirstLook(Service):
    """Looks once, some seconds after `begin`. Made by compose, lives as long as the server.

    `reactor` is the running one. The end of the service ends the look; `ended` fires then, too.
    """

    name = "first look"

    def __init__(
        self, settings: Settings, directory: IDirectory, reactor: Any, delay_s: float = _DELAY_S
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._reactor = reactor
        self._delay_s = delay_s
        self._threads = DaemonThreads(reactor)
        self._waiting: Any = None
        self.ended: Deferred[None] = Deferred()
        self._looking: Deferred[None] | None = None

    def begin(self) -> None:
        """Start waiting: the first clients come before."""
        self._waiting = self._reactor.callLater(self._delay_s, self._start)

    def _start(self) -> None:
        self._looking = Deferred.fromCoroutine(self._look()).addErrback(_failed)
        self._looking.chainDeferred(self.ended)

    async def _look(self) -> None:
        doctor = await self._threads.run(import_module, "bitrixmail.app.doctor")
        domains = [domain.name for domain in await self._directory.domains()]
        found = await doctor.first_findings(self._settings, domains, self._reactor, self._threads)
        failing = [finding for finding in found if finding.severity is Severity.FAILURE]
        for finding in failing[:_MOST_TOLD]:
            _log.warn(
                "{probe}: {subject}: {what}. {why}",
                probe=finding.probe,
                subject=finding.subject,
                what=finding.what,
                why=finding.why,
            )
        if failing:
            _log.warn(
                "faults around this server: {count}; `bitrixmail doctor` tells what to do",
                count=len(failing),
            )
        if any(each.probe in _OF_ROOT and "could not be read" in each.what for each in found):
            _log.info(
                "the rules of the firewall can't be read without root's rights:"
                " `bitrixmail doctor` as root sees more"
            )

    def stopService(self) -> Deferred[None] | None:
        """Look no further; fires when the sockets of the look are closed."""
        super().stopService()
        if self._waiting is not None and self._waiting.active():
            self._waiting.cancel()
        if self._looking is None:
            return None
        self._looking.cancel()
        return self.ended


def _failed(failure: Failure) -> None:
    """Log a bug: nobody else waits for the look. Its end with the server is none."""
    if not isinstance(failure.value, CancelledError):
        _log.failure("the look at the surroundings failed", failure=failure)
