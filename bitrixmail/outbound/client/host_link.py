"""The transport's side of a connection to a host: octets, events, TLS, flow and time."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener, IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.tcp import Connection as TCPConnection
from twisted.python.failure import Failure
from zope.interface import implementer

from bitrixmail.link.at_once import left_over
from bitrixmail.link.peer import peer_of, tls_of
from bitrixmail.model.client import TLSInfo
from bitrixmail.model.parcel import Answer, ConnectionFailed, Failing, Stage
from bitrixmail.model.text import printable
from bitrixmail.outbound.client.dialogue import Dialogue, Event
from bitrixmail.outbound.client.patience import Patience
from bitrixmail.outbound.client.terms import TLS, Terms
from bitrixmail.outbound.client.transaction import Transaction


@implementer(IHandshakeListener, IPushProducer)
class HostLink(Protocol):
    """What a `Connection` has of Twisted. Made and lives with it.

    `address` is the host's IP address, `tls` what was agreed on (None: in the clear), `tls_fault`
    what is wrong with its certificate, `tls_refused` its word on STARTTLS.
    """

    transport: Any  # ITCPTransport and ITLSTransport at once

    def __init__(self, terms: Terms, clock: IReactorTime) -> None:
        self._terms = terms
        self._dialogue = Dialogue(terms.name, pipelining=terms.pipelining)
        self._patience = Patience(clock, self._time_over)
        self._awaited: Deferred[Event] | None = None
        self._came: list[Event] = []
        # Who waits for the end of what
        self._ends: dict[Transaction, Deferred[None]] = {}
        self._room: Deferred[None] | None = None
        self._full = False
        self._producing = False
        self._steps = 0
        self._shaking_hands = False
        self._direct = False
        self._gone: Deferred[None] | None = None
        self._lost = False
        self.address = ""
        self.tls: TLSInfo | None = None
        self.tls_fault = ""
        self.tls_refused = ""

    def abort(self) -> None:
        """Drop the connection at once."""
        self._awaited = None
        self._happened(self._dialogue.fail(Failing.LOST, "we dropped the connection"))

    # Events

    def _give_up(
        self, kind: Failing, text: str, refusal: Answer | None = None
    ) -> ConnectionFailed | None:
        """Fail; the connection is dropped."""
        self._happened(self._dialogue.fail(kind, text, refusal))
        return self._dialogue.failure

    async def _event(self) -> Event:
        """Wait for the next event; FAILED once nothing more can come."""
        if self._came:
            return self._came.pop(0)
        if self._dialogue.failure is not None:
            return Event.FAILED
        self._awaited = Deferred()
        return await self._awaited

    async def _until(self, wanted: Event) -> bool:
        """Wait for one event and pass over others; return whether the dialogue failed instead."""
        while (event := await self._event()) is not wanted:
            if event is Event.FAILED:
                return True
        return False

    def _happened(self, events: list[Event]) -> None:
        """Hand on what came of what was heard or said, and write what is to be said."""
        if Event.FAILED in events:
            self._drop()
        if Event.DONE in events:
            # Who is told may have more to say, which leaves in the same write
            for transaction in self._dialogue.ended():
                waiting = self._ends.pop(transaction, None)
                if waiting is not None:
                    waiting.callback(None)
        self._flush()
        for event in events:
            if event is Event.SHAKE_HANDS:
                self._start_tls()
            elif event is not Event.DONE or self._awaited is not None:
                self._came.append(event)
        if self._dialogue.steps != self._steps and not self._shaking_hands:
            # half a reply buys no time
            self._steps = self._dialogue.steps
            self._patience.wait_for(self._dialogue.waits_for, self._terms.timeouts)
        if self._room is not None and self._dialogue.transaction is None:
            self._make_room()
        if self._came and self._awaited is not None:
            awaited, self._awaited = self._awaited, None
            awaited.callback(self._came.pop(0))

    def _time_over(self, stage: Stage | None) -> None:
        if self._shaking_hands:
            failed = self._dialogue.fail(Failing.TLS, "no end of the TLS handshake")
        elif stage is None:
            failed = self._dialogue.fail(Failing.TIMEOUT, "the host takes too long")
        else:
            failed = self._dialogue.fail(Failing.TIMEOUT, f"no reply to {stage}")
        self._happened(failed)

    # Twisted's side

    def connectionMade(self) -> None:
        """Wait for the greeting, or shake hands first."""
        self.address = peer_of(self.transport.getPeer())[0]
        self.transport.setTcpNoDelay(True)
        self._direct = isinstance(self.transport, TCPConnection)
        if self._terms.tls is TLS.IMPLICIT:
            self._start_tls()
        else:
            self._patience.wait_for(Stage.GREETING, self._terms.timeouts)

    def dataReceived(self, data: bytes) -> None:
        """Take octets from the host, in any cuts."""
        self._happened(self._dialogue.receive(data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Whoever waits for something waits in vain."""
        self._lost = True
        self._direct = False
        cause = "the host has closed the connection"
        if reason.value is not None and not isinstance(reason.value, ConnectionDone):
            cause = cause_of(reason.value)
        if self._shaking_hands:
            failed = self._dialogue.fail(Failing.TLS, f"TLS handshake: {cause}")
        else:
            failed = self._dialogue.fail(Failing.LOST, cause)
        self._happened(failed)
        self._patience.stop()
        gone, self._gone = self._gone, None
        if gone is not None:
            gone.callback(None)

    def handshakeCompleted(self) -> None:
        """Look at what TLS agreed on, and begin anew under it (IHandshakeListener)."""
        self._shaking_hands = False
        if self._dialogue.failure is not None:
            return
        handle: SSL.Connection = self.transport.getHandle()
        self.tls = tls_of(handle)
        peer_tls = self._terms.peer_tls
        self.tls_fault = peer_tls.fault(handle) if peer_tls is not None else ""
        if self.tls_fault and self._terms.verify:
            self._give_up(Failing.TLS, self.tls_fault)
            return
        if self._terms.tls is TLS.IMPLICIT:
            self._patience.wait_for(Stage.GREETING, self._terms.timeouts)
        else:
            self._dialogue.secured()
            self._happened([])

    def _start_tls(self) -> None:
        self._direct = False
        self._shaking_hands = True
        if self._terms.peer_tls is None:
            raise RuntimeError("TLS without a context: Terms.peer_tls is missing")
        self.transport.startTLS(self._terms.peer_tls.creator())
        self._patience.shake_hands(self._terms.timeouts)

    def _flush(self) -> None:
        """Write what is to be said, at once if the kernel takes all of it."""
        octets = self._dialogue.take()
        if not octets or self._lost:
            return
        if self._direct:
            octets = left_over(self.transport, octets)
        if octets:
            self._direct = False
            self.transport.write(octets)

    def _drop(self) -> None:
        """Close without waiting for what is still to be written."""
        self._patience.stop()
        self._make_room()
        if not self._lost:
            self.transport.abortConnection()

    # Flow

    def _produce(self, feeding: bool) -> None:
        """Have the transport say when it is full, or no longer."""
        if feeding != self._producing:
            self._producing = feeding
            if feeding:
                self.transport.registerProducer(self, True)
            else:
                self.transport.unregisterProducer()

    def pauseProducing(self) -> None:
        """Feed nothing more: the host doesn't read (IPushProducer)."""
        self._full = True

    def resumeProducing(self) -> None:
        """Go on: the host has read (IPushProducer)."""
        self._full = False
        self._patience.wait_for(self._dialogue.waits_for, self._terms.timeouts)
        self._make_room()

    def stopProducing(self) -> None:
        """Nothing to stop: `connectionLost` follows (IPushProducer)."""

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            room.callback(None)


def cause_of(error: BaseException) -> str:
    """Return what an error says on one line; those of OpenSSL say it in a list of tuples."""
    if isinstance(error, SSL.Error) and error.args and isinstance(error.args[0], list):
        words = "; ".join(str(entry[-1]) for entry in error.args[0] if entry)
        return printable(words or "TLS failed")
    return printable(str(error) or type(error).__name__)
