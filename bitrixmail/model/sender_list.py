"""Senders whom a mailbox, a domain or the site lets in or keeps out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SenderEntry:
    """Who, and for whom: `whose` is a mailbox's address, a domain, or empty for all.

    `address` is one address, or a whole domain as "@example.org"; both are keys, see `Address.key`.
    `until` None: for good.
    """

    whose: str
    address: str
    allowed: bool
    since: datetime
    until: datetime | None = None
    note: str = ""
