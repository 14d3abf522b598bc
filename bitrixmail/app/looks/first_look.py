"""The doctor's look soon after the start: what fails is written into the log.

In the background: the doors are open already. Everything heavy is imported in a thread.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from bitrixmail.app.looks.looking import Looking
from bitrixmail.app.machine.daemon_threads import DaemonThreads
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.model.finding import Finding, Severity

_DELAY_S = 5.0
_MOST_TOLD = 20
_OF_ROOT = ("firewall", "redirect")
_log = Logger()


class FirstLook(Looking):
    """Looks once, some seconds after `begin`: the first clients come before. See Looking.

    `reactor` is the running one. `ended` fires behind the look, also if it was cut.
    """

    name = "first look"

    def __init__(
        self, settings: Settings, directory: IDirectory, reactor: Any, delay_s: float = _DELAY_S
    ) -> None:
        super().__init__(reactor, delay_s)
        self._settings = settings
        self._directory = directory
        self._reactor = reactor
        self._threads = DaemonThreads(reactor)
        self.ended: Deferred[None] = Deferred()
        self.found: Callable[[tuple[Finding, ...]], None] = _nobody

    async def look(self) -> None:
        """See Looking."""
        try:
            await self._look()
        finally:
            self.ended.callback(None)

    async def _look(self) -> None:
        doctor = await self._threads.run(import_module, "bitrixmail.app.looks.doctor")
        domains = [domain.name for domain in await self._directory.domains()]
        found = await doctor.first_findings(self._settings, domains, self._reactor, self._threads)
        self.found(found)
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


def _nobody(_findings: tuple[Finding, ...]) -> None:
    """Nobody is told but the log."""
