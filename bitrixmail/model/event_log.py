"""The event log as somebody reads it: what is wanted of it, and its entries with their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bitrixmail.model.message import Event


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; what is empty says nothing. `text` is a part of what is told, in any case.

    `before`: none that happened later.
    """

    queue_id: str = ""
    address: str = ""
    kinds: tuple[str, ...] = ()
    text: str = ""
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry; numbers rise in the order in which they were written."""

    id: int
    event: Event


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some entries, newest first. `reached`: the number from which to go on; 0: that was all."""

    entries: tuple[Entry, ...]
    reached: int
