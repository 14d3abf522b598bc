"""What a door hands to the portal when somebody logs in, and what a sender gets of it."""

from __future__ import annotations

from twisted.cred.credentials import ICredentials, IUsernamePassword
from zope.interface import Attribute, Interface


class IPasswordLogin(IUsernamePassword):
    """A name and a password as they came over the wire, and from where.

    The portal answers UnauthorizedLogin alike, and at the same time, whatever was wrong.
    """

    username: bytes = Attribute(
        "the login name, UTF-8: a mailbox's address, or `local+Folder@domain`"
    )
    password: bytes = Attribute("the password, UTF-8")
    peer: str = Attribute("the client's IP address in canonical text; empty for a local socket")


class IScramLogin(ICredentials):
    """A name and the proof of SCRAM-SHA-256 that its owner knows the password (RFC 5802 §3).

    The portal answers as for IPasswordLogin.
    """

    username: bytes = Attribute("the login name, as of IPasswordLogin")
    peer: str = Attribute("the client's IP address, as of IPasswordLogin")
    signed: bytes = Attribute("AuthMessage: what both sides sign")
    proof: bytes = Attribute("ClientProof")
    server_signature: bytes = Attribute("ServerSignature; set by the portal if the proof is right")


class IScramSalts(Interface):
    """What a client of SCRAM-SHA-256 must know of a verifier to prove anything."""

    async def salt_of(username: bytes) -> tuple[bytes, int]:
        """Return salt and iteration count, of whoever has none: such as nobody can tell from one.

        Raise StoreUnavailableError.
        """


class ISubmitter(Interface):
    """Who has logged in to send. The portal gives it as an avatar; nothing is held by it."""

    account: str = Attribute("the mailbox's address")
