"""Messages brought into a store by the real pipeline, without a door before it."""

from __future__ import annotations

from random import Random
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.model.address import Address
from bitrixmail.model.client import Client
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.pipeline.gate import Gate
from bitrixmail.pipeline.judge import Judge
from bitrixmail.pipeline.routing import Router
from bitrixmail.rules.judging import Judging
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.gate import RecordingMailLog
from tests.fakes.stores import result_of

CLIENT = Client("192.0.2.1", 25, "s1", helo="client.example", esmtp=True)


class Sender:
    """Delivers by one gate that judges by the rules in force when it was made. Made by a test."""

    def __init__(
        self, stores: InlineStores, clock: Clock, seed: int = 0, judging: Judging | None = None
    ) -> None:
        time = cast("IReactorTime", clock)
        judge = Judge(stores.rulebook, InlineThreads(), time, judging or Judging(0.1))
        result_of(judge.load())
        self._gate = Gate(
            router=Router(stores.directory, "mx.example.org"),
            messages=stores.messages,
            suppressions=stores.suppressions,
            blobs=stores.blobs,
            judge=judge,
            maillog=RecordingMailLog(),
            clock=time,
            random=Random(seed),
            hostname="mx.example.org",
            inline_octets=1000,
            limits=SMTPLimits(),
        )

    def deliver(self, octets: bytes, *recipients: str, sender: str = "buyer@example.net") -> str:
        """Send a message from outside; return its queue id.

        An unknown recipient raises PermanentError, and is noted as refused.
        """
        transaction = self._gate.open(CLIENT)
        reverse_path = address(sender) if sender else None
        result_of(transaction.sender(reverse_path, SenderParameters()))
        try:
            for recipient in recipients:
                result_of(transaction.recipient(address(recipient), RecipientParameters()))
        finally:
            result_of(self._gate.refusals.write())
        transaction.body().write(octets)
        outcomes = result_of(transaction.commit())
        return str(outcomes[0].reply).rpartition(" ")[2]


def deliver(
    stores: InlineStores,
    octets: bytes,
    *recipients: str,
    sender: str = "buyer@example.net",
    hour: int = 0,
) -> str:
    """Send one message on the first of January 2027, see `Sender.deliver`."""
    clock = Clock()
    clock.advance(1_798_761_600 + hour * 3600)
    return Sender(stores, clock, hour).deliver(octets, *recipients, sender=sender)


def address(text: str) -> Address:
    local_part, _, domain = text.rpartition("@")
    return Address(local_part, domain)
