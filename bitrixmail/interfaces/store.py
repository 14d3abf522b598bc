"""Where messages are kept, and what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bitrixmail.model.folder import Holding
    from bitrixmail.model.message import Behind, Draft, Event, FolderIndex, FolderView, Listed


class IMessageStore(Interface):
    """Messages, their places in folders, and the event log.

    Every method raises StoreUnavailableError or StoreFullError when the disk or database fails;
    the store recovers by itself once the cause is gone.
    """

    async def append(draft: Draft) -> None:
        """Write message, places, traces and events in one transaction; durable when it returns.

        Missing folders are made. Appends of the same time share one commit; their order per
        folder is the order of the calls. Cancelling has no effect.
        """

    async def take_in(mailbox_id: int, drafts: Sequence[Draft]) -> frozenset[bytes]:
        """Append imported messages of one mailbox in one transaction, but none a second time.

        Returns the keys of the origins that were written; the others came in before.
        """

    async def taken_in(mailbox_id: int, keys: Sequence[bytes]) -> frozenset[bytes]:
        """Return those of these keys of origins that came into a mailbox before."""

    async def brought(name: str) -> tuple[str, ...]:
        """Return the names that were brought once (see Draft): this one, and "this one:…"."""

    async def folders(mailbox_id: int) -> tuple[str, ...]:
        """List the folders of a mailbox by name."""

    async def folder(mailbox_id: int, name: str) -> FolderView | None:
        """Read a folder as it stands now; None if there is none (INBOX always exists)."""

    async def index(mailbox_id: int, name: str) -> FolderIndex | None:
        """Read the numbers of a folder's messages as they stand now; None if there is none."""

    async def read(place_id: int, offset: int, length: int) -> bytes:
        """Read octets of what a reader of this place gets: place prefix, message prefix, content.

        Short only at the end. Raise NotFoundError if the place is gone.
        """

    async def expunge(folder_id: int, uids: Sequence[int]) -> None:
        """Remove places in one transaction, leaving tombstones; unknown UIDs are passed over."""

    async def usage(mailbox_id: int) -> int:
        """Count the octets that a mailbox holds, over all its folders."""

    async def holdings(mailbox_ids: Sequence[int]) -> Mapping[int, Holding]:
        """Tell what each of these mailboxes holds; give some hundred at a time."""

    async def folder_holdings(mailbox_id: int) -> Mapping[str, Holding]:
        """Tell what each folder of a mailbox holds, by name; empty ones too."""

    async def totals() -> tuple[int, int]:
        """Count the mailboxes, and the octets that all of them hold."""

    async def record(events: Sequence[Event]) -> None:
        """Add entries to the event log."""

    async def listing(
        address: str, folder: str | None, limit: int, behind: Behind | None = None
    ) -> tuple[Listed, ...]:
        """List a mailbox, newest first; None: all folders. `behind`: only what comes after that.

        Raise NotFoundError for no such mailbox or folder.
        """

    async def find(queue_id: str) -> tuple[Listed, ...]:
        """List every place of a message, none if it was not kept.

        Raise NotFoundError if it was never seen.
        """

    async def export(queue_id: str) -> bytes:
        """Return message prefix and content of a stored message. Raise NotFoundError."""

    async def cut(queue_id: str, offset: int, length: int) -> tuple[bytes, int]:
        """Return octets of what `export` returns, and how many those are in all.

        Raise NotFoundError.
        """

    async def events(queue_id: str | None, address: str | None, limit: int) -> tuple[Event, ...]:
        """Read the event log by message or address, oldest first, the last `limit` of them."""

    async def expire(now: datetime) -> int:
        """Delete what is older than its mailbox's retention, and contents nobody refers to.

        Works in chunks under 100 ms. Returns how many places went.
        """
