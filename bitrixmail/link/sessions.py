"""The sessions of one door: counted in and out, named, and all ended when the server stops."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
    IReactorTime,
)

from bitrixmail.link.channel import Channel
from bitrixmail.model.client import Client
from bitrixmail.model.limits import Networks
from bitrixmail.model.reply import CLOSING, TOO_MANY_SESSIONS, Reply

TLSContext = IOpenSSLContextFactory | IOpenSSLServerConnectionCreator


class Sessions(ABC):
    """What the factories of all doors share; a factory stands before one of `twisted.mail`.

    `tls` may be replaced while it runs.
    """

    # Keeps the ids of one door's sessions apart from those of another
    ID_PREFIX: ClassVar[str] = ""

    def __init__(self, clock: IReactorTime, tls: TLSContext | None) -> None:
        super().__init__()
        self.clock = clock
        self.tls = tls
        self._sessions: set[Channel[Any]] = set()
        # Those that were refused take nobody's place while they are told so
        self._admitted = 0
        self._drained: list[Deferred[None]] = []
        self._draining = False
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

    # What sessions ask

    def next_session_id(self) -> str:
        """Return an id that this process gives once: when it started, then a count."""
        self._count += 1
        return f"{self._started}-{self._count:x}"

    def arrived(self, session: Channel[Any]) -> Reply | None:
        """Count a session in, or return the reply with which it is refused."""
        refusal: Reply | None = None
        if self._draining:
            refusal = CLOSING
        elif 0 < self.most_sessions() <= self._admitted:
            refusal = TOO_MANY_SESSIONS
        else:
            refusal = self.enter(session.client)
        self._sessions.add(session)
        self._admitted += refusal is None
        return refusal

    def moved(self, before: Client, after: Client) -> Reply | None:
        """Count a session's client out and another in, or return the reply that refuses that."""
        self.leave(before)
        refusal = self.enter(after)
        self._admitted -= refusal is not None
        return refusal

    def left(self, session: Channel[Any], *, admitted: bool) -> None:
        """Count a session out."""
        self._sessions.discard(session)
        if admitted:
            self._admitted -= 1
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
