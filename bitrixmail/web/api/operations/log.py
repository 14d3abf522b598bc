"""The event log: what happened, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bitrixmail.admin.event_log import Asked, EventLog
from bitrixmail.admin.office import Office
from bitrixmail.model.event_log import Entry
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import Call, Operation, Paged, Sliced, Text
from bitrixmail.web.api.paging import number_in
from bitrixmail.web.visit import zone_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery(Paged):
    """What of it. `what`: an id of a message, an address, or a part of what is told.

    `before` is a day or a moment, "2026-01-31 14:00", in the zone.
    """

    what: Text = ""
    kind: Annotated[str, Field(max_length=40)] = ""
    before: Annotated[str, Field(max_length=40)] = ""
    zone: Annotated[str, Field(max_length=64)] = ""


class LogOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._log: EventLog = office.event_log

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        yield Operation("GET", "/log", self.read, Right.SEE, Entry, LogQuery, listed=True)

    async def read(self, call: Call) -> Sliced:
        """Read the event log, newest first.

        It takes a bounded time: a page may have fewer than `limit`, or none, and yet a next one.
        At most 500 come at once.
        """
        query: LogQuery = call.query
        asked = Asked(query.what, query.kind, query.before)
        below = number_in(query.cursor)
        told = await self._log.read(asked, zone_of(query.zone), below, query.limit)
        return Sliced(told.entries, str(told.next) if told.next else None)
