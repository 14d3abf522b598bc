"""Probes around a function: what blocks and goes to a thread, what asks, what is known already."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from zope.interface import implementer

from bitrixmail.interfaces.probe import IProbe
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.finding import Finding

Look = Callable[[], tuple[Finding, ...]]
AskedLook = Callable[[], Coroutine[Any, Any, tuple[Finding, ...]]]


@implementer(IProbe)
class BlockingProbe:
    """Looks in a thread, because the look blocks. Made by app.doctor for one examination."""

    def __init__(self, name: str, look: Look, threads: IThreads) -> None:
        self.name = name
        self._look = look
        self._threads = threads

    async def probe(self) -> tuple[Finding, ...]:
        """See IProbe."""
        return await self._threads.run(self._look)


@implementer(IProbe)
class AskingProbe:
    """Looks by asking others, and waits for them. Made by app.doctor for one examination."""

    def __init__(self, name: str, look: AskedLook) -> None:
        self.name = name
        self._look = look

    async def probe(self) -> tuple[Finding, ...]:
        """See IProbe."""
        return await self._look()


@implementer(IProbe)
class KnownProbe:
    """Tells what was found on the way to the examination. Made by app.doctor for one."""

    def __init__(self, *findings: Finding) -> None:
        self.name = findings[0].probe
        self._findings = findings

    async def probe(self) -> tuple[Finding, ...]:
        """See IProbe."""
        return self._findings
