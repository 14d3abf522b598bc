"""A gate that keeps everything in memory, and can refuse, wait and fail on demand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred
from zope.interface import implementer

from bitrixmail.interfaces.gate import IGate, ISink, ITransaction
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import Recipient, RecipientParameters, SenderParameters
from bitrixmail.model.errors import MailError, PermanentError, TemporaryError
from bitrixmail.model.outcome import Outcome
from bitrixmail.model.reply import Reply


@dataclass
class Received:
    """One committed message."""

    client: Client
    sender: Address | None
    parameters: SenderParameters
    recipients: tuple[Recipient, ...]
    content: bytes


@implementer(IGate)
@dataclass
class RecordingGate:
    """Notes what doors do. Made by a test.

    `hold`: names of calls (sender, recipient, write, commit) that wait for `release`.
    `refuse`: an address, or `sender`, `commit`, `arrived`, and the reply for it.
    `outcomes`: replies of a commit by address; `bugs`: calls that raise what nobody foresaw.
    """

    hold: set[str] = field(default_factory=set)
    refuse: dict[str, Reply] = field(default_factory=dict)
    outcomes: dict[str, Reply] = field(default_factory=dict)
    bugs: set[str] = field(default_factory=set)
    messages: list[Received] = field(default_factory=list)
    opened: list[RecordingTransaction] = field(default_factory=list)
    aborted: list[Reply | None] = field(default_factory=list)
    waiting: list[Deferred[None]] = field(default_factory=list)
    inside: Counter[str] = field(default_factory=Counter)

    def arrived(self, client: Client) -> Reply | None:
        if "arrived" in self.refuse:
            return self.refuse["arrived"]
        self.inside[client.address] += 1
        return None

    def left(self, client: Client) -> None:
        self.inside[client.address] -= 1

    def open(self, client: Client, once: str = "", queue_id: str = "") -> RecordingTransaction:
        transaction = RecordingTransaction(self, client)
        self.opened.append(transaction)
        return transaction

    def release(self) -> None:
        """Let the call go on that has waited longest."""
        self.waiting.pop(0).callback(None)

    async def passing(self, name: str) -> None:
        if name in self.hold:
            await self.wait()
        if name in self.bugs:
            raise ZeroDivisionError(name)
        self.check(name)

    def check(self, name: str) -> None:
        reply = self.refuse.get(name)
        if reply is not None:
            raise refusal(reply)

    def wait(self) -> Deferred[None]:
        deferred: Deferred[None] = Deferred()
        self.waiting.append(deferred)
        return deferred


def refusal(reply: Reply) -> MailError:
    return TemporaryError(reply) if reply.code < 500 else PermanentError(reply)


@implementer(ITransaction)
class RecordingTransaction:
    """Belongs to a RecordingGate."""

    def __init__(self, gate: RecordingGate, client: Client) -> None:
        self.gate = gate
        self.client = client
        self.envelope_sender: Address | None = None
        self.parameters = SenderParameters()
        self.recipients: list[Recipient] = []
        self.chunks: list[bytes] = []
        self.ended = False

    async def sender(self, address: Address | None, parameters: SenderParameters) -> None:
        await self.gate.passing("sender")
        self.envelope_sender, self.parameters = address, parameters

    async def recipient(self, address: Address, parameters: RecipientParameters) -> None:
        await self.gate.passing("recipient")
        self.gate.check(str(address))
        self.recipients.append(Recipient(address, parameters))

    def body(self) -> ISink:
        sink: ISink = RecordingSink(self)
        return sink

    async def commit(self) -> tuple[Outcome, ...]:
        if self.ended:
            raise RuntimeError("used after its end")
        self.ended = True
        await self.gate.passing("commit")
        self.gate.messages.append(
            Received(
                self.client,
                self.envelope_sender,
                self.parameters,
                tuple(self.recipients),
                b"".join(self.chunks),
            )
        )
        kept = Reply(250, "2.0.0", f"queued as {len(self.gate.messages)}")
        return tuple(
            Outcome(found.address, self.gate.outcomes.get(str(found.address), kept))
            for found in self.recipients
        )

    def abort(self, reason: Reply | None = None) -> None:
        if not self.ended:
            self.ended = True
            self.gate.aborted.append(reason)


@implementer(ISink)
class RecordingSink:
    """Belongs to a RecordingTransaction."""

    def __init__(self, transaction: RecordingTransaction) -> None:
        self.transaction = transaction

    def write(self, data: bytes) -> Deferred[None] | None:
        gate = self.transaction.gate
        if "write" in gate.bugs:
            raise ZeroDivisionError("write")
        self.transaction.chunks.append(data)
        return gate.wait() if "write" in gate.hold else None


@implementer(IMailLog)
@dataclass
class RecordingMailLog:
    """An IMailLog that keeps its lines."""

    lines: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def record(self, transition: str, **fields: object) -> None:
        self.lines.append((transition, fields))
