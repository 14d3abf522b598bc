"""Whether a proof of SCRAM-SHA-256 is right, and the salts that clients ask for.

RFC 5802 §3, RFC 7677. What is kept of a password is in the form of RFC 5803. Nothing that is said
tells whether there is an account of that name: who has no verifier gets a salt that is the same
each time, as a real one is, and a proof that fails as slowly as a wrong one does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TypeAlias

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.accounts.checkers import Refused, nobody_is_told
from bitrixmail.accounts.login import identify
from bitrixmail.accounts.passwords import SALT_OCTETS, SCRAM_ITERATIONS
from bitrixmail.accounts.secret import KeptSecret
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.login import IScramLogin, IScramSalts

_log = Logger()
_STORED = re.compile(
    r"SCRAM-SHA-256\$([1-9][0-9]{0,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)"
)
# As cred has it: an avatar, or nobody in particular (which we never are)
_AvatarId: TypeAlias = bytes | tuple[()]


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is kept of a password; or random keys, which no proof fits."""

    iterations: int
    salt: bytes
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Verifier | None:
        """Read the stored form; None if it is not one (RFC 5803 §2)."""
        match = _STORED.fullmatch(text)
        if match is None:
            return None
        try:
            salt, stored, server = (
                base64.b64decode(part, validate=True) for part in match.groups()[1:]
            )
        except ValueError:
            return None
        return cls(int(match[1]), salt, stored, server)

    def signature(self, signed: bytes, proof: bytes) -> bytes | None:
        """Return the server's signature if the client's proof is right."""
        mask = hmac.digest(self.stored_key, signed, "sha256")
        if len(proof) != len(mask):
            return None
        client_key = bytes(a ^ b for a, b in zip(proof, mask, strict=True))
        fits = hmac.compare_digest(hashlib.sha256(client_key).digest(), self.stored_key)
        return hmac.digest(self.server_key, signed, "sha256") if fits else None


@implementer(IScramSalts)
class Verifiers:
    """Finds the verifier of a login name. Made by compose, lives as long as the server."""

    def __init__(self, directory: IDirectory, secret: KeptSecret) -> None:
        self._directory = directory
        self._secret = secret

    async def salt_of(self, username: bytes) -> tuple[bytes, int]:
        """See IScramSalts."""
        login = await identify(self._directory, username)
        found = await self.of(login.account)
        return found.salt, found.iterations

    async def of(self, account: str) -> Verifier:
        """Return the verifier of an account, or nobody's. Raise StoreUnavailableError."""
        secret = await self._secret.octets()
        credential = await self._directory.credential(account)
        if credential is not None and credential.scram_verifier:
            found = Verifier.parse(credential.scram_verifier)
            if found is not None:
                return found
            _log.error("{account}: its SCRAM verifier can't be read", account=account)
        salt, stored_key, server_key = (
            hmac.digest(secret, f"{what}\0{account}".encode("utf-8", "replace"), "sha256")
            for what in ("salt", "stored", "server")
        )
        return Verifier(SCRAM_ITERATIONS, salt[:SALT_OCTETS], stored_key, server_key)


@implementer(ICredentialsChecker)
class ScramChecker:
    """Checks proofs, as PasswordChecker checks passwords and with the same throttle.

    Made by compose, lives as long as the server.
    """

    credentialInterfaces = (IScramLogin,)

    def __init__(
        self,
        directory: IDirectory,
        verifiers: Verifiers,
        throttle: LoginThrottle,
        refused: Refused = nobody_is_told,
    ) -> None:
        self._refused = refused
        self._directory = directory
        self._verifiers = verifiers
        self._throttle = throttle

    def requestAvatarId(self, credentials: IScramLogin) -> Deferred[_AvatarId]:
        """See ICredentialsChecker; the avatar id is that of a Login."""
        return Deferred.fromCoroutine(self._check(credentials))

    async def _check(self, credentials: IScramLogin) -> _AvatarId:
        login = await identify(self._directory, credentials.username)
        attempt = await self._throttle.admit(credentials.peer, login.account)
        try:
            verifier = await self._verifiers.of(login.account)
            signature = verifier.signature(credentials.signed, credentials.proof)
        except BaseException:
            # as PasswordChecker: one that never ended would hold up all behind it
            attempt.undone()
            raise
        if not attempt.allowed or signature is None:
            self._refused(login.account, credentials.peer)
            await attempt.failed()
            raise UnauthorizedLogin
        attempt.succeeded()
        credentials.server_signature = signature
        return login.avatar_id
