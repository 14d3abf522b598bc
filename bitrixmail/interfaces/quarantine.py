"""The quarantines of all mailboxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bitrixmail.model.quarantine import Held, Release


class IQuarantine(Interface):
    """Messages in the folder Quarantine of their mailbox.

    Every method raises StoreUnavailableError or StoreFullError when the disk or database fails.
    """

    async def listing(
        mailbox: str, queue_id: str, limit: int, behind: tuple[datetime, int] | None = None
    ) -> tuple[Held, ...]:
        """List what is held, the newest first, of a mailbox and of a message; empty: of all.

        `behind`: only what comes after that one, which is given by `received` and `place_id`.
        """

    async def release(releases: Sequence[Release]) -> int:
        """Let messages go, with their jobs in the same commit; return how many were still held."""

    async def delete(place_ids: Sequence[int]) -> int:
        """Remove messages for good, those that are still held; return how many."""

    async def told(whose: Mapping[int, datetime]) -> None:
        """Note up to when mailboxes were told of what came into their quarantine."""

    async def last_told() -> dict[int, datetime]:
        """Read that; for 0 it is when all were last looked through."""
