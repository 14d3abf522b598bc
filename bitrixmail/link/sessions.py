"""The sessions of one door: counted in and out, named, and all ended when the server stops."""

from __future__ import annotations

import resource
import sys
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
    IReactorTime,
)

from bitrixmail.interfaces.meter import IMeter
from bitrixmail.link.channel import Channel
from bitrixmail.link.crowd import Crowd
from bitrixmail.model.client import Client
from bitrixmail.model.limits import Networks
from bitrixmail.model.reply import CLOSING, TOO_MANY_SESSIONS, Reply

# Sessions that are told to go and are not gone yet, before nobody else gives way
MOST_LEAVING = 1000
# A proxy's own connections that no limit holds for: its looks whether somebody listens
MOST_UNCOUNTED = 100
TLSContext = IOpenSSLContextFactory | IOpenSSLServerConnectionCreator


class Sessions(ABC):
    """What the factories of all doors share; a factory stands before one of `twisted.mail`.

    `tls` may be replaced while it runs. `meter`, if there is one, is told how long sessions last.
    """

    # Keeps the ids of one door's sessions apart from those of another
    ID_PREFIX: ClassVar[str] = ""
    # Of a hundred descriptors that the system allows, so many may be sessions of this door. All
    # doors together leave a fifth for files
    DESCRIPTORS_OF_100: ClassVar[int] = 20

    def __init__(self, clock: IReactorTime, tls: TLSContext | None) -> None:
        super().__init__()
        self.clock = clock
        self.tls = tls
        self._sessions: set[Channel[Any]] = set()
        # Those that were refused take nobody's place while they are told so
        self.crowd: Crowd[Channel[Any]] = Crowd(clock, self._send_away)
        # Not known before the first one: until the server runs it may take more descriptors
        self._most_by_files = 0
        self._uncounted = 0
        self._drained: list[Deferred[None]] = []
        self._draining = False
        self.meter: IMeter | None = None
        self._begun: dict[Channel[Any], float] = {}
        self._started = f"{self.ID_PREFIX}{int(clock.seconds()):x}"
        self._count = 0

    # What a subclass does

    @abstractmethod
    def most_sessions(self) -> int:
        """Return how many sessions there may be at one time; 0: no limit."""

    @abstractmethod
    def proxy_networks(self) -> Networks:
        """Return the networks from which every connection must begin with a PROXY header."""

    @abstractmethod
    def enter(self, client: Client) -> Reply | None:
        """Count a client in, or return why it is refused."""

    @abstractmethod
    def leave(self, client: Client) -> None:
        """Count a client out that was not refused."""

    @abstractmethod
    def sent_away(self, client: Client) -> None:
        """Take note of a session that had to give way."""

    def number_process(self, number: int) -> None:
        """Keep the ids apart from those of the server's other processes; before any session."""
        self._started += f".{number}"

    # What sessions ask

    def next_session_id(self) -> str:
        """Return an id that this process gives once: when it started, then a count."""
        self._count += 1
        return f"{self._started}-{self._count:x}"

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._count

    @property
    def open_now(self) -> int:
        """How many connections there are, those that were refused and still listen among them."""
        return len(self._sessions)

    def arrived(self, session: Channel[Any]) -> Reply | None:
        """Count a session in, or return the reply with which it is refused."""
        self._sessions.add(session)
        if self.meter is not None:
            self._begun[session] = self.clock.seconds()
        if self._draining:
            return CLOSING
        if session.uncounted and self._uncounted < MOST_UNCOUNTED:
            self._uncounted += 1
            return None
        session.uncounted = False
        refusal = self.enter(session.client)
        if refusal is None and not self._has_room():
            self.leave(session.client)
            refusal = TOO_MANY_SESSIONS
        if refusal is None:
            self.crowd.enter(session)
        return refusal

    def _has_room(self) -> bool:
        """Tell whether one more has a place, if need be that of who gives way."""
        if not self._most_by_files:
            self._most_by_files = _most_by_files(self.DESCRIPTORS_OF_100)
        crowd, most = self.crowd, self.most_sessions() or self._most_by_files
        crowd.resize(min(most, self._most_by_files))
        if len(crowd) < crowd.places:
            return True
        last = crowd.last() if len(self._sessions) - len(crowd) < MOST_LEAVING else None
        if last is None:
            return False
        self._send_away(last)
        return True

    def lacking(self) -> None:
        """Make somebody give way: the system has no descriptor for one more connection."""
        session = next(iter(self._sessions), None)
        if session is not None:
            self.crowd.lack(session.DOOR)
            last = self.crowd.last()
            if last is not None:
                self._send_away(last)

    def _send_away(self, session: Channel[Any]) -> None:
        """End a session; its place is free at once, though its connection may take a moment."""
        self.crowd.leave(session)
        self.leave(session.client)
        self.sent_away(session.client)
        session.abort()

    def moved(self, session: Channel[Any], after: Client) -> Reply | None:
        """Count a session's client out and another in, or return the reply that refuses that."""
        if not session.uncounted:
            self.leave(session.client)
        refusal = self.enter(after)
        if refusal is not None:
            self.crowd.leave(session)
        elif session.uncounted:
            self.crowd.enter(session)
        self._count_again(session)
        return refusal

    def _count_again(self, session: Channel[Any]) -> None:
        if session.uncounted:
            session.uncounted = False
            self._uncounted -= 1

    def left(self, session: Channel[Any]) -> None:
        """Count a session out."""
        self._sessions.discard(session)
        self._count_again(session)
        if self.meter is not None and session in self._begun:
            self.meter.ended(session.DOOR, self.clock.seconds() - self._begun.pop(session))
        if session in self.crowd:
            self.crowd.leave(session)
            self.leave(session.client)
        if not self._sessions:
            waiting, self._drained = self._drained, []
            for drained in waiting:
                drained.callback(None)

    # What the server asks at its end

    def drain(self) -> Deferred[None]:
        """Refuse new sessions, end the idle ones, let what is under way come to its reply.

        Fires when the last session is gone; `abort_all` hurries the rest.
        """
        self._draining = True
        for session in list(self._sessions):
            session.drain()
        if not self._sessions:
            return succeed(None)
        drained: Deferred[None] = Deferred()
        self._drained.append(drained)
        return drained

    def abort_all(self) -> None:
        """End every session, also one with something under way (but for its commit)."""
        for session in list(self._sessions):
            session.abort()


def _most_by_files(percent: int) -> int:
    """Return how many connections a door may have of the descriptors that the system allows."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else max(1, soft * percent // 100)
