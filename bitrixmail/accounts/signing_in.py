"""Logging in to the pages by name, password and code; being known by a cookie or a token."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from enum import Enum

from twisted.cred.error import UnauthorizedLogin
from twisted.internet.interfaces import IReactorTime

from bitrixmail.accounts.passwords import verify
from bitrixmail.accounts.recovery_codes import digest_if_code
from bitrixmail.accounts.second_factor import NEVER, step_of
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.interfaces.users import IUsers
from bitrixmail.model.user import Session, Token, User, digest_of
from bitrixmail.tasks import utcnow

_OCTETS = 32
# Who does nothing for so long is asked again, and so is everybody in the end
_IDLE = timedelta(days=3)
_LONGEST = timedelta(days=14)
# That a session is in use is written down no more often
_TOUCHED_EACH = timedelta(minutes=1)
_MOST_AGENT = 200


class RefusedError(UnauthorizedLogin):
    """Nobody got in. `looked_at`: a password was compared, there were not too many before.

    `code_used`: all was right, but the code has been used before; the next one will do.
    """

    def __init__(self, *, looked_at: bool, code_used: bool = False) -> None:
        super().__init__()
        self.looked_at = looked_at
        self.code_used = code_used


class _Compared(Enum):
    """What came of a password and a code."""

    RIGHT = "right"
    WRONG = "wrong"
    USED = "used"


class SigningIn:
    """Who somebody is. Made by compose, lives as long as the server.

    The throttle is that of all doors: whatever was wrong, the refusal takes as long.
    """

    def __init__(
        self, users: IUsers, threads: IThreads, throttle: LoginThrottle, clock: IReactorTime
    ) -> None:
        self._users = users
        self._threads = threads
        self._throttle = throttle
        self._clock = clock

    async def sign_in(
        self, name: str, password: str, code: str, peer: str, agent: str
    ) -> tuple[Session, str]:
        """Begin a session; return it and what its cookie holds.

        `code`: of the user's second factor (RFC 6238), where he has one. Raises RefusedError.
        """
        folded = name.strip().lower()
        return await self.begin(await self._admitted(folded, password, code, peer), peer, agent)

    async def confirm(
        self, session: Session, password: str, peer: str, code: str | None = None
    ) -> None:
        """Ask who is logged in for his password anew. Raises RefusedError.

        With `code` also for that of his second factor, where he has one.
        """
        await self._admitted(session.user.name, password, code, peer)

    async def _admitted(self, name: str, password: str, code: str | None, peer: str) -> User:
        """Return the user whose password and code these are; `code` None: it is not asked for."""
        # No mailbox has such a name: guesses at users and at mailboxes are counted apart
        attempt = await self._throttle.admit(peer, f"user {name[:80]}")
        try:
            found = _Compared.WRONG
            if attempt.allowed:
                found = await self._compared(name, password, code)
            user = await self._users.find(name) if found is _Compared.RIGHT else None
        except BaseException:
            attempt.undone()  # else it would hold up all that come behind it
            raise
        if user is None:
            await attempt.failed()
            raise RefusedError(looked_at=attempt.allowed, code_used=found is _Compared.USED)
        attempt.succeeded()
        return user

    async def begin(self, user: User, peer: str, agent: str) -> tuple[Session, str]:
        """Begin a session of a user who is known to be there; return what its cookie holds too."""
        cookie = secrets.token_urlsafe(_OCTETS)
        now = utcnow(self._clock)
        session = Session(
            key=digest_of(cookie),
            user=user,
            csrf=secrets.token_urlsafe(_OCTETS),
            created=now,
            seen=now,
            address=peer,
            agent=agent[:_MOST_AGENT],
        )
        await self._users.begin_session(session)
        return session, cookie

    async def _compared(self, name: str, password: str, code: str | None) -> _Compared:
        credential = await self._users.credential(name)
        if not await self._threads.run(verify, password, credential):
            return _Compared.WRONG
        secret, last = await self._users.totp(name)
        if not secret or code is None:
            return _Compared.RIGHT
        now = utcnow(self._clock)
        step = step_of(secret, code, last, now)
        if step is not None and await self._users.step_used(name, step):
            return _Compared.RIGHT
        recovery = digest_if_code(code)
        if recovery is not None and await self._users.recovery_used(name, recovery):
            return _Compared.RIGHT
        before = step_of(secret, code, NEVER, now)
        return _Compared.WRONG if before is None else _Compared.USED

    async def session(self, cookie: str) -> Session | None:
        """Return the session that a cookie opens, if it is in force."""
        if not cookie:
            return None
        found = await self._in_force(digest_of(cookie))
        if found is None:
            return None
        now = utcnow(self._clock)
        if now - found.seen > _TOUCHED_EACH:
            await self._users.touch_session(found.key, now)
            found = replace(found, seen=now)
        return found

    async def again(self, session: Session) -> Session | None:
        """Return a session as it stands now, not counted as used; None: it has ended."""
        return await self._in_force(session.key)

    async def _in_force(self, key: str) -> Session | None:
        found = await self._users.session(key)
        if found is None:
            return None
        now = utcnow(self._clock)
        if now - found.seen > _IDLE or now - found.created > _LONGEST:
            await self._users.end_session(found.key)
            return None
        return found

    async def sign_out(self, session: Session) -> None:
        """End a session."""
        await self._users.end_session(session.key)

    async def token(self, text: str) -> Token | None:
        """Return the token with this text, if it is in force."""
        found = await self._users.token(digest_of(text))
        now = utcnow(self._clock)
        if found is None or (found.expires is not None and found.expires <= now):
            return None
        if found.used is None or now - found.used > _TOUCHED_EACH:
            await self._users.token_used(found.id, now)
        return replace(found, rights=found.rights & found.user.role.rights)
