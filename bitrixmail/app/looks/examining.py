"""The doctor in the running server: see IExaminer."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.app.machine.daemon_threads import DaemonThreads
from bitrixmail.app.settings.tree import Settings
from bitrixmail.interfaces.examiner import IExaminer
from bitrixmail.model.finding import Examination, Finding
from bitrixmail.store.opening import Stores
from bitrixmail.tasks import utcnow

_log = Logger()


@implementer(IExaminer)
class Examiner(Service):
    """See IExaminer. Made by the web room, lives as long as the server; its end cuts a look.

    `settings` returns those in force, `command` is how the command line is called with them.
    """

    name = "examiner"

    def __init__(
        self, settings: Callable[[], Settings], stores: Stores, reactor: Any, command: str
    ) -> None:
        self._settings = settings
        self._stores = stores
        self._reactor = reactor
        self._command = command
        self._threads = DaemonThreads(reactor)
        self._latest = Examination()
        self._under_way: Deferred[None] | None = None

    def begin(self) -> bool:
        """See IExaminer."""
        if self._latest.running:
            return False
        self._latest = Examination(utcnow(self._reactor), findings=self._latest.findings)
        self._under_way = Deferred.fromCoroutine(self._look()).addErrback(_cut)
        return True

    def latest(self) -> Examination:
        """See IExaminer."""
        return self._latest

    def keep(self, findings: tuple[Finding, ...]) -> None:
        """Keep what was found at the start of the server, where nobody has looked himself."""
        if self._latest.begun is None:
            now = utcnow(self._reactor)
            typed = self._typed(findings)
            self._latest = Examination(now, now, findings=typed, whole=False)

    async def _look(self) -> None:
        findings, broken = self._latest.findings, True
        try:
            findings = self._typed(await self._found())
            broken = False
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a bug, or a store that is away: who looks is told
            _log.failure("the examination failed")
        finally:
            now = utcnow(self._reactor)
            self._latest = replace(self._latest, ended=now, findings=findings, broken=broken)

    async def _found(self) -> tuple[Finding, ...]:
        doctor = await self._threads.run(import_module, "bitrixmail.app.looks.doctor")
        stores = self._stores
        keys = {
            domain.name: await stores.dkim_keys.keys(domain.name)
            for domain in await stores.directory.domains()
        }
        found: tuple[Finding, ...] = await doctor.whole_findings(
            self._settings(), keys, self._reactor, self._threads, self._progress
        )
        return found

    def _progress(self, probe: str, done: int, total: int) -> None:
        self._latest = replace(self._latest, probe=probe, done=done, total=total)

    def _typed(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        told: tuple[Finding, ...] = import_module("bitrixmail.app.looks.doctor").told(
            findings, self._command
        )
        return told

    def stopService(self) -> Deferred[None] | None:
        """Look no further."""
        super().stopService()
        if self._under_way is not None:
            self._under_way.cancel()
        return self._under_way


def _cut(failure: Failure) -> None:
    """Take the end of a look that the end of the server has cut."""
    failure.trap(CancelledError)
