"""Who administers the server: users, tokens of the API, and the audit log."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NoReturn

from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin import typed
from bitrixmail.admin.passwords import Passwords, generated
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.interfaces.users import IUsers
from bitrixmail.model.directory import Credential
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.text import printable
from bitrixmail.model.user import (
    Deed,
    DeedSearch,
    Right,
    Role,
    Session,
    Token,
    User,
    digest_of,
)
from bitrixmail.tasks import utcnow

FIRST_OWNER = "admin"
# What is before a token tells people, and those who search for leaked ones, what it is.
TOKEN_PREFIX = "bxm_"  # noqa: S105 - no secret
_TOKEN_OCTETS = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_MOST_TEXT = 100


class Users:
    """The use cases of users. Made by who composes a face, lives as long as it.

    `threads` hash passwords.
    """

    def __init__(
        self, users: IUsers, passwords: Passwords, threads: IThreads, clock: IReactorTime
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._threads = threads
        self._clock = clock

    async def first_owner(self) -> str | None:
        """Make an owner where there is no user at all; return the password, else None."""
        if await self._users.listing():
            return None
        password = generated()
        await self.add(FIRST_OWNER, Role.OWNER.value, password)
        return password

    async def listing(self) -> tuple[User, ...]:
        """List all users by name."""
        return await self._users.listing()

    async def find(self, name: str) -> User:
        """Return a user. Raises NotFoundError."""
        found = await self._users.find(_folded(name))
        if found is None:
            raise NotFoundError(Fault(f"user {printable(name, 80)}", "no such user"))
        return found

    async def add(self, name: str, role: str, password: str) -> User:
        """Make a user. Raises InputError, ExistsError."""
        folded = _folded(name)
        if not _NAME.fullmatch(folded):
            what = "is no name of a user"
            remedy = "up to 64 of a-z, 0-9 and . _ @ -, a letter or digit first"
            raise InputError(Fault(f'name "{printable(name, 80)}"', what, remedy))
        credential = await self._threads.run(self._credential, password)
        return await self._users.add(folded, role_of(role), credential, utcnow(self._clock))

    async def set_password(self, name: str, password: str) -> User:
        """Give a user another password, which ends all sessions.

        Raises InputError, NotFoundError.
        """
        credential = await self._threads.run(self._credential, password)
        return await self._users.change(_folded(name), None, None, credential)

    async def change(self, name: str, *, role: str | None, active: bool | None) -> User:
        """Give a user another role, or lock him out. Raises InputError, NotFoundError."""
        new = None if role is None else role_of(role)
        return await self._users.change(_folded(name), new, active, None)

    async def remove(self, name: str) -> None:
        """Remove a user, sessions and tokens. Raises InputError, NotFoundError."""
        await self._users.remove(_folded(name))

    def _credential(self, password: str) -> Credential:
        return self._passwords.credential(typed.password(password))

    async def recovery_left(self, name: str) -> int:
        """Return how many recovery codes of a user were not used yet."""
        return await self._users.recovery_left(_folded(name))

    async def forget_factor(self, name: str) -> User:
        """Ask a user for no code any more. Raises NotFoundError."""
        return await self._users.set_totp(_folded(name), "")

    async def sessions(self, name: str) -> tuple[Session, ...]:
        """List where a user is logged in, the latest first."""
        return await self._users.sessions(_folded(name))

    async def end_session(self, name: str, key: str) -> None:
        """End a session of a user; those of others stay."""
        if any(session.key == key for session in await self.sessions(name)):
            await self._users.end_session(key)

    async def tokens(self) -> tuple[Token, ...]:
        """List all tokens by user and name."""
        return await self._users.tokens()

    async def tokens_of(self, name: str) -> tuple[Token, ...]:
        """List the tokens of one user by name."""
        folded = _folded(name)
        return tuple(token for token in await self.tokens() if token.user.name == folded)

    async def add_token(
        self, user: User, name: str, rights: Iterable[str], lasting: timedelta | None
    ) -> tuple[Token, str]:
        """Make a token; its text is not told again.

        Raises InputError: no name, no or unknown rights, or more than its user has.
        """
        given = name.strip()
        if not given or len(given) > _MOST_TEXT:
            what, remedy = "is empty or too long", f"say in 1 to {_MOST_TEXT} letters what uses it"
            raise InputError(Fault("token name", what, remedy))
        wanted = frozenset(map(right_of, rights))
        if not wanted or wanted - user.role.rights:
            had = ", ".join(sorted(right.value for right in user.role.rights))
            what = "no right was chosen" if not wanted else f"a {user.role.value} has less"
            raise InputError(Fault("token rights", what, f"choose among {had}"))
        now = utcnow(self._clock)
        text = TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_OCTETS)
        token = Token(0, given, user, wanted, now, None if lasting is None else now + lasting)
        return await self._users.add_token(token, digest_of(text)), text

    async def remove_token(self, token_id: int) -> Token:
        """Remove a token. Raises NotFoundError."""
        return await self._users.remove_token(token_id)

    async def record(
        self, who: str, what: str, target: str = "", detail: str = "", address: str = ""
    ) -> None:
        """Write a line of the audit log. `what` is a stable code, like "mailbox.add"."""
        at = utcnow(self._clock)
        await self._users.record(
            Deed(
                at,
                printable(who, 80),
                what,
                printable(target, 300),
                printable(detail, 2000),
                address,
            )
        )

    async def deeds(
        self, limit: int, before: datetime | None = None, search: DeedSearch | None = None
    ) -> tuple[Deed, ...]:
        """Read the audit log, newest first, older than `before`; of a search what it means."""
        return await self._users.deeds(limit, before, search)


def role_of(said: str) -> Role:
    """Return a role by its name. Raises InputError."""
    try:
        return Role(said.strip().lower())
    except ValueError:
        _unknown("role", said, (role.value for role in Role))


def right_of(said: str) -> Right:
    """Return a right by its name. Raises InputError."""
    try:
        return Right(said.strip().lower())
    except ValueError:
        _unknown("right", said, (right.value for right in Right))


def _unknown(what: str, said: str, known: Iterable[str]) -> NoReturn:
    remedy = f"one of {', '.join(known)}"
    raise InputError(Fault(f'{what} "{printable(said, 80)}"', "is unknown", remedy))


def _folded(name: str) -> str:
    return name.strip().lower()
