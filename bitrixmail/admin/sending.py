"""Mail that programs hand in by the API: handed to the gate once, and what became of it.

Raises InputError, NotFoundError, MailError.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import typed
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.gate import IGate, ISink, ITransaction
from bitrixmail.interfaces.queue import IQueue
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.mime.addresses import parse_addresses
from bitrixmail.mime.headers import HeaderSection
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import Fault, InputError, MailError, NotFoundError
from bitrixmail.model.job import JobState, Kind
from bitrixmail.model.message import Event
from bitrixmail.model.queue import Queued, Search
from bitrixmail.tasks import utcnow

DOOR = "api"
MOST_RECIPIENTS = 1000
MOST_HELD = timedelta(days=30)
# The clocks of two machines may differ by so much
MOST_PAST = timedelta(minutes=1)
_PIECE_OCTETS = 64 * 1024
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LETTERS = 13
_MOST_EVENTS = 1000
_MOST_LISTED = 1000
_STATES = {
    JobState.WAITING: "queued",
    JobState.LEASED: "sending",
    JobState.HELD: "held",
    JobState.DONE: "delivered",
    JobState.DEAD: "failed",
}


@dataclass(frozen=True, slots=True)
class RecipientState:
    """Where a message stands for one recipient.

    `state`: queued, scheduled, sending, held, delivered, failed, refused. `said` is the last reply
    of the other side, or ours; `next`: when it is tried, or sent, at the earliest.
    """

    address: str
    state: str
    said: str = ""
    attempts: int = 0
    next: datetime | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """A message that was handed in. `repeated`: it was before, and nothing was done now."""

    id: str
    recipients: tuple[RecipientState, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed in. `user` is who does; `key`, if there is one, names it for that user.

    `digest` tells whether what comes again with a key is the same.
    """

    user: str
    sender: str
    recipients: Sequence[str]
    not_before: datetime | None = None
    key: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """What names it for the gate, without the digest."""
        return f"api:{self.user}:{hashlib.sha256(self.key.encode()).hexdigest()}"


class Sending:
    """The use cases of mail that programs hand in. Made by compose, lives as long as the server.

    `max_octets` tells how large a message may be; 0: no limit.
    """

    def __init__(
        self,
        gate: IGate,
        directory: IDirectory,
        queue: IQueue,
        messages: IMessageStore,
        clock: IReactorTime,
        *,
        hostname: str,
        max_octets: Callable[[], int],
    ) -> None:
        self._gate = gate
        self._directory = directory
        self._queue = queue
        self._messages = messages
        self._clock = clock
        self._max_octets = max_octets
        # Of those with a key: the digests under each name
        self._under_way: dict[str, list[str]] = {}
        self.hostname = hostname

    def id_for(self, parcel: Parcel) -> str:
        """Return what the message is called: the same for the same key of a user.

        It begins with a letter with which ids made of the time do not for a thousand years.
        """
        if not parcel.key:
            return "Z" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LETTERS))
        digest = hashlib.sha256(f"{parcel.user}\0{parcel.key}".encode("utf-8", "replace")).digest()
        return "Z" + "".join(_ALPHABET[octet & 31] for octet in digest[:_ID_LETTERS])

    def message_id(self, queue_id: str) -> str:
        """Return the Message-ID of a message that is written here."""
        return f"<{queue_id}@{self.hostname}>"

    def now(self) -> datetime:
        """Return the time."""
        return utcnow(self._clock)

    async def repeated(self, queue_id: str, parcel: Parcel) -> Handed | None:
        """Return what became of a message that was handed in before under its key.

        Raises InputError: that was another one.
        """
        if not parcel.key:
            return None
        await self._check_key(parcel)
        try:
            states = await self.states(queue_id)
        except NotFoundError:
            return None
        return Handed(queue_id, states, repeated=True)

    async def _check_key(self, parcel: Parcel) -> None:
        """Refuse another message under a key that had one: it would be dropped in silence."""
        before = await self._messages.brought(parcel.name)
        digests = {each.removeprefix(f"{parcel.name}:") for each in before if each != parcel.name}
        digests.update(self._under_way.get(parcel.name, ()))
        if digests - {parcel.digest}:
            what = "was used for something else before"
            fault = Fault("header Idempotency-Key", what, "take a new key for each new thing")
            raise InputError(fault)

    async def own_address(self, text: str, where: str) -> Address:
        """Read an address as which mail is sent: one of a domain of this server."""
        address = address_of(text, where)
        if await self._directory.domain(address.domain) is None:
            what = f"{address.domain} is not a domain of this server"
            raise InputError(
                Fault(where, what, "send as an address of a domain that is added here")
            )
        return address

    async def hand_in(self, queue_id: str, parcel: Parcel, octets: bytes, peer: str) -> Handed:
        """Hand a message over to the gate; `octets` have CRLF at their line ends.

        A recipient that is refused stands in the answer; if all are, nothing is kept: InputError.
        """
        if not parcel.key:
            return await self._handed_in(queue_id, parcel, octets, peer)
        digests = self._under_way.setdefault(parcel.name, [])
        digests.append(parcel.digest)
        try:
            await self._check_key(parcel)
            return await self._handed_in(queue_id, parcel, octets, peer)
        finally:
            digests.remove(parcel.digest)
            if not digests:
                del self._under_way[parcel.name]

    async def _handed_in(self, queue_id: str, parcel: Parcel, octets: bytes, peer: str) -> Handed:
        sender = await self.own_address(parcel.sender, "sender") if parcel.sender else None
        self._check(parcel, octets)
        await self._check_author(octets)
        parameters = SenderParameters(
            size_octets=len(octets),
            body="8BITMIME",
            smtputf8=not all(map(str.isascii, (parcel.sender, *parcel.recipients))),
            hold_until=parcel.not_before,
        )
        client = Client(
            peer, 0, queue_id, door=DOOR, smtputf8=parameters.smtputf8, account=parcel.user
        )
        once = f"{parcel.name}:{parcel.digest}" if parcel.key else ""
        transaction = self._gate.open(client, once, queue_id)
        try:
            await transaction.sender(sender, parameters)
            refused = await _named(transaction, parcel.recipients)
            await _written(transaction.body(), octets)
            outcomes = await transaction.commit()
        except BaseException:
            transaction.abort()
            raise
        if all(outcome.reply.code // 100 == 5 for outcome in outcomes):
            said = str(outcomes[0].reply)
            raise InputError(Fault("message", f"the rules refuse it: {said}"))
        return Handed(queue_id, (*await self.states(queue_id), *refused))

    def _check(self, parcel: Parcel, octets: bytes) -> None:
        faults = []
        most = self._max_octets()
        if 0 < most < len(octets):
            faults.append(Fault("message", f"is larger than {most} octets", "see smtp.max_size"))
        if not 0 < len(parcel.recipients) <= MOST_RECIPIENTS:
            what = f"must be 1 to {MOST_RECIPIENTS}"
            faults.append(Fault("recipients", what, "send the rest separately"))
        if parcel.not_before is not None and parcel.not_before - self.now() > MOST_HELD:
            faults.append(Fault("send_at", f"is more than {MOST_HELD.days} days ahead"))
        if parcel.not_before is not None and self.now() - parcel.not_before > MOST_PAST:
            what = f"is in the past: here it is {self.now().isoformat(timespec='seconds')}"
            faults.append(Fault("send_at", what, "leave it out to send at once"))
        if b"\0" in octets:
            faults.append(Fault("message", "has a NUL character", "encode it (RFC 2045)"))
        if faults:
            raise InputError(*faults)

    async def _check_author(self, octets: bytes) -> None:
        """Refuse a message whose author is not of this server (RFC 6409 §6.1)."""
        headers = HeaderSection.parse(octets)
        fields = headers.all("from")
        authors = parse_addresses(fields[0], headers.decode, 50) if len(fields) == 1 else ()
        if not authors:
            what = "there is no From field" if not fields else "is given twice, or has no address"
            raise InputError(Fault("header From", what, "write one, with one address"))
        for author in authors:
            await self.own_address(author.address, "header From")

    async def states(self, queue_id: str) -> tuple[RecipientState, ...]:
        """Tell where a message stands, for each recipient. Raises NotFoundError."""
        jobs = await self._queue.find(Search(queue_ids=(queue_id,)), _MOST_LISTED)
        events = await self._messages.events(queue_id, None, _MOST_EVENTS)
        if not jobs and not events:
            raise NotFoundError(Fault(queue_id, "no such message was handed in"))
        found = {state.address.lower(): state for state in _of_events(events)}
        now = self.now()
        for job in jobs:
            if job.kind in (Kind.REMOTE, Kind.LOCAL):
                found[job.recipient.lower()] = _of_job(job, now)
        return tuple(found[address] for address in sorted(found))


def address_of(text: str, where: str) -> Address:
    """Read an address of an envelope: its domain in A-labels, its local-part as it was written."""
    key = typed.address_key(text, where)
    local_part = text.strip().rpartition("@")[0]
    return Address(local_part, key.rpartition("@")[2])


def _of_job(job: Queued, now: datetime) -> RecipientState:
    state = _STATES[job.state]
    if state == "queued" and not job.attempts and job.not_before > now:
        state = "scheduled"
    said = "" if job.last is None else job.last.reply
    is_open = job.state in (JobState.WAITING, JobState.HELD)
    return RecipientState(
        job.recipient, state, said, job.attempts, job.not_before if is_open else None
    )


def _of_events(events: Sequence[Event]) -> list[RecipientState]:
    """Tell what the event log knows: of mailboxes here, and of what has left the queue."""
    found: dict[str, RecipientState] = {}
    for event in events:
        if event.kind == "filed":
            kept = event.text.startswith(("kept", "quarantined"))
            state = "delivered" if kept else "refused"
            found[event.address] = RecipientState(event.address, state, event.text)
        elif event.kind in {"sent", "bounced", "failed"} and event.address:
            state = "delivered" if event.kind == "sent" else "failed"
            found[event.address] = RecipientState(event.address, state, event.text)
    return list(found.values())


async def _named(transaction: ITransaction, recipients: Sequence[str]) -> list[RecipientState]:
    """Name the recipients; return those that are refused. InputError: all of them are."""
    wanted = [address_of(text, "recipients") for text in dict.fromkeys(recipients)]
    refused: list[RecipientState] = []
    for address in wanted:
        try:
            await transaction.recipient(address, RecipientParameters())
        except MailError as error:
            refused.append(RecipientState(str(address), "refused", str(error.reply)))
    if len(refused) == len(wanted):
        raise InputError(*(Fault(f"recipient {each.address}", each.said) for each in refused))
    return refused


async def _written(sink: ISink, octets: bytes) -> None:
    for start in range(0, len(octets), _PIECE_OCTETS):
        waiting = sink.write(octets[start : start + _PIECE_OCTETS])
        if waiting is not None:
            await waiting
