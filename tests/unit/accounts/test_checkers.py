"""Who is let in, how long it takes to say no, and what is hashed for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast

import pytest
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from bitrixmail.accounts.checkers import PasswordChecker
from bitrixmail.accounts.passwords import make_credential
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.interfaces.login import IPasswordLogin
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.directory import Credential
from bitrixmail.model.errors import StoreUnavailableError
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.results import fired
from tests.fakes.stores import result_of

P = ParamSpec("P")
T = TypeVar("T")
INFO = "info@example.org"


@implementer(IPasswordLogin)
@dataclass
class Typed:
    """What somebody typed, and from where."""

    username: bytes
    password: bytes
    peer: str = "192.0.2.1"

    def checkPassword(self, password: bytes) -> bool:
        return self.password == password


@implementer(IThreads)
@dataclass
class CountingThreads:
    """Runs everything at once and keeps with what it was called."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        self.calls.append(args)
        return InlineThreads().run(function, *args, **kwargs)


class BrokenThreads(CountingThreads):
    """Has a bug."""

    def run(self, *_args: object, **_named: object) -> Deferred[Any]:
        raise ZeroDivisionError


def fired_error(call: Deferred[Any]) -> Failure:
    errors: list[Failure] = []
    call.addErrback(errors.append)
    [error] = errors
    return error


class Lodge:
    """A checker over real accounts; made by a test."""

    def __init__(self, stores: InlineStores) -> None:
        self.clock = Clock()
        clock = cast("IReactorTime", self.clock)
        self.threads = CountingThreads()
        self.throttle = LoginThrottle(clock, 20)
        self.checker = PasswordChecker(stores.directory, self.threads, self.throttle, clock)

    def asked(
        self, name: str, password: str | bytes = "secret", peer: str = "192.0.2.1"
    ) -> Deferred[Any]:
        octets = password.encode() if isinstance(password, str) else password
        return self.checker.requestAvatarId(Typed(name.encode(), octets, peer))

    def hashed(self) -> int:
        return len(self.threads.calls)


@pytest.fixture
def lodge(stores: InlineStores) -> Lodge:
    return Lodge(stores)


def test_it_is_a_checker(lodge: Lodge) -> None:
    assert verifyObject(ICredentialsChecker, lodge.checker)
    assert verifyObject(IPasswordLogin, Typed(b"", b""))
    assert lodge.checker.credentialInterfaces == (IPasswordLogin,)


@pytest.mark.parametrize(
    ("name", "avatar"),
    [
        ("info@example.org", "info@example.org\nINBOX"),
        ("INFO@EXAMPLE.ORG", "info@example.org\nINBOX"),
        ("info+Invoices@example.org", "info@example.org\nInvoices"),
        ("plus+tag@example.org", "plus+tag@example.org\nINBOX"),
        ("пётр@почта.рф", "пётр@xn--80a1acny.xn--p1ai\nINBOX"),
    ],
)
def test_the_right_password_lets_in_at_once(lodge: Lodge, name: str, avatar: str) -> None:
    assert fired(lodge.asked(name)) == avatar.encode()


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("info@example.org", "wrong"),
        ("info@example.org", ""),
        ("info@example.org", b"secret\xff"),
        ("info@example.org", b"\xff"),
        ("info+Invoices@example.org", "wrong"),
        ("nobody@example.org", "secret"),
        ("info@example.net", "secret"),
        ("off@example.org", "secret"),
        ("postmaster@example.org", ""),
        ("postmaster@example.org", "secret"),
        ("info", "secret"),
        ("", ""),
    ],
)
def test_whatever_is_wrong_costs_one_hash_and_one_second(
    lodge: Lodge, name: str, password: str | bytes
) -> None:
    refused = lodge.asked(name, password)
    assert lodge.hashed() == 1
    lodge.clock.advance(0.99)
    assert not refused.called
    lodge.clock.advance(0.01)
    with pytest.raises(UnauthorizedLogin) as caught:
        fired(refused)
    assert caught.value.args == ()


def test_behind_too_many_failures_nothing_is_hashed_and_the_answer_is_the_same(
    lodge: Lodge,
) -> None:
    refused = [lodge.asked(INFO, "wrong") for _ in range(10)]
    assert lodge.hashed() == 10
    refused += [lodge.asked(INFO, "wrong"), lodge.asked(INFO, "secret")]
    refused.append(lodge.asked("nobody@example.org", "wrong"))
    assert lodge.hashed() == 10
    lodge.clock.advance(8)
    for one in refused:
        with pytest.raises(UnauthorizedLogin):
            fired(one)


def test_programs_that_poll_cost_one_hash_in_five_minutes(lodge: Lodge) -> None:
    for _ in range(10):
        fired(lodge.asked(INFO))
    assert lodge.hashed() == 1
    lodge.clock.advance(300)
    fired(lodge.asked(INFO))
    assert lodge.hashed() == 2


def test_a_changed_password_holds_at_once(lodge: Lodge, stores: InlineStores) -> None:
    fired(lodge.asked(INFO))
    result_of(stores.directory.set_credential(INFO, make_credential("other")))
    refused = lodge.asked(INFO)
    lodge.clock.advance(1)
    with pytest.raises(UnauthorizedLogin):
        fired(refused)
    fired(lodge.asked(INFO, "other"))


def test_a_removed_password_holds_at_once(
    lodge: Lodge, stores: InlineStores, credential: Credential
) -> None:
    fired(lodge.asked(INFO))
    result_of(stores.directory.set_credential(INFO, None))
    refused = lodge.asked(INFO)
    lodge.clock.advance(1)
    with pytest.raises(UnauthorizedLogin):
        fired(refused)
    result_of(stores.directory.set_credential(INFO, credential))
    fired(lodge.asked(INFO))


def test_a_store_that_cannot_tell_is_held_against_nobody(
    lodge: Lodge, stores: InlineStores
) -> None:
    stores.database.stop()
    for _ in range(100):
        with pytest.raises(StoreUnavailableError):
            fired(lodge.asked(INFO, "wrong"))
    stores.database.start()
    # nor does it make a source known: an account under attack is closed to it
    refused = [lodge.asked(INFO, "wrong", f"203.0.113.{n}") for n in range(10)]
    refused.append(lodge.asked(INFO))
    lodge.clock.advance(60)
    for one in refused:
        with pytest.raises(UnauthorizedLogin):
            fired(one)
    assert fired(lodge.asked(INFO)) == b"info@example.org\nINBOX"


def test_a_bug_holds_nobody_up_behind_it(lodge: Lodge) -> None:
    lodge.threads = BrokenThreads()
    lodge.checker._threads = lodge.threads
    for _ in range(30):
        error = fired_error(lodge.asked("info@example.org"))
        assert isinstance(error.value, ZeroDivisionError)
