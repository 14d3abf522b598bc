"""When each mailbox was last logged in to, as long as the server runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

_REMEMBERED = 65_536


class LastLogins:
    """Remembers the last login of those who logged in last. Made by compose, lives as long as it.

    `now` tells the time.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._last: dict[str, datetime] = {}

    def note(self, address: str) -> None:
        """Take note that somebody has logged in to a mailbox now."""
        self._last.pop(address, None)
        self._last[address] = self._now()
        if len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]

    def of(self, address: str) -> datetime | None:
        """Return when that was last; None if it was not since the start."""
        return self._last.get(address)
