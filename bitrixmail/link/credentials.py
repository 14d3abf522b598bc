"""What proves who somebody is, on its way to the portal; and a bug met there, told without it."""

from __future__ import annotations

import hmac
import traceback
from dataclasses import dataclass, field

from twisted.logger import Logger
from zope.interface import implementer

from bitrixmail.interfaces.login import IPasswordLogin, IScramLogin

_log = Logger()


@implementer(IPasswordLogin)
@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """See IPasswordLogin. Made by a session for one login; its repr shows no password."""

    username: bytes
    password: bytes = field(repr=False)
    peer: str

    def checkPassword(self, password: bytes) -> bool:
        """See IUsernamePassword; our checker compares hashes instead."""
        return hmac.compare_digest(self.password, password)


@implementer(IScramLogin)
@dataclass(slots=True)
class ScramLogin:
    """See IScramLogin. Made by a session for one login."""

    username: bytes
    peer: str
    signed: bytes = field(repr=False)
    proof: bytes = field(repr=False)
    server_signature: bytes = field(default=b"", repr=False)


def log_bug(session_id: str, error: Exception) -> None:
    """Log a bug of a login, but not the whole error: its text may hold the password."""
    _log.error(
        "{session_id}: bug in a login: {kind}\n{where}",
        session_id=session_id,
        kind=type(error).__name__,
        where="".join(traceback.format_tb(error.__traceback__)),
    )
