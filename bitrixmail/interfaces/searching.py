"""Stored messages found by what they are, and changed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitrixmail.model.job import NewJob
    from bitrixmail.model.searching import Change, Hit, Key, Sought, View, Window


class ISearching(Interface):
    """The search over all mailboxes, and what is done with what it finds.

    Messages are found once they are read in, which `read_in` does behind their commit. Every method
    raises StoreUnavailableError or StoreFullError when the disk or database fails.
    """

    async def read_in(limit: int) -> int:
        """Read in the next messages, so many at most; return how many there were."""

    async def unread() -> int:
        """Tell how many messages are not read in yet, more or less: some may be gone."""

    async def search(
        sought: Sought, start: Key | None, limit: int, breadth: int, *, newer: bool = False
    ) -> Window:
        """Look at `breadth` messages from `start` on (which is left out) for `limit` hits.

        Newest first, from the newest; `newer`: the other way, from the oldest.
        """

    async def places(place_ids: Sequence[int]) -> tuple[Hit, ...]:
        """Read places, newest first; those that are gone are left out."""

    async def change(place_ids: Sequence[int], change: Change) -> int:
        """Move and mark places in one transaction; return how many differ now."""

    async def delete(place_ids: Sequence[int]) -> int:
        """Remove places for good in one transaction; return how many there were."""

    async def order(orders: Sequence[tuple[int, NewJob]]) -> int:
        """Write jobs for the messages of places in one transaction; return how many."""

    async def views(user: str) -> tuple[View, ...]:
        """List the searches a user has kept, by name."""

    async def keep_view(user: str, view: View) -> None:
        """Keep a search; one of that name is replaced. Raises InputError beyond the most."""

    async def drop_view(user: str, name: str) -> None:
        """Forget one; that there is none is no error."""
