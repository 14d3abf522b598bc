"""Mail that programs hand in, at a gate that can refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.admin.sending import Parcel, Sending
from bitrixmail.model.directory import Domain
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.model.reply import Reply
from bitrixmail.store.opening import InlineStores, done, inline_stores
from tests.fakes.gate import RecordingGate

MESSAGE = b"From: shop@example.org\r\nSubject: x\r\n\r\nHello\r\n"
PARCEL = Parcel("admin", "shop@example.org", ("a@b.example",))


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[InlineStores]:
    clock = Clock()
    with inline_stores(f"sqlite:///{tmp_path}/mail.sqlite", tmp_path, clock) as stores:
        done(stores.directory.add_domain(Domain("example.org")))
        yield stores


@pytest.fixture
def gate() -> RecordingGate:
    return RecordingGate()


@pytest.fixture
def sending(stores: InlineStores, gate: RecordingGate) -> Sending:
    return Sending(
        gate,
        stores.directory,
        stores.queue,
        stores.messages,
        Clock(),
        hostname="mx.example.org",
        max_octets=lambda: 1000,
    )


def test_an_id_is_made_of_the_key(sending: Sending) -> None:
    keyed = Parcel("admin", "shop@example.org", (), key="order 17")
    assert sending.id_for(keyed) == sending.id_for(keyed)
    assert len(sending.id_for(keyed)) == 14
    others = {
        sending.id_for(Parcel("eva", "", (), key="order 17")),
        sending.id_for(Parcel("admin", "", (), key="order 18")),
        sending.id_for(PARCEL),
        sending.id_for(PARCEL),
    }
    assert len(others | {sending.id_for(keyed)}) == 5


def test_one_that_is_refused_keeps_the_others_from_nothing(
    sending: Sending, gate: RecordingGate
) -> None:
    gate.refuse["c@d.example"] = Reply(550, "5.1.1", "No such mailbox")
    parcel = Parcel("admin", "shop@example.org", ("a@b.example", "c@d.example", "a@b.example"))
    with pytest.raises(NotFoundError):  # this gate keeps nothing
        done(sending.hand_in("Z1", parcel, MESSAGE, "192.0.2.1"))
    (message,) = gate.messages
    assert [str(each.address) for each in message.recipients] == ["a@b.example"]
    assert (message.client.door, message.client.account) == ("api", "admin")
    assert message.content == MESSAGE


@pytest.mark.parametrize(
    ("parcel", "message", "where"),
    [
        (Parcel("admin", "boss@b.example", ("a@b.example",)), MESSAGE, "sender"),
        (PARCEL, MESSAGE.replace(b"shop@example.org", b"boss@b.example"), "header From"),
        (PARCEL, b"Subject: x\r\n\r\n", "header From"),
        (PARCEL, b"From: a@example.org\r\n" + MESSAGE, "header From"),
        (PARCEL, MESSAGE + b"x" * 1000, "message"),
        (PARCEL, MESSAGE + b"\0", "message"),
        (Parcel("admin", "shop@example.org", ()), MESSAGE, "recipients"),
        (Parcel("admin", "shop@example.org", ("nobody",)), MESSAGE, 'recipients "nobody"'),
    ],
)
def test_what_can_not_be_sent_is_told(
    sending: Sending, gate: RecordingGate, parcel: Parcel, message: bytes, where: str
) -> None:
    with pytest.raises(InputError) as caught:
        done(sending.hand_in("Z1", parcel, message, ""))
    assert caught.value.faults[0].where == where
    assert gate.messages == []


def test_another_message_with_the_same_key_is_refused_meanwhile(
    sending: Sending, gate: RecordingGate
) -> None:
    gate.hold.add("commit")
    one, other = (replace(PARCEL, key="order 17", digest=digest) for digest in ("1", "2"))
    under_way = Deferred.fromCoroutine(sending.hand_in("Z1", one, MESSAGE, ""))
    assert len(gate.waiting) == 1
    for refused in (sending.hand_in("Z1", other, MESSAGE, ""), sending.repeated("Z1", other)):
        with pytest.raises(InputError, match="used for something else"):
            done(refused)
    gate.release()
    failures: list[Failure] = []
    under_way.addErrback(failures.append)
    assert isinstance(failures[0].value, NotFoundError)  # this gate keeps nothing
    gate.hold.clear()
    with pytest.raises(NotFoundError):
        done(sending.hand_in("Z1", other, MESSAGE, ""))


def test_all_refused_is_a_fault_for_each(sending: Sending, gate: RecordingGate) -> None:
    gate.refuse["a@b.example"] = Reply(550, "5.7.1", "Nothing is sent there")
    with pytest.raises(InputError, match="Nothing is sent there"):
        done(sending.hand_in("Z1", PARCEL, MESSAGE, ""))


def test_a_time_that_is_over_is_told(sending: Sending) -> None:
    over = Parcel("admin", "shop@example.org", ("a@b.example",), sending.now() - timedelta(0, 61))
    with pytest.raises(InputError, match="send_at: is in the past: here it is 1970"):
        done(sending.hand_in("Z1", over, MESSAGE, ""))
    now = replace(over, not_before=sending.now() - timedelta(0, 30))
    with pytest.raises(NotFoundError):  # it was handed on: this gate keeps nothing
        done(sending.hand_in("Z1", now, MESSAGE, ""))


def test_too_late_is_told(sending: Sending) -> None:
    late = Parcel("admin", "shop@example.org", ("a@b.example",), sending.now() + timedelta(31))
    with pytest.raises(InputError, match="send_at"):
        done(sending.hand_in("Z1", late, MESSAGE, ""))
