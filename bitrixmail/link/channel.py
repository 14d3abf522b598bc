"""The line between a dialogue and its transport: one thing at a time, bounded both ways.

It takes the place of what a protocol of `twisted.mail` does with octets: their arrival, time-outs,
replies and TLS. What a door adds is the meaning of events and the words of replies.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.internet.tcp import Connection
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.link.at_once import left_over
from bitrixmail.link.crowd import Standing
from bitrixmail.link.framing import Framing
from bitrixmail.link.half_closed import HalfClosed
from bitrixmail.link.peer import peer_of
from bitrixmail.link.secured import Secured
from bitrixmail.link.timed import Timed
from bitrixmail.model.client import Client
from bitrixmail.model.errors import MailError
from bitrixmail.model.reply import Reply
from bitrixmail.tasks import begin

if TYPE_CHECKING:
    from bitrixmail.link.sessions import Sessions

# What may wait behind a command before the peer is made to wait too
MAX_WAITING_OCTETS = 64 * 1024
# How long a peer may take to read our last words, and to come to where it could hear them
CLOSE_TIMEOUT_S = 30.0
HANDSHAKE_GRACE_S = 2.0
_log = Logger()

E = TypeVar("E")


@implementer(IPushProducer)
class Channel(Secured, HalfClosed, Timed, ABC, Generic[E]):
    """One connection. Made by the factory, lives until `connectionLost`.

    Events are handled strictly one after the other: while one waits for `work`, nothing more is
    parsed. Replies gathered meanwhile in `outgoing` leave in one write. A subclass stands before
    a protocol of `twisted.mail`: `class Door(Channel[Line], pop3.POP3)`.
    """

    DOOR: ClassVar[str]
    # What is said unasked when the server stops, and when the peer's time is over
    CLOSING_WORDS: ClassVar[bytes] = b""
    TIMED_OUT_WORDS: ClassVar[bytes] = b""

    factory: Any  # the door's own, a Sessions
    transport: Any  # ITCPTransport, ITLSTransport and IConsumer at once

    client = Client("", 0, "", "")
    # A proxy's own connection, see Sessions
    uncounted = False
    _draining = False
    _direct = False
    _running = False
    _busy = False
    _held = False
    _peer_slow = False
    _paused = False
    _closing = False
    _lost = False
    _room: Deferred[None] | None = None

    def __init__(self, factory: Sessions, framing: Framing[E], timeout_s: float) -> None:
        super().__init__()
        self.factory = factory
        self.framing = framing
        self.timeout_s = timeout_s
        self.outgoing: list[bytes] = []
        self.clock = factory.clock

    # What a subclass does

    @abstractmethod
    def greet(self) -> None:
        """Say the first words."""

    @abstractmethod
    def turn_away(self, refusal: Reply) -> None:
        """Say why nobody is served instead of a greeting; the connection is closed behind it."""

    @abstractmethod
    def handle(self, event: E) -> None:
        """Obey one event; what may have to wait is handed to `work`."""

    @abstractmethod
    def refuse(self, error: MailError) -> None:
        """Answer an event that raised this."""

    @abstractmethod
    def answer_bug(self) -> None:
        """Answer an event that raised what nobody foresaw; it is logged already."""

    @abstractmethod
    def forget(self) -> None:
        """Drop what is under way and not yet to be kept: it will not be finished."""

    def unfinished(self) -> bool:
        """Tell whether a drain must wait for more events, to finish what has begun."""
        return False

    def fills(self) -> bool:
        """Tell whether octets that are no whole event yet give the peer new time."""
        return False

    def due(self) -> float:
        """Return when the peer's time is over, in seconds of the clock."""
        return self._deadline

    def standing(self) -> Standing:
        """Tell how readily this session gives way to a new one."""
        return Standing.STAYS if self._busy else Standing.NOTHING

    def time_over(self) -> None:
        """End a session whose peer has used up its time."""
        self.end(self.TIMED_OUT_WORDS)

    # The connection

    def connectionMade(self) -> None:
        """Greet, or turn away."""
        address, port = peer_of(self.transport.getPeer())
        self.client = Client(address, port, self.factory.next_session_id(), self.DOOR)
        self.uncounted = getattr(self.transport, "uncounted", False)
        self._direct = isinstance(self.transport, Connection)
        self._wrapped = not self._direct and isinstance(self.transport, TLSMemoryBIOProtocol)
        self._shaking_hands = self._wrapped
        if port and (self._direct or self._wrapped):
            # Else a reply behind one that the peer has not confirmed waits for that, 40 ms often
            self.transport.setTcpNoDelay(True)
        if not self._wrapped:
            self.transport.registerProducer(self, True)
        self._start_clock()
        refusal = self.factory.arrived(self)
        if refusal is None:
            self.greet()
            self._flush()
        else:
            self.turn_away(refusal)
            self._close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - why does not matter
        """Forget everything but a commit that has begun: nothing takes that back."""
        self._lost = True
        self._closing = True
        self._make_room()
        self._stop_clock()
        self.forget()
        self.framing.discard()
        self.factory.left(self)

    # Octets in

    def dataReceived(self, data: bytes) -> None:
        """Take octets from the peer, in any cuts."""
        if self._closing:
            return
        self.framing.feed(data)
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
                if self._draining and not self.unfinished():
                    self.end(self.CLOSING_WORDS)
                    break
                event = self.framing.next()
                if event is None:
                    break
                handled = True
                self._handle(event)
        finally:
            self._running = False
        self._flush()
        if not self._closing:
            # octets of a command that is not whole yet buy no time
            if handled or self.fills():
                self._postpone_deadline()
            if self.said_all:
                self.end_if_answered()
            self._regulate()

    def _handle(self, event: E) -> None:
        try:
            self.handle(event)
        except MailError as error:
            self.refuse(error)
        except Exception:  # noqa: BLE001 - a bug of ours must not end the session without a reply
            self._bug()

    def work(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Do what may have to wait, and nothing else meanwhile. Its errors become replies."""
        self._busy = True
        begin(self._working(coroutine), "a command")

    async def _working(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except MailError as error:
            self.refuse(error)
        except Exception:  # noqa: BLE001 - see _handle
            self._bug()
        self._go_on()

    def _bug(self) -> None:
        _log.failure("{session_id}: bug in a command", session_id=self.client.session_id)
        self.answer_bug()

    def hold(self, over: Deferred[None]) -> None:
        """Handle and read nothing until this fires."""
        self._busy = self._held = True

        def resume(_result: object) -> None:
            self._held = False
            self._go_on()

        over.addBoth(resume)

    def _go_on(self) -> None:
        if self._held:
            # what was waited for ended with a wait of its own
            self._flush()
            self._regulate()
            return
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
        self._make_room()
        if not (self._busy or self._running or self._closing):
            self._run()

    def stopProducing(self) -> None:
        """Nothing to stop: `connectionLost` follows (IPushProducer)."""

    def _regulate(self) -> None:
        """Let the transport read, or not, as room allows."""
        full = self._busy and self.framing.pending > MAX_WAITING_OCTETS
        pause = self._peer_slow or self._held or full
        if pause == self._paused or self._closing or self.said_all:
            return
        self._paused = pause
        (self.transport.pauseProducing if pause else self.transport.resumeProducing)()

    # Octets out

    def _flush(self) -> None:
        if self.outgoing and not self._lost:
            self._send(b"".join(self.outgoing))
        self.outgoing.clear()

    def _send(self, octets: bytes) -> None:
        """Write, at once if the kernel takes all of it."""
        if self._direct:
            octets = left_over(self.transport, octets)
        if octets:
            self._direct = False
            self.transport.write(octets)

    async def sent(self) -> bool:
        """Send what was gathered; return when the peer has room for more, False if it is gone.

        For `work` that says more than fits into memory. A peer that does not read has its time.
        """
        self._flush()
        if self._peer_slow and not self._closing:
            self._postpone_deadline()
            self._room = Deferred()
            await self._room
        return not self._closing

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            room.callback(None)

    @property
    def closing(self) -> bool:
        """Whether nobody hears what is said now."""
        return self._closing

    def cut(self) -> None:
        """Drop the connection at once, amid what was being said."""
        if not self._closing:
            self._closing = True
            self.outgoing.clear()
            self.forget()
            self.transport.abortConnection()

    def end(self, last_words: bytes) -> None:
        """Say something and close; whatever the peer sent behind is not looked at."""
        if not self._closing:
            if last_words:
                self.outgoing.append(last_words)
            self.forget()
            self._close()

    def _close(self) -> None:
        self._closing = True
        self._make_room()
        self.framing.discard()
        self._flush()
        if self._running and self._direct:  # the kernel has all of it: nothing to wait for
            self.transport.connectionLost(connectionDone)
            return
        patience_s = HANDSHAKE_GRACE_S if self._shaking_hands else CLOSE_TIMEOUT_S
        self._deadline = self.clock.seconds() + patience_s
        self._wake_at(self._deadline)
        self.transport.unregisterProducer()
        if self._paused:
            # a transport that doesn't read doesn't see the peer go either
            self.transport.resumeProducing()
        self.transport.loseConnection()

    # Time

    def _look_at_clock(self) -> None:
        """End the session if its time is over; if not, look again when it will be."""
        self._timer = None
        now = self.clock.seconds()
        deadline = self._deadline
        if not self._closing:
            deadline = self.due()
            if self._busy and self._room is None:
                # it is us for whom the peer waits, and what we wait for has deadlines of its own
                deadline = max(deadline, now + self.timeout_s)
        if now < deadline:
            self._wake_at(min(deadline, now + self.look_s))
        elif self._closing:
            self.transport.abortConnection()
        else:
            self.time_over()

    # The factory's wishes

    def drain(self) -> None:
        """Close as soon as nothing is unfinished: now, or behind its reply."""
        self._draining = True
        if not (self._busy or self._running or self.unfinished()):
            self.end(self.CLOSING_WORDS)

    def abort(self) -> None:
        """Close now; a commit goes on without us."""
        self.end(self.CLOSING_WORDS)
