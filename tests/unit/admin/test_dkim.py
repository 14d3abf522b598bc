"""Keys made for domains, and changed while mail goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import cast

import dkim as dkimpy
import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.admin.accounts import Accounts
from bitrixmail.admin.dkim import DKIM
from bitrixmail.model.directory import Domain
from bitrixmail.model.dkim import DKIMKey, KeyState
from bitrixmail.model.errors import InputError, NotFoundError
from bitrixmail.outbound.security.dkim_keys import make_keys
from bitrixmail.outbound.security.signing import Signer
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads, utcnow
from tests.fakes.stores import make_stores, result_of
from tests.unit.admin.conftest import PASSWORDS

DAY_S = 86400


@cache
def made_once(number: int) -> tuple[DKIMKey, ...]:
    return make_keys("example.org", (), datetime(2027, 1, 1 + number, tzinfo=UTC))


class House:
    """The use cases over real stores; time goes by a clock. Made by a test."""

    def __init__(self, stores: InlineStores, clock: Clock) -> None:
        self.stores, self.clock = stores, clock
        self.calls = count()
        time = cast("IReactorTime", clock)
        self.dkim = DKIM(stores.directory, stores.dkim_keys, self.make, InlineThreads(), time)
        self.accounts = Accounts(stores.directory, stores.messages, PASSWORDS, self.dkim)
        self.signer = Signer(stores.dkim_keys)

    def make(self, domain: str, taken: Collection[str], now: datetime) -> tuple[DKIMKey, ...]:
        """Make true keys, but each pair once for the whole run."""
        made = made_once(next(self.calls))
        assert not {key.selector for key in made} & set(taken)
        start = now + timedelta(days=7)
        return tuple(replace(key, domain=domain, created=now, active_from=start) for key in made)

    @property
    def now(self) -> datetime:
        return utcnow(cast("IReactorTime", self.clock))

    def states(self) -> list[tuple[str, str]]:
        return [(key.selector, key.state) for key in result_of(self.dkim.list("example.org"))]

    def signed(self, message: bytes) -> bytes:
        async def read(offset: int, length: int) -> bytes:
            return message[offset : offset + length]

        return result_of(self.signer.sign(read, len(message), self.now)) + message


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock = Clock()
    clock.advance(1_770_000_000)
    with make_stores(tmp_path, clock) as stores:
        yield House(stores, clock)


def test_a_new_domain_has_keys_of_both_kinds(house: House) -> None:
    result_of(house.accounts.add_domain("Example.org"))
    assert len(result_of(house.stores.dkim_keys.keys("example.org"))) == 2
    assert house.states() == [("rsa20270101", "new"), ("ed20270101", "new")]
    assert result_of(house.dkim.ensure("example.org")) == result_of(
        house.stores.dkim_keys.keys("example.org")
    )


def test_a_domain_from_before_gets_them_when_asked(house: House) -> None:
    result_of(house.stores.directory.add_domain(Domain("example.org")))
    assert len(house.states()) == 2
    with pytest.raises(NotFoundError, match=r"example\.com"):
        result_of(house.dkim.list("example.com"))


def test_no_second_change_while_one_waits(house: House) -> None:
    result_of(house.accounts.add_domain("example.org"))
    with pytest.raises(InputError, match=r"bitrixmail dns check example\.org"):
        result_of(house.dkim.rotate("example.org"))
    result_of(house.dkim.seen("example.org", ["rsa20270101", "ed20270101"]))
    made = result_of(house.dkim.rotate("example.org"))
    assert [key.selector for key in made] == ["rsa20270102", "ed20270102"]


def test_what_is_long_gone_is_forgotten_at_the_next_change(house: House) -> None:
    result_of(house.accounts.add_domain("example.org"))
    for number in (1, 2):
        house.clock.advance(40 * DAY_S)
        result_of(house.dkim.seen("example.org", [f"rsa2027010{number}", f"ed2027010{number}"]))
        result_of(house.dkim.rotate("example.org"))
    assert house.states()[0][0] == "rsa20270101"
    result_of(house.dkim.seen("example.org", ["rsa20270103", "ed20270103"]))
    house.clock.advance(31 * DAY_S)
    result_of(house.dkim.rotate("example.org"))
    assert [selector for selector, _ in house.states()] == [
        "rsa20270103",
        "ed20270103",
        "rsa20270104",
        "ed20270104",
    ]


@pytest.mark.parametrize("published_after_days", [1, 20])
def test_a_key_rotates_and_no_message_fails(house: House, published_after_days: int) -> None:
    """Every 6 hours a message is signed, and verified at once and five days later."""
    dns: dict[bytes, bytes] = {}

    def publish() -> None:
        """Put into the DNS what `dns records` names, and only that; then let it be seen."""
        keys = result_of(house.stores.dkim_keys.keys("example.org"))
        dns.clear()
        for key in keys:
            if key.state(house.now) is not KeyState.GONE:
                dns[f"{key.name}.".encode()] = key.record.encode()
        result_of(house.dkim.seen("example.org", [key.selector for key in keys]))

    def holds(message: bytes) -> bool:
        checked = dkimpy.DKIM(message)
        count = message.partition(b"\r\n\r\n")[0].count(b"DKIM-Signature:")
        return any(
            checked.verify(idx=number, dnsfunc=lambda name, timeout=0: dns.get(name))
            for number in range(count)
            if _known(message, number, dns)
        )

    result_of(house.accounts.add_domain("example.org"))
    publish()
    under_way: list[bytes] = []
    signers = set()
    for quarter in range(50 * 4):
        if quarter == 8:
            result_of(house.dkim.rotate("example.org"))
        if quarter == 8 + 4 * published_after_days:
            publish()
        message = house.signed(b"From: a@example.org\r\nSubject: %d\r\n\r\nx\r\n" % quarter)
        signers.update(_selectors(message))
        if quarter % 4 == 0:
            under_way.append(message)
            assert holds(message), quarter
            assert holds(under_way[max(0, len(under_way) - 6)]), quarter
        house.clock.advance(DAY_S / 4)
    assert signers == {b"rsa20270101", b"ed20270101", b"rsa20270102", b"ed20270102"}
    assert house.states()[0] == ("rsa20270101", "retired" if published_after_days > 18 else "gone")


def _selectors(message: bytes) -> list[bytes]:
    return [part.partition(b";")[0] for part in message.split(b"\r\n s=")[1:]]


def _known(message: bytes, number: int, dns: dict[bytes, bytes]) -> bool:
    return _selectors(message)[number] + b"._domainkey.example.org." in dns
