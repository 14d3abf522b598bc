"""SCRAM-SHA-256 as a server speaks it, sans I/O: messages read and written (RFC 5802, RFC 7677).

Whether a proof is right decides who keeps the verifiers, see `IScramLogin`.
"""

from __future__ import annotations

import base64
import re
import secrets

from bitrixmail.link.credentials import ScramLogin

# Names and values hold no comma: it stands as =2C, and = itself as =3D (RFC 5802 §5.1)
_FIRST = re.compile(
    rb"(?P<gs2>(?P<flag>[ny]|p=[A-Za-z0-9.-]+),(?:a=(?P<acting>[^,\0]*))?,)"
    rb"(?P<bare>n=(?P<name>[^,\0]+),r=(?P<nonce>[!-+\--~]{1,512})(?:,[A-Za-z]=[^,\0]+)*)"
)
_FINAL = re.compile(
    rb"(?P<bare>c=(?P<binding>[A-Za-z0-9+/=]+),r=(?P<nonce>[!-+\--~]+)(?:,[A-Za-z]=[^,\0]+)*)"
    rb",p=(?P<proof>[A-Za-z0-9+/=]+)"
)
_ESCAPED = re.compile(rb"=(2C|3D)?")
_NONCE_OCTETS = 18


def new_nonce() -> str:
    """Return a nonce of ours."""
    return secrets.token_urlsafe(_NONCE_OCTETS)


class ScramExchange:
    """One exchange: `begin`, `challenge`, `finish`, in this order. Made by a session.

    No channel binding is offered, so a client that asks for it (`p=`) is refused; one that could
    do it (`y`) is not. `nonce` is our part of it: printable, without a comma, never used before.
    """

    def __init__(self, peer: str, nonce: str) -> None:
        self._peer = peer
        self._ours = nonce.encode()
        self._gs2 = self._bare = self._nonce = self._challenge = b""
        self.username = b""

    def begin(self, message: bytes) -> None:
        """Take the client's first message. Raise ValueError for what is none."""
        match = _FIRST.fullmatch(message)
        if match is None or match["flag"].startswith(b"p"):
            raise ValueError("not a first message that can be answered")
        self.username = _name(match["name"])
        if match["acting"] and _name(match["acting"]) != self.username:
            raise ValueError("acting for somebody else")
        self._gs2, self._bare = match["gs2"], match["bare"]
        self._nonce = match["nonce"] + self._ours

    def challenge(self, salt: bytes, iterations: int) -> bytes:
        """Return our first message."""
        written = base64.b64encode(salt)
        self._challenge = b"r=%b,s=%b,i=%d" % (self._nonce, written, iterations)
        return self._challenge

    def finish(self, message: bytes) -> ScramLogin:
        """Take the client's last message. Raise ValueError for what is none."""
        match = _FINAL.fullmatch(message)
        if match is None or match["nonce"] != self._nonce:
            raise ValueError("not a last message of this exchange")
        if base64.b64decode(match["binding"], validate=True) != self._gs2:
            raise ValueError("what came first is not what was sent")
        proof = base64.b64decode(match["proof"], validate=True)
        signed = b",".join((self._bare, self._challenge, match["bare"]))
        return ScramLogin(self.username, self._peer, signed, proof)


def verdict(login: ScramLogin) -> bytes:
    """Return our last message, by which we prove that we know the verifier."""
    return b"v=" + base64.b64encode(login.server_signature)


def _name(encoded: bytes) -> bytes:
    def letter(match: re.Match[bytes]) -> bytes:
        return {b"2C": b",", b"3D": b"="}[match[1]]

    try:
        return _ESCAPED.sub(letter, encoded)
    except KeyError:
        raise ValueError("= that stands for nothing") from None
