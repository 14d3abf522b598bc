"""Passwords that were right a moment ago, so that programs which poll cost no hash each time."""

from __future__ import annotations

import hashlib
import secrets

from twisted.internet.interfaces import IReactorTime

from bitrixmail.model.directory import Credential

_TTL_S = 300.0
_REMEMBERED = 4096


class RecentPasswords:
    """Remembers successes for some minutes. Made by the checker, lives as long.

    What is remembered is a keyed digest of password and stored hash together: a changed password
    was never seen, and the key dies with the process.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        # digest -> when it is forgotten; oldest first
        self._until: dict[bytes, float] = {}

    def has(self, password: str, credential: Credential) -> bool:
        """Tell whether this password was right for this credential lately."""
        now = self._clock.seconds()
        until = self._until.get(self._digest(password, credential), now)
        return now < until <= now + _TTL_S

    def add(self, password: str, credential: Credential) -> None:
        """Remember that this password was right for this credential."""
        digest = self._digest(password, credential)
        self._until.pop(digest, None)
        self._until[digest] = self._clock.seconds() + _TTL_S
        if len(self._until) > _REMEMBERED:
            del self._until[next(iter(self._until))]

    def _digest(self, password: str, credential: Credential) -> bytes:
        both = f"{credential.password_hash}\0{password}".encode()
        return hashlib.blake2b(both, key=self._key, digest_size=32).digest()
