"""Makes a session for each connection, and ends them all when the server stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IAddress,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
    IReactorTime,
)
from twisted.mail import smtp

from bitrixmail.interfaces.gate import IGate
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.model.client import Client
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.model.reply import CLOSING, Reply
from bitrixmail.smtp.replies import TOO_MANY_SESSIONS
from bitrixmail.smtp.session import ESMTP

if TYPE_CHECKING:
    from bitrixmail.smtp.channel import Channel

TLSContext = IOpenSSLContextFactory | IOpenSSLServerConnectionCreator


class SMTPFactory(smtp.SMTPFactory):
    """The door of one listener or several. Made by compose, lives as long as the server.

    `limits` and `tls` may be replaced while it runs: open sessions keep their limits.
    """

    noisy = False

    def __init__(  # noqa: PLR0917 - all of it is needed, nothing has a default
        self,
        gate: IGate,
        clock: IReactorTime,
        maillog: IMailLog,
        hostname: str,
        limits: SMTPLimits,
        tls: TLSContext | None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Twisted's has no types
        self.gate = gate
        self.clock = clock
        self.hostname = hostname
        self.limits = limits
        self.tls = tls
        self._maillog = maillog
        self._sessions: set[Channel] = set()
        self._drained: list[Deferred[None]] = []
        self._draining = False
        self._started = f"{int(clock.seconds()):x}"
        self._count = 0

    def buildProtocol(self, addr: IAddress | None) -> smtp.ESMTP:  # noqa: ARG002 - the transport tells
        """Make a session."""
        return ESMTP(self)

    def next_session_id(self) -> str:
        """Return an id that this process gives once: when it started, then a count."""
        self._count += 1
        return f"{self._started}-{self._count:x}"

    def arrived(self, session: Channel) -> Reply | None:
        """Count a session in, or return the reply with which it is refused."""
        refusal: Reply | None = None
        if self._draining:
            refusal = CLOSING
        elif 0 < self.limits.connections <= len(self._sessions):
            refusal = TOO_MANY_SESSIONS
        else:
            refusal = self.gate.arrived(session.client)
        self._sessions.add(session)
        return refusal

    def left(self, session: Channel, *, admitted: bool) -> None:
        """Count a session out."""
        self._sessions.discard(session)
        if admitted:
            self.gate.left(session.client)
        if not self._sessions:
            waiting, self._drained = self._drained, []
            for drained in waiting:
                drained.callback(None)

    def refused(
        self,
        client: Client,
        reply: Reply,
        *,
        sender: str | None = None,
        recipient: str | None = None,
    ) -> None:
        """Write the mail log's line of a refusal that this door knows of first."""
        self._maillog.record(
            "refused",
            session_id=client.session_id,
            peer=client.address,
            sender=sender,
            recipient=recipient,
            reply=str(reply),
        )

    def drain(self) -> Deferred[None]:
        """Refuse new sessions, end the idle ones, let messages under way come to their reply.

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
        """End every session with 421, also one with a message under way (but for its commit)."""
        for session in list(self._sessions):
            session.abort()
