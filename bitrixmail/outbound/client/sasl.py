"""How we log in to a smarthost: SCRAM-SHA-256 (RFC 5802, RFC 7677), PLAIN (RFC 4616), LOGIN.

Pure but for `ScramSHA256.nonce`. A host that does not prove that it knows the password, or asks
for more work than anybody needs, raises UntrustedHostError.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
import secrets
import stringprep
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

# A verifier has 4096 rounds at least (RFC 7677 §4); with more than so many we are being kept busy
_MIN_ROUNDS, _MAX_ROUNDS = 4096, 2_000_000
_FIRST = re.compile(r"r=([!-+\--~]{1,1024}),s=([A-Za-z0-9+/=]{1,1024}),i=([1-9][0-9]{0,9})(?:,.*)?")


class UntrustedHostError(Exception):
    """The host does not behave as one that knows us would; the text is fit for a log."""


@dataclass(frozen=True, slots=True)
class Login:
    """Name and password at a smarthost."""

    name: str
    password: str = field(repr=False)


class Mechanism(Protocol):
    """One way to log in, for one attempt. Challenges come in order; `over`: all were answered."""

    name: str
    initial: bytes | None

    def respond(self, challenge: bytes) -> bytes:
        """Return the response to a challenge. May take a tenth of a second: call it in a thread."""

    @property
    def over(self) -> bool:
        """Whether success may be believed."""


def mechanism(login: Login, offered: Collection[str]) -> Mechanism | None:
    """Return the best way that a host offers; None if it offers none that we know."""
    for name, kind in _MECHANISMS.items():
        if name in offered:
            return kind(login)
    return None


class ScramSHA256:
    """Neither side tells the password, and both prove that they know it."""

    name = "SCRAM-SHA-256"

    def __init__(self, login: Login, nonce: str = "") -> None:
        self._password = _prepared(login.password).encode()
        self._nonce = nonce or secrets.token_urlsafe(24)
        name = _prepared(login.name).replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={name},r={self._nonce}"
        self._server_signature = b""
        self._proved = False
        self.initial: bytes | None = f"n,,{self._bare}".encode()

    @property
    def over(self) -> bool:
        """See Mechanism: the host has proved itself."""
        return self._proved

    def respond(self, challenge: bytes) -> bytes:
        """See Mechanism."""
        text = challenge.decode("utf-8", "replace")
        if self._server_signature:
            return self._checked(text)
        found = _FIRST.fullmatch(text)
        if found is None:
            raise UntrustedHostError("SCRAM: its first message is malformed")
        nonce, salt_text, rounds = found[1], found[2], int(found[3])
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise UntrustedHostError("SCRAM: the nonce is not ours")
        if not _MIN_ROUNDS <= rounds <= _MAX_ROUNDS:
            raise UntrustedHostError(f"SCRAM: {rounds} rounds are asked for")
        try:
            salt = b64decode(salt_text, validate=True)
        except binascii.Error:
            raise UntrustedHostError("SCRAM: the salt is not base64") from None
        salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, rounds)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        final = f"c=biws,r={nonce}"
        signed = f"{self._bare},{text},{final}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self._server_signature = hmac.digest(server_key, signed, "sha256")
        return f"{final},p={b64encode(proof).decode()}".encode()

    def _checked(self, text: str) -> bytes:
        expected = "v=" + b64encode(self._server_signature).decode()
        if not hmac.compare_digest(text.partition(",")[0].encode(), expected.encode()):
            raise UntrustedHostError("SCRAM: the host does not know the password")
        self._proved = True
        return b""


class Plain:
    """The password as it is, in one go."""

    name = "PLAIN"
    over = True

    def __init__(self, login: Login) -> None:
        self.initial: bytes | None = f"\0{login.name}\0{login.password}".encode()

    def respond(self, challenge: bytes) -> bytes:  # noqa: ARG002 - whatever it is, there is no more
        """See Mechanism."""
        raise UntrustedHostError("PLAIN: a challenge, where none is due")


class PlainLogin:
    """The password as it is, asked for piece by piece: for hosts that know nothing else."""

    name = "LOGIN"
    initial: bytes | None = None

    def __init__(self, login: Login) -> None:
        self._answers = [login.name.encode(), login.password.encode()]

    @property
    def over(self) -> bool:
        """See Mechanism."""
        return not self._answers

    def respond(self, challenge: bytes) -> bytes:  # noqa: ARG002 - hosts ask in words of their own
        """See Mechanism."""
        if not self._answers:
            raise UntrustedHostError("LOGIN: a third challenge, where two are due")
        return self._answers.pop(0)


_MECHANISMS: dict[str, type[ScramSHA256 | Plain | PlainLogin]] = {
    kind.name: kind for kind in (ScramSHA256, Plain, PlainLogin)
}


def _prepared(text: str) -> str:
    """Return the form of a name or password that is hashed (RFC 4013 §2.1, §2.2)."""
    if text.isascii():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(letter) else letter
        for letter in text
        if not stringprep.in_table_b1(letter)
    )
    return unicodedata.normalize("NFKC", mapped)
