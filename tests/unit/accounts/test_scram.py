"""SCRAM-SHA-256: the example of RFC 7677 §3, and what nobody learns of an account by it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from bitrixmail.accounts.scram import ScramChecker, Verifier, Verifiers
from bitrixmail.accounts.secret import KeptSecret
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.interfaces.login import IScramLogin, IScramSalts
from bitrixmail.link.credentials import ScramLogin
from bitrixmail.link.scram import ScramExchange, verdict
from bitrixmail.model.directory import Credential, Mailbox
from bitrixmail.model.errors import StoreUnavailableError
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.results import fired
from tests.fakes.stores import result_of

# RFC 7677 §3
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
OURS = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
NONCE = b"rOprNGfwEbeRWgbNEkqO" + OURS.encode()
FIRST = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
ASKED = b"r=" + NONCE + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
PROOF = b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
FINAL = b"c=biws,r=" + NONCE + b",p=" + PROOF
SIGNED = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
INFO, NOBODY = b"info@example.org", b"nobody@example.org"


def stored(password: bytes, salt: bytes, iterations: int) -> str:
    """What RFC 5803 §2 keeps of a password."""
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    parts = salt, hashlib.sha256(client_key).digest(), hmac.digest(salted, b"Server Key", "sha256")
    return "SCRAM-SHA-256${}:{}${}:{}".format(
        iterations, *(base64.b64encode(part).decode() for part in parts)
    )


def final(name: bytes, salt: bytes, iterations: int, password: bytes, peer: str) -> ScramLogin:
    """What a client with this password sends at the end."""
    exchange = ScramExchange(peer, "more")
    exchange.begin(b"n,,n=" + name + b",r=abc")
    asked = exchange.challenge(salt, iterations)
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signed = b",".join((b"n=" + name + b",r=abc", asked, b"c=biws,r=abcmore"))
    mask = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, mask, strict=True))
    return exchange.finish(b"c=biws,r=abcmore,p=" + base64.b64encode(proof))


class Lodge:
    """A checker over real accounts; made by a test."""

    def __init__(self, stores: InlineStores, home: Path) -> None:
        self.clock = Clock()
        clock = cast("IReactorTime", self.clock)
        self.secret_file = home / "login.secret"
        secret = KeptSecret(self.secret_file, InlineThreads())
        self.verifiers = Verifiers(stores.directory, secret)
        self.throttle = LoginThrottle(clock, 20)
        self.checker = ScramChecker(stores.directory, self.verifiers, self.throttle)

    def salt_of(self, name: bytes) -> tuple[bytes, int]:
        salt, iterations = result_of(self.verifiers.salt_of(name))
        return salt, iterations

    def asked(self, name: bytes, password: bytes, peer: str = "192.0.2.1") -> Deferred[Any]:
        login = final(name, *self.salt_of(name), password, peer)
        return self.checker.requestAvatarId(login)

    def refused_after(self, name: bytes, password: bytes) -> float:
        """Count the seconds until it is said that this is wrong."""
        errors: list[Failure] = []
        self.asked(name, password).addErrback(errors.append)
        for eighths in range(100):
            if errors:
                assert isinstance(errors[0].value, UnauthorizedLogin)
                return eighths / 8
            self.clock.advance(0.125)
        raise AssertionError("never refused")


@pytest.fixture
def lodge(stores: InlineStores, tmp_path: Path) -> Lodge:
    return Lodge(stores, tmp_path)


def test_the_example_of_the_rfc(lodge: Lodge, stores: InlineStores) -> None:
    credential = Credential("no hash", stored(b"pencil", SALT, 4096))
    result_of(stores.directory.add_mailbox(Mailbox(0, "user@example.org"), credential))
    verifier = result_of(lodge.verifiers.of("user@example.org"))
    exchange = ScramExchange("192.0.2.1", OURS)
    exchange.begin(FIRST)
    assert exchange.username == b"user"
    assert exchange.challenge(*result_of(lodge.verifiers.salt_of(b"user@example.org"))) == ASKED
    login = exchange.finish(FINAL)
    login.server_signature = verifier.signature(login.signed, login.proof) or b""
    assert verdict(login) == SIGNED


def test_they_keep_their_interfaces(lodge: Lodge) -> None:
    assert verifyObject(ICredentialsChecker, lodge.checker)
    assert verifyObject(IScramSalts, lodge.verifiers)
    assert verifyObject(IScramLogin, ScramLogin(b"", "", b"", b""))


def test_a_password_that_was_set_is_good_for_it(lodge: Lodge) -> None:
    login = final(INFO, *lodge.salt_of(INFO), b"secret", "192.0.2.1")
    assert fired(lodge.checker.requestAvatarId(login)) == b"info@example.org\nINBOX"
    assert len(login.server_signature) == 32


@pytest.mark.parametrize("name", [INFO, NOBODY, b"off@example.org", b"postmaster@example.org"])
def test_whatever_is_wrong_it_is_said_alike_and_at_the_same_time(lodge: Lodge, name: bytes) -> None:
    password = b"wrong" if name == INFO else b"secret"
    assert lodge.refused_after(name, password) == 1.0
    assert lodge.refused_after(name, password) == 2.0


def test_guesses_are_counted_with_those_of_passwords(lodge: Lodge) -> None:
    attempts = [
        fired(Deferred.fromCoroutine(lodge.throttle.admit("192.0.2.1", "info@example.org")))
        for _ in range(9)
    ]
    for attempt in attempts:
        Deferred.fromCoroutine(attempt.failed())
    assert lodge.refused_after(INFO, b"wrong") == 8.0
    lodge.clock.advance(-8.0)
    assert lodge.refused_after(INFO, b"secret") == 8.0


def test_nobody_has_a_salt_too_and_always_the_same(
    lodge: Lodge, stores: InlineStores, tmp_path: Path
) -> None:
    salt, iterations = lodge.salt_of(NOBODY)
    real_salt, real_iterations = lodge.salt_of(INFO)
    assert (len(salt), iterations) == (len(real_salt), real_iterations)
    assert lodge.salt_of(b"NOBODY@example.org") == (salt, iterations)
    assert lodge.salt_of(b"other@example.org")[0] != salt
    again = Lodge(stores, tmp_path)
    assert again.salt_of(NOBODY) == (salt, iterations)
    lodge.secret_file.unlink()
    assert Lodge(stores, tmp_path).salt_of(NOBODY)[0] != salt


def test_the_secret_is_read_by_its_owner_alone(lodge: Lodge) -> None:
    lodge.salt_of(NOBODY)
    assert stat.S_IMODE(lodge.secret_file.stat().st_mode) == 0o600
    assert len(lodge.secret_file.read_bytes()) == 32
    assert not list(lodge.secret_file.parent.glob("*.new"))


def test_without_a_secret_nobody_is_told_anything(stores: InlineStores, tmp_path: Path) -> None:
    lodge = Lodge(stores, tmp_path / "missing")
    with pytest.raises(StoreUnavailableError, match=r"login\.secret"):
        lodge.salt_of(INFO)


@pytest.mark.parametrize("text", ["", "SCRAM-SHA-1$4096:a$b:c", "SCRAM-SHA-256$4096:a$b:c"])
def test_what_is_no_verifier_is_none(text: str) -> None:
    assert Verifier.parse(text) is None


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"n=user,r=abc",
        b"p=tls-exporter,,n=user,r=abc",
        b"x,,n=user,r=abc",
        b"n,,m=must,n=user,r=abc",
        b"n,a=boss,n=user,r=abc",
        b"n,,n=us=er,r=abc",
        b"n,,n=,r=abc",
        b"n,,n=user",
        b"n,,n=user,r=a\x00c",
        b"n,,n=user,r=" + b"a" * 513,
    ],
)
def test_what_is_no_first_message(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"message|somebody|stands"):
        ScramExchange("", "more").begin(message)


@pytest.mark.parametrize(
    "message", [b"y,,n=user,r=abc", b"n,a=user,n=user,r=abc", b"n,,n=user,r=abc,x=more"]
)
def test_what_is_one(message: bytes) -> None:
    exchange = ScramExchange("", "more")
    exchange.begin(message)
    assert exchange.username == b"user"


def test_a_comma_in_a_name() -> None:
    exchange = ScramExchange("", "more")
    exchange.begin(b"n,,n=a=2Cb=3D,r=abc")
    assert exchange.username == b"a,b="


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"c=biws,r=abcMORE,p=AAAA",
        b"c=biws,r=abc,p=AAAA",
        b"c=eSws,r=abcmore,p=AAAA",
        b"c=biws,r=abcmore",
        b"c=biws,r=abcmore,p=A",
    ],
)
def test_what_is_no_last_message(message: bytes) -> None:
    exchange = ScramExchange("", "more")
    exchange.begin(b"n,,n=user,r=abc")
    exchange.challenge(SALT, 4096)
    with pytest.raises(ValueError, match=r"message|first|base64|padding|data"):
        exchange.finish(message)
