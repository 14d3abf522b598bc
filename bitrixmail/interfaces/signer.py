"""Who signs what is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from datetime import datetime

# Octets of a message: from an offset, so many; short only at the end (`IJobStore.read`).
Read = Callable[[int, int], Awaitable[bytes]]


class ISigner(Interface):
    """Signs messages for the domain that their From field names."""

    async def sign(read: Read, size_octets: int, at: datetime) -> bytes:
        """Return the header fields to put before a message, each with its CRLF.

        Empty if its author's domain has no key. The message is in CRLF form and leaves as it is,
        but for what is put before it. Reads it in pieces, one after the other. Raises MailError if
        the keys can't be read, and what `read` raises.
        """
