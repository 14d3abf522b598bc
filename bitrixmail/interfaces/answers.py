"""What rules have answered and told by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from datetime import datetime

    from bitrixmail.model.answer import Noticed


class IAnswers(Interface):
    """Remembers whom rules have answered, and how many notices they have sent.

    Addresses are keys, see `Address.key`. Every method raises StoreUnavailableError or
    StoreFullError when the database fails.
    """

    async def answered(mailbox: str, rule: str, sender: str, now: datetime) -> datetime | None:
        """Return when a rule answered a sender, if he is not to be answered again yet."""

    async def count(mailbox: str, since: datetime) -> int:
        """Count whom the rules of a mailbox have answered since then."""

    async def note(mailbox: str, rule: str, sender: str, at: datetime, until: datetime) -> None:
        """Remember an answer; he is not to be answered again before `until`."""

    async def may_tell(
        mailbox: str, rule: str, target: str, most: int, now: datetime
    ) -> int | None:
        """Count one notice in: return how many are owed beside it, for it to say so.

        None: there were `most` within an hour; this one is owed now.
        """

    async def owed(now: datetime) -> tuple[Noticed, ...]:
        """Return whose hour is over while notices are owed."""

    async def told(noticed: Noticed, now: datetime) -> None:
        """Note that what was owed is told, at `now`, by one notice."""

    async def forget(now: datetime) -> int:
        """Remove what bears on nothing any more; return how many."""
