"""What is remembered of the destinations of mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from datetime import datetime

    from bitrixmail.model.destination import Level, Security


class IDestinations(Interface):
    """How safely destinations were reached, and their MTA-STS policies. Domains in A-labels.

    Every method raises StoreUnavailableError or StoreFullError when the disk or database fails.
    """

    async def security(destination: str) -> Security | None:
        """Return what is remembered of a destination."""

    async def remember_level(destination: str, level: Level, at: datetime) -> None:
        """Remember at which level it was reached, in place of what was there."""

    async def keep_policy(destination: str, sts_id: str, policy: str, until: datetime) -> None:
        """Keep its MTA-STS policy, in place of the one before."""

    async def forget(before: datetime) -> None:
        """Forget destinations not reached since, whose policies are out of force as well."""
