"""A connection to a host: one parcel after the other is handed over, within time and memory.

`connect` makes one, ready for its first parcel; `deliver` hands over one after the other; `close`
takes leave. Everything is bounded in time by `Terms.timeouts`, in memory by one piece of content.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IAddress, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory

from bitrixmail.model.parcel import ConnectionFailed, Delivered, Failing, Parcel, Stage
from bitrixmail.outbound.client.dialogue import Event
from bitrixmail.outbound.client.extensions import Extensions
from bitrixmail.outbound.client.host_link import HostLink, cause_of
from bitrixmail.outbound.client.sasl import UntrustedHostError, mechanism
from bitrixmail.outbound.client.terms import TLS, Terms
from bitrixmail.outbound.client.transaction import Transaction
from bitrixmail.tasks import deadline

# Content up to so much is read at once and leaves in one write with its dot
SMALL_OCTETS = 64 * 1024
PIECE_OCTETS = 64 * 1024


async def connect(
    endpoint: IStreamClientEndpoint, terms: Terms, clock: IReactorTime
) -> Connection | ConnectionFailed:
    """Connect, come under TLS, say EHLO and log in as `terms` have it.

    Never raises but for being cancelled, which drops the connection.
    """
    connection = Connection(terms, clock)
    try:
        await deadline(endpoint.connect(_One(connection)), terms.timeouts.connect, clock)
    except TimeoutError:
        return ConnectionFailed(Failing.CONNECT, Stage.OURS, "no answer to our call")
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - each kind of endpoint has errors of its own
        return ConnectionFailed(Failing.CONNECT, Stage.OURS, cause_of(error))
    try:
        failure = await connection.prepare()
    except BaseException:  # cancelled, or a bug: nobody else knows of the connection
        connection.abort()
        raise
    return failure or connection


class _One(Factory):
    """Gives an endpoint the one connection it is for."""

    noisy = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def buildProtocol(self, addr: IAddress | None) -> Connection:  # noqa: ARG002 - it is one
        """See IProtocolFactory."""
        return self._connection


class Connection(HostLink):
    """Made by `connect`, lives until `close` or until `alive` is False.

    One parcel at a time, and one behind it where `room_behind` says so.
    """

    # How many were handed over
    parcels = 0
    # Whether one goes in several transactions, between which nothing else may come
    _in_parts = False

    # What the courier does with it

    @property
    def alive(self) -> bool:
        """Whether a parcel may be handed over: nothing has failed, and LIMITS allow one more."""
        most = self._dialogue.extensions.most_messages
        return self._dialogue.failure is None and not (most and self.parcels >= most)

    @property
    def extensions(self) -> Extensions:
        """What the host offers."""
        return self._dialogue.extensions

    @property
    def failure(self) -> ConnectionFailed | None:
        """What ended it; None as long as it is alive."""
        return self._dialogue.failure

    @property
    def room_behind(self) -> bool:
        """Whether one more parcel that `fits_behind` may be handed over already.

        Not behind the first one: the host has shown by then that it takes one after the other.
        """
        proven = self.parcels > 1 and self.alive and not self._in_parts
        return proven and self._dialogue.room_behind

    def fits_behind(self, parcel: Parcel) -> bool:
        """Tell whether a parcel is handed over in one go: small, and for not too many."""
        most = self.extensions.most_recipients
        few = most == 0 or len(parcel.recipients) <= most
        return few and len(parcel.prefix) + parcel.size_octets <= SMALL_OCTETS

    async def deliver(self, parcel: Parcel) -> Delivered:
        """Hand a parcel over; return what became of each recipient, in order.

        More recipients than the host takes at once go in several transactions. Raise what
        `parcel.read` raises, and CancelledError: amid a transaction both drop the connection.
        """
        most = self.extensions.most_recipients
        if not 0 < most < len(parcel.recipients):
            return await self._deliver(parcel)
        delivered: Delivered = ()
        self._in_parts = True
        try:
            for first in range(0, len(parcel.recipients), most):
                some = parcel.recipients[first : first + most]
                delivered += await self._deliver(replace(parcel, recipients=some))
        finally:
            self._in_parts = False
        return delivered

    async def close(self) -> None:
        """Take leave and close; returns when the connection is gone, in `timeouts.leave` at most.

        Amid a transaction, or when cancelled, it is dropped.
        """
        try:
            if self._idle:
                self._came.clear()
                self._dialogue.quit()
                self._happened([])
                if await self._event() is Event.BYE:
                    self.transport.loseConnection()
                    # Under TLS it waits for the host's farewell
                    self._patience.wait_for(Stage.QUIT, self._terms.timeouts)
            else:
                self.abort()
            if not self._lost:
                self._gone = Deferred()
                await self._gone
        except CancelledError:
            self.abort()
            raise

    @property
    def _idle(self) -> bool:
        dialogue = self._dialogue
        busy = dialogue.waits_for is not None or dialogue.transaction is not None
        return dialogue.failure is None and not busy

    # A parcel

    async def _deliver(self, parcel: Parcel) -> Delivered:
        content = None
        size_octets = len(parcel.prefix) + parcel.size_octets
        if size_octets <= SMALL_OCTETS and self.alive:
            content = parcel.prefix + await _read(parcel, 0, parcel.size_octets)
        if not self.alive:
            closed = ConnectionFailed(Failing.LOST, Stage.OURS, "the connection is closed")
            return (closed,) * len(parcel.recipients)
        self.parcels += 1
        self._patience.whole(self._terms.timeouts, size_octets)
        transaction = self._dialogue.hand_over(parcel, content)
        try:
            if content is None:
                self._came.clear()
                self._happened(self._dialogue.happened())
                await self._feed(transaction, parcel)
            else:
                await self._through(transaction)
        except BaseException:  # cancelled, or the store can't be read: there is no way to go on
            self.abort()
            raise
        finally:
            if self._dialogue.transaction is None:
                self._patience.rest()
            self._produce(False)
        return transaction.outcome

    async def _through(self, transaction: Transaction) -> None:
        """Wait until a transaction has come to its end."""
        ended = self._ends[transaction] = Deferred()
        self._happened(self._dialogue.happened())
        await ended

    async def _feed(self, transaction: Transaction, parcel: Parcel) -> None:
        """Feed a large content as the host takes it, unless it comes to an end before."""
        offset = -len(parcel.prefix)
        while transaction is self._dialogue.transaction:
            if not transaction.wants_content:
                await self._event()
            elif self._full:
                await self._drained()
            elif offset >= parcel.size_octets:
                transaction.end_content()
                await self._through(transaction)
                return
            else:
                if offset < 0:
                    piece, offset = parcel.prefix, 0
                else:
                    length = min(PIECE_OCTETS, parcel.size_octets - offset)
                    piece = await _read(parcel, offset, length)
                    offset += length
                if transaction is self._dialogue.transaction and transaction.feeding:
                    self._produce(True)
                    transaction.feed(piece)
                    self._happened([])

    async def _drained(self) -> None:
        self._room = Deferred()
        await self._room

    # The way to the first parcel

    async def prepare(self) -> ConnectionFailed | None:
        """Come to where a parcel can be handed over; return why it can't be. For `connect`."""
        terms, dialogue = self._terms, self._dialogue
        if await self._until(Event.READY):
            return dialogue.failure
        offered = dialogue.extensions.starttls
        if terms.tls is TLS.MUST and not offered:
            return self._give_up(Failing.TLS, "the host does not offer STARTTLS")
        if offered and terms.tls in {TLS.MUST, TLS.MAY}:
            dialogue.start_tls()
            self._happened([])
            event = await self._event()
            if event is Event.NO_TLS:
                if terms.tls is TLS.MUST:
                    return self._give_up(Failing.TLS, "the host refuses STARTTLS", dialogue.refusal)
                self.tls_refused = str(dialogue.refusal)
            elif event is not Event.READY:
                return dialogue.failure
        if terms.login is not None:
            await self._log_in()
        return dialogue.failure

    async def _log_in(self) -> None:
        terms, dialogue = self._terms, self._dialogue
        if self.tls is None and not terms.login_in_clear:
            self._give_up(Failing.AUTH, "no login without TLS")
            return
        chosen = None
        if terms.login is not None:
            chosen = mechanism(terms.login, dialogue.extensions.auth)
        if chosen is None:
            self._give_up(Failing.AUTH, "the host offers no way to log in that we know")
            return
        dialogue.authenticate(chosen.name, chosen.initial)
        self._happened([])
        while (event := await self._event()) is Event.CHALLENGE:
            try:
                response = await terms.threads.run(chosen.respond, dialogue.challenge)
            except UntrustedHostError as error:
                self._give_up(Failing.AUTH, str(error))
                return
            dialogue.respond(response)
            self._happened([])
        if event is Event.NO_LOGIN:
            self._give_up(Failing.AUTH, "the host refuses our login", dialogue.refusal)
        elif event is Event.LOGGED_IN and not chosen.over:
            self._give_up(Failing.AUTH, f"{chosen.name}: the host says yes before its proof")


async def _read(parcel: Parcel, offset: int, length: int) -> bytes:
    octets = await parcel.read(offset, length) if length else b""
    if len(octets) != length:
        raise RuntimeError(f"a message of {parcel.size_octets} octets ends before its end")
    return octets
