"""Logging in to the pages by name, password and code; being known by a cookie or a token."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

import pyotp
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.interfaces import IReactorTime

from bitrixmail.accounts.passwords import verify
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.interfaces.users import IUsers
from bitrixmail.model.user import Session, Token, digest_of
from bitrixmail.tasks import utcnow

_OCTETS = 32
# Who does nothing for so long is asked again, and so is everybody in the end
_IDLE = timedelta(days=3)
_LONGEST = timedelta(days=14)
# That a session is in use is written down no more often
_TOUCHED_EACH = timedelta(minutes=1)
_STEP_S = 30
_MOST_AGENT = 200


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

        `code`: of the user's second factor (RFC 6238), where he has one. Raises UnauthorizedLogin.
        """
        folded = name.strip().lower()
        # No mailbox has such a name: guesses at users and at mailboxes are counted apart
        attempt = await self._throttle.admit(peer, f"user {folded[:80]}")
        try:
            right = attempt.allowed and await self._right(folded, password, code)
            user = await self._users.find(folded) if right else None
        except BaseException:
            attempt.undone()  # else it would hold up all that come behind it
            raise
        if user is None:
            await attempt.failed()
            raise UnauthorizedLogin
        attempt.succeeded()
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

    async def _right(self, name: str, password: str, code: str) -> bool:
        credential = await self._users.credential(name)
        if not await self._threads.run(verify, password, credential):
            return False
        secret, last = await self._users.totp(name)
        if not secret:
            return True
        step = self._step(secret, code, last)
        return step is not None and await self._users.step_used(name, step)

    def _step(self, secret: str, code: str, last: int) -> int | None:
        """Return the time step whose code was given: this one, or a neighbour; each counts once."""
        now = int(utcnow(self._clock).timestamp()) // _STEP_S
        codes = pyotp.TOTP(secret)
        given = "".join(code.split())
        for step in (now, now - 1, now + 1):
            expected = codes.generate_otp(step)
            if step > last and secrets.compare_digest(expected.encode(), given.encode()):
                return step
        return None

    async def session(self, cookie: str) -> Session | None:
        """Return the session that a cookie opens, if it is in force."""
        if not cookie:
            return None
        found = await self._users.session(digest_of(cookie))
        if found is None:
            return None
        now = utcnow(self._clock)
        if now - found.seen > _IDLE or now - found.created > _LONGEST:
            await self._users.end_session(found.key)
            return None
        if now - found.seen > _TOUCHED_EACH:
            await self._users.touch_session(found.key, now)
            found = replace(found, seen=now)
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
