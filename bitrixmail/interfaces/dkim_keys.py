"""Where the keys are kept that sign the mail of our domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitrixmail.model.dkim import DKIMKey


class IDKIMKeys(Interface):
    """The keys of domains. Domains are in A-labels, lower case.

    Every method raises StoreUnavailableError or StoreFullError when the disk or database fails.
    """

    async def keys(domain: str) -> tuple[DKIMKey, ...]:
        """Return all keys of a domain, the oldest first; none for one that is not ours.

        Cached; sees another process's changes within a second.
        """

    async def domains() -> frozenset[str]:
        """Return the domains that have keys. Cached as they are."""

    async def add(keys: Sequence[DKIMKey]) -> None:
        """Add keys. Raise NotFoundError (the domain), ExistsError (the selector): then none is."""

    async def change(keys: Sequence[DKIMKey]) -> None:
        """Write from when until when keys sign; those that are gone are passed over."""

    async def remove(keys: Sequence[DKIMKey]) -> None:
        """Remove keys; those that are gone are passed over."""
