"""Messages brought into a store by the real pipeline, without a door before it."""

from __future__ import annotations

from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.model.address import Address
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.rules.judging import Judging
from bitrixmail.store.opening import InlineStores
from tests.fakes.gate import RecordingMailLog
from tests.fakes.real_gate import CLIENT, gate_of, judge_of
from tests.fakes.stores import result_of


class Sender:
    """Delivers by one gate that judges by the rules in force when it was made. Made by a test."""

    def __init__(
        self, stores: InlineStores, clock: Clock, seed: int = 0, judging: Judging | None = None
    ) -> None:
        time = cast("IReactorTime", clock)
        judge = judge_of(stores, time, judging)
        result_of(judge.load())
        self._gate = gate_of(stores, time, RecordingMailLog(), judge=judge, seed=seed)

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
