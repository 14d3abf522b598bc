"""Senders in memory, that can be made to wait, and to fail: both halves of a portal, and salts."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from bitrixmail.accounts.realm import Submitter
from bitrixmail.accounts.scram import Verifier
from bitrixmail.interfaces.login import IPasswordLogin, IScramLogin, IScramSalts, ISubmitter
from tests.fakes.maildrop import ERRORS, PASSWORD

INFO = "info@example.org"
# The user of RFC 7677 §3, whose password is `pencil`
USER = "user"
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
STORED = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
    "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)


@implementer(IRealm, ICredentialsChecker, IScramSalts)
@dataclass
class MemorySenders:
    """The mailbox info@example.org, and the user of RFC 7677. Made by a test.

    `hold`: names of calls (login, salt) that wait for `release`. `errors`: what calls raise.
    """

    credentialInterfaces = (IPasswordLogin, IScramLogin)

    hold: set[str] = field(default_factory=set)
    errors: dict[str, Callable[[], Exception]] = field(default_factory=dict)
    waiting: list[Deferred[None]] = field(default_factory=list)
    logins: int = 0

    def release(self) -> None:
        """Let the call go on that has waited longest."""
        self.waiting.pop(0).callback(None)

    def fail(self, rest: str) -> None:
        name, _, kind = rest.partition(" ")
        self.errors[name] = ERRORS[kind]

    async def passing(self, name: str) -> None:
        if name in self.hold:
            turn: Deferred[None] = Deferred()
            self.waiting.append(turn)
            await turn
        if name in self.errors:
            error = self.errors[name]()
            raise error

    async def salt_of(self, username: bytes) -> tuple[bytes, int]:
        await self.passing("salt")
        return SALT, 4096

    def requestAvatarId(
        self, credentials: IPasswordLogin | IScramLogin
    ) -> Deferred[bytes | tuple[()]]:
        return Deferred.fromCoroutine(self._check(credentials))

    async def _check(self, credentials: IPasswordLogin | IScramLogin) -> bytes | tuple[()]:
        self.logins += 1
        await self.passing("login")
        if IScramLogin.providedBy(credentials):
            return self._proved(IScramLogin(credentials))
        login = IPasswordLogin(credentials)
        if (login.username, login.password) != (INFO.encode(), PASSWORD):
            raise UnauthorizedLogin
        return login.username

    @staticmethod
    def _proved(login: IScramLogin) -> bytes:
        verifier = Verifier.parse(STORED)
        assert verifier is not None
        signature = verifier.signature(login.signed, login.proof)
        if signature is None or login.username != USER.encode():
            raise UnauthorizedLogin
        login.server_signature = signature
        return login.username

    def requestAvatar(  # type: ignore[override]  # mypy takes an interface for its own class
        self, avatarId: bytes | tuple[()], mind: object, *interfaces: InterfaceClass
    ) -> Deferred[tuple[InterfaceClass, object, Callable[[], None]]]:
        assert ISubmitter in interfaces
        given: Deferred[tuple[InterfaceClass, object, Callable[[], None]]] = Deferred()
        given.callback((ISubmitter, Submitter(bytes(avatarId).decode()), lambda: None))
        return given
