"""What went wrong last with a mailbox: a login that was refused, or mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bitrixmail.interfaces.event_log import IEventLog
from bitrixmail.model.directory import RefusedLogin

# Of each mailbox so many entries of the log are looked at: a refusal before them is history
_BREADTH = 300


@dataclass(frozen=True, slots=True)
class Trouble:
    """It happened at that time.

    `peer`: who came from there was not let in; empty: mail was refused, and `text` says why.
    """

    at: datetime
    peer: str = ""
    text: str = ""


class MailboxTroubles:
    """Made by who composes a face, lives as long as it.

    `refused` tells of the last login that was refused, as far as a running server knows.
    """

    def __init__(self, log: IEventLog, refused: Callable[[str], RefusedLogin | None]) -> None:
        self._log = log
        self._refused = refused

    async def of(self, addresses: Sequence[str]) -> Mapping[str, Trouble]:
        """Return the last one of each address that had any; give some hundred at a time."""
        mail = await self._log.last_of("refused", addresses, _BREADTH)
        found = {address: Trouble(event.at, text=event.text) for address, event in mail.items()}
        for address in addresses:
            login, other = self._refused(address), found.get(address)
            if login is not None and (other is None or other.at < login.at):
                found[address] = Trouble(login.at, peer=login.peer)
        return found
