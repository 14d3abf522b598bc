"""The running server: its listeners, process, figures over time, and the doctor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from pydantic import ConfigDict

from bitrixmail.admin.listeners import deed_of
from bitrixmail.admin.upkeep import Upkeep
from bitrixmail.model.finding import Examination
from bitrixmail.model.house import Listening, LogLine, Reloaded, Samples, Vitals
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged


class Span(StrEnum):
    """How far back."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class HowFar:
    """Which figures: of the last hour by the minute, or of the last day in coarser steps."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    span: Span = Span.HOUR


@dataclass(frozen=True, slots=True)
class Begun:
    """Whether a look of the doctor's begins now; false: one is on its way already."""

    begun: bool


class RunningOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, upkeep: Upkeep) -> None:
        self._house = upkeep.house
        self._listeners = upkeep.listeners
        self._examiner = upkeep.examiner

    def operations(self) -> Iterator[Operation]:
        """Yield them. The name of a listener at a local socket has slashes."""
        see, govern = Right.SEE, Right.GOVERN
        yield Operation(
            "GET", "/listeners", self.listing, see, Listening, Paged, listed=True,
            key=lambda each: each.name,
        )  # fmt: skip
        one = "/listeners/{name}"
        yield Operation("GET", one, self.find, see, Listening, slashes=True)
        for do in (self.stop, self.start, self.restart):
            path = f"{one}/{do.__name__}"
            yield Operation("POST", path, do, govern, Listening, slashes=True)
        yield Operation("GET", "/server/vitals", self.vitals, see, Vitals)
        yield Operation("POST", "/server/reload", self.reload, govern, Reloaded)
        yield Operation("GET", "/server/figures", self.figures, see, Samples, HowFar)
        yield Operation("GET", "/server/totals", self.totals, see, dict[str, int])
        yield Operation("GET", "/server/troubles", self.troubles, see, tuple[LogLine, ...])
        yield Operation("GET", "/doctor", self.look, see, Examination)
        yield Operation("POST", "/doctor", self.examine, Right.HANDLE, Begun)

    async def listing(self, call: Call) -> tuple[Listening, ...]:  # noqa: ARG002 - as all are called
        """List the listeners, each with its state, and why it could not listen."""
        return await self._listeners.listing()

    async def find(self, call: Call) -> Listening:
        """Tell of a listener."""
        return await self._listeners.find(call.parts["name"])

    async def stop(self, call: Call) -> Listening:
        """Let a listener refuse connections; sessions that are open go on."""
        return await self._told(call, await self._listeners.stop(call.parts["name"]), "stop")

    async def start(self, call: Call) -> Listening:
        """Let a listener accept again; its state tells whether it does."""
        return await self._told(call, await self._listeners.start(call.parts["name"]), "start")

    async def restart(self, call: Call) -> Listening:
        """Stop a listener and start it again."""
        return await self._told(call, await self._listeners.restart(call.parts["name"]), "restart")

    async def _told(self, call: Call, found: Listening, what: str) -> Listening:
        await call.record(deed_of(found, what), found.name, found.problem or found.state.value)
        return found

    async def vitals(self, call: Call) -> Vitals:  # noqa: ARG002 - as all are called
        """Tell of version, processes, disk, certificate, and of settings that wait for a start."""
        return await self._house.vitals()

    async def reload(self, call: Call) -> Reloaded:
        """Read the settings anew; with `faults` the old ones stay in force."""
        reloaded = self._house.reload()
        detail = "; ".join(map(str, reloaded.faults)) or ", ".join(reloaded.changed)
        await call.record("settings.reload", "", detail)
        return reloaded

    async def figures(self, call: Call) -> Samples:
        """Give what was received, refused, sent and so on in equal steps of time."""
        return self._house.history(call.query.span.value)

    async def totals(self, call: Call) -> dict[str, int]:  # noqa: ARG002 - as all are called
        """Give what was counted since the start."""
        return self._house.totals()

    async def troubles(self, call: Call) -> tuple[LogLine, ...]:  # noqa: ARG002 - as all are called
        """Give the last warnings and errors of the log, the newest first."""
        return self._house.troubles()

    async def look(self, call: Call) -> Examination:  # noqa: ARG002 - as all are called
        """Give the doctor's last look, or how far the one on its way has come."""
        return self._examiner.latest()

    async def examine(self, call: Call) -> Begun:
        """Have the doctor look; it goes on by itself."""
        begun = self._examiner.begin()
        if begun:
            await call.record("doctor.run")
        return Begun(begun)
