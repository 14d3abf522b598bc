"""Senders of mail that rules pass on to other hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from bitrixmail.model.address import Address


class IRewriting(Interface):
    """Makes senders of ours for mail that is passed on, and knows its own when a bounce comes.

    The asynchronous ones raise StoreUnavailableError if there is no key.
    """

    def meant(address: Address) -> bool:
        """Tell whether an address looks like such a sender, forged or not. Asks nobody."""

    async def original(address: Address) -> Address | None:
        """Return for whom it was made; None if it is forged or too old."""

    async def rewritten(sender: Address, domain: str) -> Address | None:
        """Return a sender of our `domain` for mail of another; None if it would be too long."""
