"""The line between the dialogue and its transport: one thing at a time, bounded both ways.

Under `twisted.mail.smtp.ESMTP` stands our own framing: its `dataReceived`, its line handling, its
timer and its replies are replaced. What a subclass adds is the meaning of lines and content.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IHandshakeListener, IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.internet.tcp import Connection
from twisted.logger import Logger
from twisted.mail import smtp
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.model.client import Client
from bitrixmail.model.errors import MailError
from bitrixmail.model.reply import CLOSING, TRANSACTION_FAILED, Reply
from bitrixmail.smtp.peer import peer_of, tls_of
from bitrixmail.smtp.replies import TIMED_OUT, TOO_MANY_ERRORS, encoded
from bitrixmail.smtp.wire import Event, Wire
from bitrixmail.tasks import spawn

if TYPE_CHECKING:
    from bitrixmail.smtp.factory import SMTPFactory

# What may wait behind a command before the peer is made to wait too
MAX_WAITING_OCTETS = 64 * 1024
# How long a peer may take to read our last words
CLOSE_TIMEOUT_S = 30.0
_log = Logger()


@implementer(IHandshakeListener, IPushProducer)
class Channel(smtp.ESMTP, ABC):
    """One connection. Made by the factory, lives until `connectionLost`.

    Events are handled strictly one after the other: while a command waits for the gate, or content
    for its sink, nothing more is parsed. Replies gathered meanwhile leave in one write.
    """

    factory: SMTPFactory
    transport: Any  # ITCPTransport, ITLSTransport and IConsumer at once

    def __init__(self, factory: SMTPFactory) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Twisted's has no types
        self.factory = factory
        self.limits = factory.limits
        self.client = Client("", 0, "")
        self.wire = Wire(self.limits.max_command_octets)
        self.utf8_replies = False
        self._draining = False
        self._direct = False
        self._clock = factory.clock
        self._replies: list[bytes] = []
        self._admitted = False
        self._running = False
        self._busy = False
        self._sink_full = False
        self._peer_slow = False
        self._paused = False
        self._closing = False
        self._lost = False
        self._errors = 0
        self._deadline = 0.0
        self._timer: IDelayedCall | None = None

    # What a subclass does

    @abstractmethod
    def handle(self, event: Event) -> None:
        """Obey one event; what may have to wait is handed to `work`."""

    @abstractmethod
    def in_message(self) -> bool:
        """Tell whether content is under way, so that a drain must wait for its reply."""

    @abstractmethod
    def content_deadline(self) -> float:
        """Return when the content under way must have come, in seconds of the clock."""

    @abstractmethod
    def forget(self) -> None:
        """Drop the transaction, if there is one: it will not be finished."""

    # The connection

    def connectionMade(self) -> None:
        """Greet, or refuse with the reason as greeting (RFC 5321 §3.1)."""
        address, port = peer_of(self.transport.getPeer())
        self.client = Client(address, port, self.factory.next_session_id())
        self._direct = isinstance(self.transport, Connection)
        self.transport.registerProducer(self, True)
        self._deadline = self._clock.seconds() + self.limits.command_timeout_s
        self._timer = self._clock.callLater(self.limits.command_timeout_s, self._look_at_clock)
        refusal = self.factory.arrived(self)
        if refusal is None:
            self._admitted = True
            self._greet(Reply(220, "", f"{self.factory.hostname} ESMTP ready"))
            self._flush()
        else:
            self.factory.refused(self.client, refusal)
            self._greet(replace(refusal, enhanced=""))
            self._close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - why does not matter
        """Forget everything but a commit that has begun: nothing takes that back."""
        self._lost = True
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.forget()
        self.wire.discard()
        self.factory.left(self, admitted=self._admitted)

    def handshakeCompleted(self) -> None:
        """Note what the TLS handshake agreed on."""
        self.client = replace(self.client, tls=tls_of(self.transport.getHandle()))

    # Octets in

    def dataReceived(self, data: bytes) -> None:
        """Take octets from the peer, in any cuts."""
        if self._closing:
            return
        self.wire.feed(data)
        if self._busy or self._running:
            self._regulate()
        else:
            self._run()

    def _run(self) -> None:
        """Handle event after event, until one has to wait or more octets are needed."""
        self._running = True
        handled = False
        try:
            while not (self._busy or self._peer_slow or self._closing):
                if self._draining and not self.in_message():
                    self.end(CLOSING)
                    break
                event = self.wire.next()
                if event is None:
                    break
                handled = True
                self._handle(event)
        finally:
            self._running = False
        self._flush()
        if not self._closing:
            # octets of a command that is not whole yet buy no time
            if handled or self.wire.in_content:
                self._postpone_deadline()
            self._regulate()

    def _handle(self, event: Event) -> None:
        try:
            self.handle(event)
        except MailError as error:
            self.reply(error.reply)
        except Exception:  # noqa: BLE001 - a bug of ours must not end the session without a reply
            self._bug()

    def work(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Do what may have to wait, and nothing else meanwhile. Its errors become replies."""
        self._busy = True
        spawn(self._working(coroutine), "a command")

    async def _working(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except MailError as error:
            self.reply(error.reply)
        except Exception:  # noqa: BLE001 - see _handle
            self._bug()
        self._go_on()

    def _bug(self) -> None:
        """Log the error being handled; answer 451, or amid content, where no reply may be, 421."""
        _log.failure("{session_id}: bug in a command", session_id=self.client.session_id)
        if self.wire.in_content:
            self.end(replace(TRANSACTION_FAILED, code=421))
        else:
            self.reply(TRANSACTION_FAILED)

    def hold_for_sink(self, emptied: Deferred[None]) -> None:
        """Handle and read nothing until a sink takes more."""
        self._busy = self._sink_full = True

        def resume(_result: object) -> None:
            self._sink_full = False
            self._go_on()

        emptied.addBoth(resume)

    def _go_on(self) -> None:
        self._busy = False
        self._postpone_deadline()
        if not self._running:
            self._run()

    # Flow

    def pauseProducing(self) -> None:
        """Handle nothing more: the peer doesn't read what it is told (IPushProducer)."""
        self._peer_slow = True
        self._regulate()

    def resumeProducing(self) -> None:
        """Go on: the peer has read (IPushProducer)."""
        self._peer_slow = False
        if not (self._busy or self._running or self._closing):
            self._run()

    def stopProducing(self) -> None:
        """Nothing to stop: `connectionLost` follows (IPushProducer)."""

    def _regulate(self) -> None:
        """Let the transport read, or not, as room allows."""
        full = self._busy and self.wire.pending > MAX_WAITING_OCTETS
        pause = self._peer_slow or self._sink_full or full
        if pause == self._paused or self._closing:
            return
        self._paused = pause
        if pause:
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()

    # Octets out

    def reply(self, reply: Reply) -> None:
        """Answer; many errors end the session."""
        self._replies.append(encoded(reply, utf8=self.utf8_replies))
        if 500 <= reply.code < 600:
            self._errors += 1
            if 0 < self.limits.max_errors <= self._errors:
                self.factory.refused(self.client, TOO_MANY_ERRORS)
                self.end(TOO_MANY_ERRORS)

    def reply_lines(self, octets: bytes) -> None:
        """Answer with lines that are written already (EHLO)."""
        self._replies.append(octets)

    def _greet(self, reply: Reply) -> None:
        self._replies.append(encoded(reply))

    def _flush(self) -> None:
        if self._replies and not self._lost:
            self._send(b"".join(self._replies))
        self._replies.clear()

    def _send(self, octets: bytes) -> None:
        """Write at once if the kernel takes all of it, which spares two turns of the reactor.

        Only on a bare TCP connection, and only as long as nothing was ever left over: behind
        octets that wait in the transport, later ones must wait too.
        """
        if self._direct and not self.transport.TLS:
            sent = self.transport.writeSomeData(octets)
            if sent == len(octets):
                return
            self._direct = False
            if isinstance(sent, int) and sent > 0:
                octets = octets[sent:]
        self.transport.write(octets)

    def end(self, last_words: Reply) -> None:
        """Say something (421, 221) and close; whatever the peer sent behind is not looked at."""
        if not self._closing:
            self._replies.append(encoded(last_words))
            self.forget()
            self._close()

    def _close(self) -> None:
        self._closing = True
        self.wire.discard()
        self._flush()
        self._deadline = self._clock.seconds() + CLOSE_TIMEOUT_S
        self._wake_at(self._deadline)
        self.transport.unregisterProducer()
        if self._paused:
            # a transport that doesn't read doesn't see the peer go either
            self.transport.resumeProducing()
        self.transport.loseConnection()

    def start_tls(self) -> None:
        """Throw away what came behind STARTTLS in plain text, then shake hands (RFC 3207 §4.2)."""
        discarded = self.wire.discard()
        if discarded:
            _log.warn(
                "{session_id}: {octets} octets behind STARTTLS thrown away",
                session_id=self.client.session_id,
                octets=discarded,
            )
        self._flush()
        self.transport.startTLS(self.factory.tls)

    # Time

    def _postpone_deadline(self) -> None:
        """Give the peer its time again, from now."""
        self._deadline = self._clock.seconds() + self.limits.command_timeout_s

    def look_at_clock_by(self, moment: float) -> None:
        """See to it that a deadline nearer than all before is noticed."""
        if self._timer is not None and self._timer.getTime() > moment:
            self._wake_at(moment)

    def _look_at_clock(self) -> None:
        """End the session if its time is over; if not, look again when it will be."""
        self._timer = None
        now = self._clock.seconds()
        deadline = self._deadline
        if not self._closing:
            deadline = min(deadline, self.content_deadline())
            if self._busy:
                # it is us for whom the peer waits, and what we wait for has deadlines of its own
                deadline = max(deadline, now + self.limits.command_timeout_s)
        if now < deadline:
            self._wake_at(deadline)
        elif self._closing:
            self.transport.abortConnection()
        else:
            self.end(TIMED_OUT)

    def _wake_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.callLater(
            max(0.0, moment - self._clock.seconds()), self._look_at_clock
        )

    # The factory's wishes

    def drain(self) -> None:
        """Close with 421 as soon as no message is under way: now, or behind its reply."""
        self._draining = True
        if not (self._busy or self._running or self.in_message()):
            self.end(CLOSING)

    def abort(self) -> None:
        """Close now with 421; a commit goes on without us."""
        self.end(CLOSING)
