"""The event log read backwards, by what somebody wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bitrixmail.model.event_log import Stretch, Wanted
    from bitrixmail.model.message import Event


class IEventLog(Interface):
    """What happened: messages, refusals, jobs. Raises StoreUnavailableError."""

    async def read(wanted: Wanted, below: int, limit: int, breadth: int) -> Stretch:
        """Look at `breadth` entries below a number (0: from the newest) for `limit` wanted ones."""

    async def last_of(kind: str, addresses: Sequence[str], breadth: int) -> Mapping[str, Event]:
        """Return the last event of a kind that each address had, among its last `breadth` ones."""
