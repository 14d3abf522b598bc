"""A name and a password on their way to the portal."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from zope.interface import implementer

from bitrixmail.interfaces.login import IPasswordLogin


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
