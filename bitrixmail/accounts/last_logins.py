"""When each mailbox was last logged in to, or in vain, as long as the server runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bitrixmail.model.directory import RefusedLogin

_REMEMBERED = 65_536
# Of guesses: any text may be typed as a name, so there are fewer, and none that is no address
_REFUSED, _LONGEST = 8_192, 320


class LastLogins:
    """Remembers the last login of those who logged in last. Made by compose, lives as long as it.

    `now` tells the time.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._last: dict[str, datetime] = {}
        self._refused: dict[str, RefusedLogin] = {}

    def note(self, address: str) -> None:
        """Take note that somebody has logged in to a mailbox now."""
        self._last.pop(address, None)
        self._last[address] = self._now()
        if len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]

    def of(self, address: str) -> datetime | None:
        """Return when that was last; None if it was not since the start."""
        return self._last.get(address)

    def note_refused(self, account: str, peer: str) -> None:
        """Take note that somebody was refused; `account` is what he typed, whoever that is."""
        if len(account) > _LONGEST:
            return
        self._refused.pop(account, None)
        self._refused[account] = RefusedLogin(self._now(), peer)
        if len(self._refused) > _REFUSED:
            del self._refused[next(iter(self._refused))]

    def refused_of(self, address: str) -> RefusedLogin | None:
        """Return when somebody was last refused, and from where; None: nobody since the start."""
        return self._refused.get(address)
