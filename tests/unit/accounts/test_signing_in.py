"""Logging in to the pages: with the real throttle, real hashes, and a clock that is turned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import pyotp
import pytest
from argon2 import PasswordHasher
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.accounts.passwords import make_credential
from bitrixmail.accounts.second_factor import SecondFactor
from bitrixmail.accounts.signing_in import RefusedError, SigningIn
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.model.user import Right, Role, Session, Token, User, digest_of
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import utcnow
from tests.fakes.stores import make_stores, result_of

P = ParamSpec("P")
T = TypeVar("T")
KEPT = make_credential("correct horse")
# What is compared costs what the kept hash says: here nearly nothing
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PEER = "192.0.2.1"


@dataclass
class Counting:
    """Runs at once what threads would, and counts it: hashing is all that is handed to them."""

    hashed: int = 0

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        self.hashed += 1
        return succeed(function(*args, **kwargs))


@dataclass
class House:
    stores: InlineStores
    clock: Clock
    threads: Counting = field(default_factory=Counting)
    recovery: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        clock = cast("IReactorTime", self.clock)
        self.throttle = LoginThrottle(clock, 20)
        users = self.stores.users
        self.signing_in = SigningIn(users, cast("Any", self.threads), self.throttle, clock)
        self.factor = SecondFactor(users, "mx.example.org", clock)

    def begins(self, name: str, password: str, code: str = "", peer: str = PEER) -> Deferred[Any]:
        sign_in = self.signing_in.sign_in
        return Deferred.fromCoroutine(sign_in(name, password, code, peer, "browser"))

    def signed_in(self, code: str = "") -> Session:
        done: list[tuple[Session, str]] = []
        self.begins("anna", "correct horse", code).addCallback(done.append)
        return done[0][0]

    def refused(self, name: str, password: str, code: str = "", peer: str = PEER) -> float:
        """Return after how many seconds of the clock a login was refused."""
        failed: list[Any] = []
        self.begins(name, password, code, peer).addErrback(failed.append)
        waited = 0.0
        while not failed:
            assert waited < 60
            self.clock.advance(0.25)
            waited += 0.25
        failed[0].trap(RefusedError)
        return waited


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock = Clock()
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        now = utcnow(cast("IReactorTime", clock))
        result_of(stores.users.add("anna", Role.OWNER, KEPT, now))
        yield House(stores, clock)


def test_the_right_password_begins_a_session(house: House) -> None:
    session = house.signed_in()
    assert session.user.name == "anna"
    kept = result_of(house.stores.users.session(session.key))
    assert kept is not None
    assert (kept.csrf, kept.address, kept.agent) == (session.csrf, PEER, "browser")


@pytest.mark.parametrize("peers", [1, 10_000])
def test_ten_thousand_guesses_hash_no_more_than_twenty_a_minute(house: House, peers: int) -> None:
    """From one address as from thousands: beyond the count no password is looked at."""
    quick = replace(KEPT, password_hash=QUICK.hash("correct horse"))
    result_of(house.stores.users.change("anna", None, None, quick))
    refused: list[bool] = []
    in_minute: Counter[int] = Counter()

    def note(failure: Failure) -> None:
        refused.append(cast("RefusedError", failure.value).looked_at)

    for burst in range(100):
        before = house.threads.hashed
        for number in range(100):
            peer = f"10.{burst}.{number}.1" if peers > 1 else PEER
            begun = house.begins("anna", f"guess {burst} {number}", "", peer)
            begun.addErrback(note)
        house.clock.advance(9)
        in_minute[burst * 9 // 60] += house.threads.hashed - before
    assert len(refused) == 10_000
    assert sum(refused) == house.threads.hashed == sum(in_minute.values())
    assert 10 <= max(in_minute.values()) <= 20


def test_who_is_unknown_is_refused_as_slowly(house: House) -> None:
    known = [house.refused("anna", "wrong", peer=f"10.0.{n}.1") for n in range(3)]
    before = house.threads.hashed
    unknown = [house.refused("nobody", "wrong", peer=f"10.1.{n}.1") for n in range(3)]
    assert known == unknown
    assert house.threads.hashed == 2 * before  # and costs as much


def test_a_lock_is_in_force_at_once(house: House) -> None:
    users = house.stores.users
    now = utcnow(cast("IReactorTime", house.clock))
    result_of(users.add("boris", Role.OWNER, KEPT, now))
    session = house.signed_in()
    result_of(users.change("anna", None, False, None))
    assert result_of(users.session(session.key)) is None
    assert house.refused("anna", "correct horse")


def switched_on(house: House) -> str:
    session = house.signed_in()
    house.factor.begin(session)
    secret = house.factor.secret(session)
    assert secret is not None
    code = pyotp.TOTP(secret).at(int(house.clock.seconds()))
    switched = result_of(house.factor.switch_on(session, code))
    assert switched is not None
    house.recovery = switched.recovery
    return secret


def test_a_second_factor_is_asked_for_once_a_right_code_was_typed(house: House) -> None:
    session = house.signed_in()
    assert result_of(house.factor.switch_on(session, "000000")) is None  # nothing is offered
    house.factor.begin(session)
    secret = house.factor.secret(session)
    assert secret is not None
    assert f"secret={secret}" in (house.factor.address(session) or "")
    house.factor.begin(session)
    assert house.factor.secret(session) == secret
    assert result_of(house.factor.switch_on(session, "12345")) is None
    assert house.signed_in()
    assert switched_on(house)
    assert result_of(house.stores.users.session(session.key)) is None
    assert house.refused("anna", "correct horse")
    assert house.refused("anna", "correct horse", "000000")


def test_a_code_counts_once(house: House) -> None:
    secret = switched_on(house)
    codes = pyotp.TOTP(secret)
    # The one that switched it on is used up
    assert house.refused("anna", "correct horse", codes.at(int(house.clock.seconds())))
    house.clock.advance(60)
    code = codes.at(int(house.clock.seconds()))
    assert house.signed_in(f"{code[:3]} {code[3:]}")
    assert house.refused("anna", "correct horse", code)


def test_a_recovery_code_lets_in_once_however_it_is_typed(house: House) -> None:
    switched_on(house)
    first, second, *others = house.recovery
    assert len({first, second, *others}) == 8
    assert house.signed_in(first)
    assert house.refused("anna", "correct horse", first)
    assert house.refused("anna", "wrong horse", second)  # and it is not used up by that
    assert house.signed_in(f" {second.upper().replace('-', ' ')} ")
    assert result_of(house.stores.users.recovery_left("anna")) == 6
    made = result_of(house.factor.recovery("anna"))
    assert not set(made) & set(house.recovery)
    assert house.refused("anna", "correct horse", others[0])
    assert house.signed_in(made[0])


def test_an_offer_is_too_old_after_a_while_and_takes_few_wrong_codes(house: House) -> None:
    session = house.signed_in()
    house.factor.begin(session)
    first = house.factor.secret(session)
    house.clock.advance(901)
    assert house.factor.secret(session) is None
    house.factor.begin(session)
    assert house.factor.secret(session) not in {None, first}
    for _ in range(10):
        assert result_of(house.factor.switch_on(session, "wrong")) is None
    assert house.factor.secret(session) is None


def test_offers_have_a_bound(house: House) -> None:
    session = house.signed_in()
    for number in range(150):
        other = Session(str(number), session.user, "", session.created, session.seen, "", "")
        house.factor.begin(other)
    assert len(house.factor._offers) == 100


def test_who_is_logged_in_is_asked_anew(house: House) -> None:
    session = house.signed_in()
    result_of(house.signing_in.confirm(session, "correct horse", PEER))
    failed: list[Any] = []
    wrong = house.signing_in.confirm(session, "wrong", PEER)
    Deferred.fromCoroutine(wrong).addErrback(failed.append)
    house.clock.advance(1)
    failed[0].trap(RefusedError)


def test_a_session_ends_by_itself(house: House) -> None:
    done: list[tuple[Session, str]] = []
    house.begins("anna", "correct horse").addCallback(done.append)
    cookie = done[0][1]
    find = house.signing_in.session
    for _ in range(6):
        house.clock.advance(2 * 86400)
        assert result_of(find(cookie)) is not None
    house.clock.advance(2 * 86400 + 1)  # used every day, for fourteen of them
    assert result_of(find(cookie)) is None
    house.begins("anna", "correct horse").addCallback(done.append)
    house.clock.advance(3 * 86400 + 1)
    assert result_of(find(done[1][1])) is None


def test_a_token_never_has_more_than_its_user_has_now(house: House) -> None:
    users, clock = house.stores.users, cast("IReactorTime", house.clock)
    now = utcnow(clock)
    boris: User = result_of(users.add("boris", Role.ADMIN, KEPT, now))
    rights = frozenset({Right.SEE, Right.MANAGE})
    made = Token(0, "shop", boris, rights, now, now + timedelta(days=1))
    result_of(users.add_token(made, digest_of("text")))
    found = result_of(house.signing_in.token("text"))
    assert found is not None
    assert found.rights == rights
    result_of(users.change("boris", Role.READER, None, None))
    found = result_of(house.signing_in.token("text"))
    assert found is not None
    assert found.rights == {Right.SEE}
    house.clock.advance(86400)
    assert result_of(house.signing_in.token("text")) is None


def test_who_is_right_with_a_used_code_is_told_to_wait(house: House) -> None:
    secret = pyotp.random_base32()
    result_of(house.stores.users.set_totp("anna", secret))
    code = pyotp.TOTP(secret).at(int(house.clock.seconds()))
    session = house.signed_in(code)

    def told(password: str, code: str | None) -> tuple[bool, bool] | None:
        """Return why it was refused; None if it was not."""
        ended: list[Any] = []
        confirm = house.signing_in.confirm(session, password, PEER, code)
        Deferred.fromCoroutine(confirm).addBoth(ended.append)
        while not ended:
            house.clock.advance(0.25)
        if ended[0] is None:
            return None
        error = cast("RefusedError", ended[0].value)
        return error.looked_at, error.code_used

    assert told("correct horse", code) == (True, True)
    assert told("another horse", code) == (True, False)
    assert told("correct horse", "000000") == (True, False)
    assert told("correct horse", None) is None
    house.clock.advance(30)
    assert told("correct horse", pyotp.TOTP(secret).at(int(house.clock.seconds()))) is None
