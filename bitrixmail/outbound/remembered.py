"""What is remembered of hosts for a while: bounded in time and number."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

_MOST = 5000


class Remembered:
    """Addresses that something was noted of. Made by the courier, lives as long as it.

    After `seconds` it is forgotten, and the oldest when there are too many.
    """

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._until: dict[str, float] = {}

    def note(self, address: str) -> None:
        """Remember it of an address from now on."""
        self._until.pop(address, None)
        if len(self._until) >= _MOST:
            del self._until[next(iter(self._until))]
        self._until[address] = self._clock.seconds() + self._seconds

    def holds(self, address: str) -> bool:
        """Tell whether it is remembered of an address."""
        return self._until.get(address, 0.0) > self._clock.seconds()
