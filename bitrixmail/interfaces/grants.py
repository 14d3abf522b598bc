"""As whom else a mailbox may send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from bitrixmail.model.directory import Grant


class IGrants(Interface):
    """The grants of mailboxes. Mailboxes are named by `Address.key`.

    Every method raises StoreUnavailableError or StoreFullError when the database fails.
    """

    async def of(mailbox: str) -> frozenset[str]:
        """Return what a mailbox was granted; nothing for one that is not there.

        Cached; sees another process's changes within a second.
        """

    async def listing() -> tuple[Grant, ...]:
        """List all grants, by mailbox and address."""

    async def add(grant: Grant) -> bool:
        """Add a grant; tell whether it is new.

        Raise NotFoundError (the mailbox), InputError (it has too many).
        """

    async def remove(grant: Grant) -> None:
        """Remove a grant. Raise NotFoundError."""
