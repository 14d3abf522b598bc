"""Who takes up the places of one door, and who gives way when they run short.

From 80 % of the places on the door is under pressure, until 70 %: once a second those who have
waited longest without bringing anything are sent away. When every place is taken, a new session
takes that of the one that has brought least for the longest time. So sockets that only hold a
place cost an attacker a new connection each few seconds, and a client that talks gets one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from itertools import islice
from typing import ClassVar, Generic, Protocol, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

# How many of the oldest are asked, of whom some may be amid a command of ours
_LOOKED_AT = 16
_SWEEP_EACH_S = 1.0
# Nobody is sent away sooner: time enough for the first round trips over a bad line
_LEAST_AGE_S = 1.0
_log = Logger()


class Standing(IntEnum):
    """What a session has brought; who stands lowest gives way first."""

    NOTHING = 0
    WAITING = 1  # outside of a transaction
    AMID = 2  # in one, and nothing comes
    STAYS = 3  # what it is doing is not broken off


class Session(Protocol):
    """What is asked of a session."""

    DOOR: ClassVar[str]

    def standing(self) -> Standing:
        """Tell how readily it gives way."""

    def idle_s(self) -> float:
        """Return since when nothing whole has come from its peer, in seconds."""


S = TypeVar("S", bound=Session)


class Crowd(Generic[S]):
    """The sessions that take up places. Made by the factory of a door, lives as long.

    `send_away` ends a session and calls `leave` for it, at once.
    """

    def __init__(self, clock: IReactorTime, send_away: Callable[[S], None]) -> None:
        self.pressed = False
        # How many places there are; 0: no limit. While something lacks, how many were too many
        self.places = 0
        self._too_many = 0
        # How long a session may do nothing under pressure
        self.patience_s = 10.0
        self._clock = clock
        self._send_away = send_away
        # Those who have brought nothing yet and since when they are here, the oldest first, but
        # behind the others those who were found to stay
        self._new: dict[S, float] = {}
        self._proven: set[S] = set()
        # Who was found to be idle, the first to go last; and when that was looked for
        self._idle: list[S] = []
        self._looked = 0.0
        self._door = ""
        self._sweeping: IDelayedCall | None = None

    def __len__(self) -> int:
        """Count the places that are taken."""
        return len(self._new) + len(self._proven)

    def __contains__(self, session: S) -> bool:
        """Tell whether a session has a place."""
        return session in self._new or session in self._proven

    def enter(self, session: S) -> None:
        """Give a session a place."""
        self._new[session] = self._clock.seconds()
        if not self.pressed and 0 < self.places * 4 <= len(self) * 5:
            self._press(session.DOOR)

    def prove(self, session: S) -> None:
        """Note that a session has brought what others must be kept waiting for."""
        if self._new.pop(session, None) is not None:
            self._proven.add(session)

    def leave(self, session: S) -> None:
        """Take a place back."""
        if self._new.pop(session, None) is None:
            self._proven.discard(session)
        if self.pressed:
            self._look_at_pressure()

    def resize(self, places: int) -> None:
        """Say how many places there are from now on."""
        if places != self.places:
            self.places = places
            if self.pressed:
                self._look_at_pressure()

    def lack(self, door: str) -> None:
        """Take note that the system has no room for one more, as if every place were taken."""
        if len(self):
            self._too_many = len(self)
            if not self.pressed:
                self._press(door)

    def last(self) -> S | None:
        """Return who gives way to a new session now, if anybody does."""
        now = self._clock.seconds()
        for session, since in tuple(islice(self._new.items(), _LOOKED_AT)):
            if now - since < _LEAST_AGE_S:
                break
            if session.standing() is Standing.NOTHING:
                return session
            # behind the others: whoever stays must not be all that is ever looked at
            del self._new[session]
            self._new[session] = since
        if now - self._looked >= _SWEEP_EACH_S or now < self._looked:
            self._looked = now
            self._idle = self._idlers()
        while self._idle:
            session = self._idle.pop()
            if session in self and self._idles(session):
                return session
        return None

    def _idles(self, session: S) -> bool:
        return session.standing() < Standing.STAYS and session.idle_s() >= self.patience_s

    def _idlers(self) -> list[S]:
        """Return who has been idle for too long, who has brought least for longest last."""
        found = [session for session in (*self._new, *self._proven) if self._idles(session)]
        return sorted(found, key=lambda session: (-session.standing(), session.idle_s()))

    # Pressure

    def _look_at_pressure(self) -> None:
        places = self._too_many or self.places
        if not places or len(self) * 10 < places * 7:
            self._relax()

    def _press(self, door: str) -> None:
        self.pressed, self._door = True, door
        _log.warn(
            "{door} under pressure: {taken} of {places} connections are taken; who sends nothing"
            " for {patience_s:g} s is sent away",
            door=door,
            taken=len(self),
            places=self._too_many or self.places,
            patience_s=self.patience_s,
        )
        self._sweeping = self._clock.callLater(_SWEEP_EACH_S, self._sweep)

    def _relax(self) -> None:
        self.pressed, self._too_many = False, 0
        sweeping, self._sweeping = self._sweeping, None
        if sweeping is not None:
            sweeping.cancel()
        _log.info(
            "{door}: the pressure is over, {taken} connections", door=self._door, taken=len(self)
        )

    def _sweep(self) -> None:
        """Send the idle away until the pressure ends; look again in a second."""
        self._sweeping = None
        idlers = self._idlers()
        while self.pressed and idlers:
            self._send_away(idlers.pop())
        if self.pressed:
            self._sweeping = self._clock.callLater(_SWEEP_EACH_S, self._sweep)
