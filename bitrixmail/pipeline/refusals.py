"""What was refused, gathered per source and written to the event log once a minute.

An attacker who tries a million addresses costs a few rows, not a million.
"""

from __future__ import annotations

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.errors import MailError
from bitrixmail.model.limits import source_of
from bitrixmail.model.message import Event
from bitrixmail.model.reply import Reply
from bitrixmail.model.text import printable
from bitrixmail.tasks import utcnow

_log = Logger()
_MOST_SOURCES = 1000


@dataclass(slots=True)
class _Gathered:
    """The refusals of one source with one reply since the last writing."""

    sender: str
    recipient: str
    count: int = 0


class Refusals:
    """Gathers refusals. Made by the gate, emptied each minute and at the end by its service."""

    def __init__(self, messages: IMessageStore, clock: IReactorTime) -> None:
        self._messages = messages
        self._clock = clock
        self._gathered: dict[tuple[str, Reply], _Gathered] = {}
        self._overflow = 0

    def note(
        self, client: Client, sender: Address | None, recipient: Address | None, reply: Reply
    ) -> None:
        """Count one refusal; the first sender and recipient of a source stand for all of it."""
        key = (source_of(client.address), reply)
        found = self._gathered.get(key)
        if found is None:
            if len(self._gathered) >= _MOST_SOURCES:
                self._overflow += 1
                return
            found = self._gathered[key] = _Gathered(
                "" if sender is None else str(sender), "" if recipient is None else str(recipient)
            )
        found.count += 1

    async def write(self) -> None:
        """Write what was gathered; what can't be written now is dropped, it stands in the log."""
        gathered, self._gathered = self._gathered, {}
        overflow, self._overflow = self._overflow, 0
        now = utcnow(self._clock)
        events = [
            Event(now, "refused", "", found.recipient, _sentence(source, found, reply))
            for (source, reply), found in gathered.items()
        ]
        if overflow:
            text = f"{overflow} more refusals of further sources"
            events.append(Event(now, "refused", "", "", text))
        if not events:
            return
        try:
            await self._messages.record(events)
        except MailError as error:
            _log.warn("{count} refusals not noted: {error}", count=len(events), error=error)


def _sentence(source: str, found: _Gathered, reply: Reply) -> str:
    times = f", {found.count} times in this minute" if found.count > 1 else ""
    return printable(f"{reply} (from <{found.sender}> at {source}{times})", 500)
