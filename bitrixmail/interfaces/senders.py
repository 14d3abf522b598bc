"""Senders let in or kept out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bitrixmail.model.sender_list import SenderEntry


class ISenderLists(Interface):
    """The lists. Addresses are keys, see `Address.key`.

    Every method raises StoreUnavailableError or StoreFullError when the database fails.
    """

    idle: bool = Attribute("whether it is known that nobody is listed")

    async def find(
        mailboxes: Sequence[str], senders: Sequence[str], now: datetime
    ) -> tuple[SenderEntry | None, ...]:
        """Return for each mailbox the entry that decides about these senders, None if none does.

        What a mailbox says goes before what its domain says, that before what all say; an address
        before its domain; and of two that are alike the one that keeps out.
        """

    async def put(entry: SenderEntry) -> None:
        """Add an entry, in the place of one for the same."""

    async def remove(whose: str, address: str) -> bool:
        """Remove an entry; tell whether there was one."""

    async def listing(whose: str | None) -> tuple[SenderEntry, ...]:
        """List entries, of one of those it is about or of all, also those that hold no more."""

    async def forget(now: datetime) -> int:
        """Remove the entries that hold no more; return how many."""
