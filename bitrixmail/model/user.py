"""Who administers the server: users of the pages and of the API, their sessions and tokens.

A mailbox is no user: it reads mail, and a user need not have one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


class Right(Enum):
    """What a role may do, or a token of the API."""

    SEE = "see"  # look at everything
    HANDLE = "handle"  # mail: release, hold, retry, delete, train, answer tickets
    MANAGE = "manage"  # domains, mailboxes, rules, lists
    SEND = "send"  # hand in mail to be sent
    GOVERN = "govern"  # the server itself: listeners, settings, users, tokens


class Role(Enum):
    """What a user is, from the least to the most."""

    READER = "reader"
    OPERATOR = "operator"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rights(self) -> frozenset[Right]:
        """What it may do."""
        return _RIGHTS[self]


_RIGHTS = {
    Role.READER: frozenset({Right.SEE}),
    Role.OPERATOR: frozenset({Right.SEE, Right.HANDLE, Right.SEND}),
    Role.ADMIN: frozenset({Right.SEE, Right.HANDLE, Right.SEND, Right.MANAGE}),
    Role.OWNER: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class User:
    """A person who logs in. `name` is folded to lower case; `two_factor`: a code is asked too."""

    name: str
    role: Role
    active: bool
    two_factor: bool
    created: datetime
    seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A login of a user's browser. `key` is the digest of what the cookie holds, in hex."""

    key: str
    user: User
    csrf: str
    created: datetime
    seen: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows to use the API. Its text is told once, only its digest is kept."""

    id: int
    name: str
    user: User
    rights: frozenset[Right]
    created: datetime
    expires: datetime | None = None
    used: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the audit log: who did what to what, from where.

    `what` is a stable code ("mailbox.add"); `detail` never holds a secret. The store gives the
    `id`, which rises.
    """

    at: datetime
    who: str
    what: str
    target: str = ""
    detail: str = ""
    address: str = ""
    id: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class DeedSearch:
    """Which lines of the audit log are meant; what is empty says nothing.

    `what` is a code or what it begins with ("mailbox"), `target` a part of it. `before` is the id
    of a line: only older ones.
    """

    who: str = ""
    what: str = ""
    target: str = ""
    before: int = 0


def digest_of(secret: str) -> str:
    """Return what is kept of a cookie or a token: both are as random as their digest is long."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
