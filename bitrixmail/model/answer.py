"""What rules have answered and told by themselves, as far as it bears on what they do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much rules may send for one mailbox within an hour; 0: no limit. From the settings."""

    forwards: int = 500
    forwards_to_one: int = 300
    replies: int = 100


@dataclass(frozen=True, slots=True)
class Noticed:
    """Notices of one rule for one mailbox to one address: since when, and how many are owed."""

    mailbox: str
    rule: str
    target: str
    since: datetime
    owed: int
