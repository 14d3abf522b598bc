"""Where contents too large for a database row are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from datetime import datetime

    from twisted.internet.defer import Deferred


class IBlobStore(Interface):
    """Immutable files, named by ids of its own making. Called from the reactor's thread."""

    def create() -> IBlobWriter:
        """Begin a new blob."""

    async def read(blob_id: str, offset: int, length: int) -> bytes:
        """Read octets, fewer only at the end. Raise NotFoundError or StoreUnavailableError."""

    async def sweep(referenced: frozenset[str], now: datetime) -> int:
        """Remove blobs that are not referenced and older than a day; return how many."""


class IBlobWriter(Interface):
    """One blob being written, in order, by threads behind the scenes."""

    blob_id: str = Attribute("the name it will have")

    def write(data: bytes) -> Deferred[None] | None:
        """Take octets; a Deferred means: wait until it fires. It never fails."""

    async def finish() -> None:
        """Sync file and folder to the disk. Raise StoreFullError or StoreUnavailableError.

        Only after this may a message name the blob.
        """

    def abort() -> None:
        """Remove what was written. Never fails; harmless after finish (which it undoes)."""
