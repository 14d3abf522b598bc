"""IGate, ITransaction, ISink: what every door may rely on, of the real gate and of the fake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.gate import IGate, ISink, ITransaction
from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.model.address import Address
from bitrixmail.model.directory import Domain
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.errors import PermanentError
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.model.reply import NO_SUCH_MAILBOX, Reply
from bitrixmail.store.opening import done, inline_stores
from tests.fakes.gate import RecordingGate, RecordingMailLog
from tests.fakes.real_gate import CLIENT, gate_of

KNOWN = Address("postmaster", "example.org")
UNKNOWN = Address("nobody", "example.org")


@pytest.fixture(params=["real", "fake"])
def gate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IGate]:
    if request.param == "fake":
        fake: IGate = RecordingGate(refuse={str(UNKNOWN): NO_SUCH_MAILBOX})
        yield fake
        return
    clock = Clock()
    clock.advance(1_800_000_000)
    with inline_stores(f"sqlite:///{tmp_path}/mail.sqlite", tmp_path, clock) as stores:
        done(stores.directory.add_domain(Domain("example.org")))
        real: IGate = gate_of(
            stores,
            clock,
            RecordingMailLog(),
            limits=SMTPLimits(connections_per_minute_per_ip=0),
            local_domain="example.org",
        )
        yield real


def begun(gate: IGate, *recipients: Address) -> ITransaction:
    transaction = gate.open(CLIENT)
    done(transaction.sender(None, SenderParameters()))
    for recipient in recipients:
        done(transaction.recipient(recipient, RecipientParameters()))
    return transaction


def test_they_keep_their_interfaces(gate: IGate) -> None:
    assert verifyObject(IGate, gate)
    transaction = begun(gate, KNOWN)
    assert verifyObject(ITransaction, transaction)
    assert verifyObject(ISink, transaction.body())
    transaction.abort()
    assert verifyObject(IMailLog, RecordingMailLog())


def test_connections_come_and_go(gate: IGate) -> None:
    assert gate.arrived(CLIENT) is None
    gate.left(CLIENT)


def test_one_outcome_per_recipient_in_their_order(gate: IGate) -> None:
    other = Address("abuse", "example.org")
    transaction = begun(gate, other, KNOWN)
    sink = transaction.body()
    assert sink.write(b"Subject: x\r\n") is None
    assert sink.write(b"\r\nbody\r\n") is None
    outcomes = done(transaction.commit())
    assert [outcome.recipient for outcome in outcomes] == [other, KNOWN]
    assert {outcome.reply.code for outcome in outcomes} == {250}


def test_a_refused_recipient_leaves_the_others(gate: IGate) -> None:
    transaction = begun(gate, KNOWN)
    with pytest.raises(PermanentError) as caught:
        done(transaction.recipient(UNKNOWN, RecipientParameters()))
    assert caught.value.reply == NO_SUCH_MAILBOX
    transaction.body().write(b"\r\n")
    (outcome,) = done(transaction.commit())
    assert outcome.recipient == KNOWN


def test_abort_may_come_at_any_time_and_twice(gate: IGate) -> None:
    gate.open(CLIENT).abort()
    transaction = begun(gate, KNOWN)
    transaction.abort()
    transaction.abort(Reply(421, "4.4.2", "Timeout"))
    with_body = begun(gate, KNOWN)
    with_body.body().write(b"x" * 5000)
    with_body.abort(Reply(421, "4.4.2", "Timeout"))
