"""What lies in a quarantine, and what becomes of it when somebody lets it go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bitrixmail.model.job import NewJob


@dataclass(frozen=True, slots=True)
class Held:
    """One message in the quarantine of one mailbox. `place_id` is its place there."""

    place_id: int
    mailbox_id: int
    queue_id: str
    mailbox: str
    received: datetime
    sender: str
    header_from: str
    subject: str
    size_octets: int
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """Where a held message goes, how it is marked there, and what is then done outside."""

    place_id: int
    folder: str
    flags: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    jobs: tuple[NewJob, ...] = ()
    why: str = ""
