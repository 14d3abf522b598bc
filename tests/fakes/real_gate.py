"""The real gate over real stores, and a house of it: what tests put behind a door, or in its place."""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.task import Clock

from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.interfaces.return_paths import IReturnPaths
from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.pipeline.gate import Gate
from bitrixmail.pipeline.judge import Judge
from bitrixmail.pipeline.routing import Router
from bitrixmail.pipeline.transaction import Transaction
from bitrixmail.rules.judging import Judging
from bitrixmail.store.opening import InlineStores, done
from bitrixmail.tasks import InlineThreads
from tests.fakes.gate import RecordingMailLog

CLIENT = Client("192.0.2.1", 25, "s1", helo="client.example", esmtp=True)


def judge_of(stores: InlineStores, clock: Any, judging: Judging | None = None) -> Judge:
    """Return the judge of the stores' rules, which is yet to be told to load them."""
    return Judge(stores.rulebook, InlineThreads(), clock, judging or Judging(0.1))


def gate_of(
    stores: InlineStores,
    clock: Any,
    maillog: IMailLog,
    *,
    judge: Judge | None = None,
    limits: SMTPLimits | None = None,
    seed: int = 1,
    local_domain: str = "mx.example.org",
    return_paths: IReturnPaths | None = None,
) -> Gate:
    """Return a gate; messages over 1000 octets are files of their own."""
    return Gate(
        router=Router(stores.directory, local_domain, return_paths),
        messages=stores.messages,
        suppressions=stores.suppressions,
        blobs=stores.blobs,
        judge=judge or judge_of(stores, clock),
        maillog=maillog,
        clock=clock,
        random=Random(seed),
        hostname="mx.example.org",
        inline_octets=1000,
        limits=limits or SMTPLimits(),
    )


class House:
    """A gate over real stores; made by a test."""

    def __init__(
        self,
        stores: InlineStores,
        clock: Clock,
        limits: SMTPLimits | None = None,
        *,
        return_paths: IReturnPaths | None = None,
    ) -> None:
        self.stores = stores
        self.log = RecordingMailLog()
        self.judge = judge_of(stores, clock)
        self.gate = gate_of(
            stores,
            clock,
            self.log,
            judge=self.judge,
            limits=limits,
            local_domain="example.org",
            return_paths=return_paths,
        )

    def opened(self, *recipients: str, size: int | None = None) -> Transaction:
        transaction = self.gate.open(CLIENT)
        done(transaction.sender(Address("boss", "example.net"), SenderParameters(size)))
        for recipient in recipients:
            done(transaction.recipient(Address.of(recipient), RecipientParameters()))
        return transaction

    def sent(self, octets: bytes, *recipients: str) -> str:
        transaction = self.opened(*recipients)
        transaction.body().write(octets)
        outcomes = done(transaction.commit())
        assert len(outcomes) == len(recipients)
        return str(outcomes[0].reply)

    def folder(self, address: str, name: str = "INBOX") -> list[bytes]:
        mailbox = done(self.stores.directory.mailbox(address))
        view = done(self.stores.messages.folder(mailbox.id, name))
        read = self.stores.messages.read
        return [done(read(place.id, 0, 10**8)) for place in view.places] if view else []
