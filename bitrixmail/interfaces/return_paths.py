"""Return paths that name the message and recipient for which they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitrixmail.model.address import Address
    from bitrixmail.model.job import Job
    from bitrixmail.model.queue import SentTo


class IReturnPaths(Interface):
    """Makes return paths for mail that goes out, and knows its own when something comes to them.

    The asynchronous ones raise StoreUnavailableError or StoreFullError.
    """

    def meant(address: Address) -> bool:
        """Tell whether an address looks like a return path of ours, forged or not. Asks nobody."""

    async def sent(address: Address) -> SentTo | None:
        """Return for what a return path was made; None if it is forged, too old or forgotten."""

    async def sender(jobs: Sequence[Job]) -> str:
        """Return the sender under which jobs of one message go out together."""
