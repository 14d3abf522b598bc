"""The records of domains as the DNS has them: what the last look found, and a look anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bitrixmail.admin.office import Office
from bitrixmail.admin.zones import Checked, RecordState
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import Call, Operation, Raw


@dataclass(frozen=True, slots=True)
class RecordFound:
    """A record and what was found of it. `line` is what a zone file has; empty: none is wanted.

    `severity` null: nobody has looked since the start.
    """

    line: str
    severity: Severity | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ZoneState:
    """The records of a domain, and when the DNS was asked last."""

    domain: str
    at: datetime | None
    records: tuple[RecordFound, ...]


class ZonesOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._accounts = office.accounts
        self._zones = office.zones

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, one = Right.SEE, "/domains/{name}"
        yield Operation("GET", f"{one}/zone", self.zone, see, str, gives="text/plain")
        yield Operation("GET", f"{one}/check", self.last, see, ZoneState)
        yield Operation("POST", f"{one}/check", self.check, Right.HANDLE, ZoneState)

    async def zone(self, call: Call) -> Raw:
        """Give the lines of the zone, to be copied."""
        domain = await self._accounts.domain(call.parts["name"])
        return Raw((await self._zones.zone(domain.name)).encode(), "text/plain; charset=utf-8")

    async def last(self, call: Call) -> ZoneState:
        """Tell what the last look at the records of a domain found."""
        domain = await self._accounts.domain(call.parts["name"])
        return await self._state(domain.name)

    async def check(self, call: Call) -> ZoneState:
        """Ask the DNS anew; it may take half a minute.

        Keys of DKIM that are found there sign from now on.
        """
        domain = await self._accounts.domain(call.parts["name"])
        _, begun = await self._zones.check(domain.name)
        if begun:
            await call.record("dkim.sign", domain.name, ", ".join(begun))
        return await self._state(domain.name)

    async def _state(self, name: str) -> ZoneState:
        last: Checked | None = self._zones.last(name)
        states = await self._zones.states(name)
        return ZoneState(name, None if last is None else last.at, tuple(map(_found, states)))


def _found(state: RecordState) -> RecordFound:
    line = "" if state.record is None else state.record.line
    return RecordFound(line, state.severity, state.findings)
