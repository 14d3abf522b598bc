"""How often something is done within an hour, counted in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twisted.internet.interfaces import IReactorTime

from bitrixmail.tasks import utcnow

_HOUR = timedelta(hours=1)
_NEVER = (datetime(1970, 1, 1, tzinfo=UTC), 0)
_REMEMBERED = 65_536


class Hourly:
    """Made by whoever counts, lives as long. What was counted is forgotten when the server ends.

    Of more keys than it remembers, those that were quiet for longest are forgotten.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        # key -> since when it is counted, and how many; the quietest first
        self._counts: dict[str, tuple[datetime, int]] = {}

    def spent(self, key: str, most: int) -> bool:
        """Tell whether there were as many within this hour as there may be; 0: no limit."""
        since, count = self._counts.get(key, _NEVER)
        return 0 < most <= count and self._lasts(since)

    def count(self, key: str) -> None:
        """Count one."""
        since, count = self._counts.pop(key, _NEVER)
        lasts = self._lasts(since)
        self._counts[key] = (since, count + 1) if lasts else (utcnow(self._clock), 1)
        if len(self._counts) > _REMEMBERED:
            del self._counts[next(iter(self._counts))]

    def _lasts(self, since: datetime) -> bool:
        # Not where the clock was put back
        return timedelta() <= utcnow(self._clock) - since < _HOUR
