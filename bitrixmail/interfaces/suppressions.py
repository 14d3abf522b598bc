"""Addresses that nothing is sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from datetime import datetime

    from bitrixmail.model.suppression import Suppressed


class ISuppressions(Interface):
    """The suppression list. Addresses are keys, see `Address.key`.

    Every method raises StoreUnavailableError or StoreFullError when the database fails.
    """

    async def find(address: str, now: datetime) -> Suppressed | None:
        """Return the entry of an address that holds now; None if there is none."""

    async def add(entry: Suppressed) -> None:
        """Add an entry, in the place of an older one of that address."""

    async def remove(address: str) -> bool:
        """Remove the entry of an address; tell whether there was one."""

    async def listing(limit: int, after: str) -> tuple[Suppressed, ...]:
        """List entries by address, those behind `after`, also those that hold no more."""

    async def forget(now: datetime) -> int:
        """Remove the entries that hold no more; return how many."""
