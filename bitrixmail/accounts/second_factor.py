"""Codes of a second factor (RFC 6238): asked for from the moment on that a right one was typed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from twisted.internet.interfaces import IReactorTime

from bitrixmail.accounts import recovery_codes
from bitrixmail.interfaces.users import IUsers
from bitrixmail.model.user import Session, User
from bitrixmail.tasks import utcnow

_STEP_S = 30
# As the last step used: no code was yet
NEVER = -1
# Who begins and does not end it: so many, and so long
_MOST_OFFERED = 100
_OFFERED_S = 900.0
_MOST_CODE = 32
# The same offer takes no more wrong codes
_MOST_WRONG = 10


@dataclass(frozen=True, slots=True)
class SwitchedOn:
    """A user who is asked for codes from now on, and his recovery codes: kept nowhere else."""

    user: User
    recovery: tuple[str, ...]


class _Offer:
    """A secret that was shown, and counts for nothing until a code of it was typed."""

    def __init__(self, secret: str, until: float) -> None:
        self.secret = secret
        self.until = until
        self.wrong = 0


class SecondFactor:
    """Begun, shown, switched on. Made by compose, lives as long as the server.

    What is offered lives in memory only, for a quarter of an hour, of each session one.
    """

    def __init__(self, users: IUsers, issuer: str, clock: IReactorTime) -> None:
        self._users = users
        self._issuer = issuer
        self._clock = clock
        self._offers: dict[str, _Offer] = {}

    def secret(self, session: Session) -> str | None:
        """Return the secret that is offered, to be typed where nothing can be scanned."""
        offer = self._offered(session)
        return None if offer is None else offer.secret

    def begin(self, session: Session) -> None:
        """Offer a secret, the same one until it is too old."""
        if self._offered(session) is not None:
            return
        offer = _Offer(pyotp.random_base32(), self._clock.seconds() + _OFFERED_S)
        self._offers.pop(session.key, None)
        self._offers[session.key] = offer
        if len(self._offers) > _MOST_OFFERED:
            del self._offers[next(iter(self._offers))]

    def address(self, session: Session) -> str | None:
        """Return what the picture says (otpauth:), None if nothing is offered."""
        offer = self._offered(session)
        if offer is None:
            return None
        found: str = pyotp.TOTP(offer.secret).provisioning_uri(
            name=session.user.name, issuer_name=self._issuer
        )
        return found

    async def switch_on(self, session: Session, code: str) -> SwitchedOn | None:
        """Ask for codes from now on, if this is one; else None. All sessions end with it."""
        offer = self._offered(session)
        if offer is None:
            return None
        step = step_of(offer.secret, code, 0, utcnow(self._clock))
        if step is None:
            offer.wrong += 1
            return None
        del self._offers[session.key]
        user = await self._users.set_totp(session.user.name, offer.secret)
        await self._users.step_used(user.name, step)
        return SwitchedOn(user, await self.recovery(user.name))

    async def recovery(self, name: str) -> tuple[str, ...]:
        """Make recovery codes for a user; those of before count no more."""
        codes = recovery_codes.made()
        digests = [found for code in codes if (found := recovery_codes.digest_if_code(code))]
        await self._users.set_recovery(name, digests)
        return codes

    def _offered(self, session: Session) -> _Offer | None:
        found = self._offers.get(session.key)
        if found is None or found.until <= self._clock.seconds() or found.wrong >= _MOST_WRONG:
            return None
        return found


def step_of(secret: str, code: str, last: int, at: datetime) -> int | None:
    """Return the time step whose code was given: this one, or a neighbour; each counts once."""
    now = int(at.timestamp()) // _STEP_S
    codes = pyotp.TOTP(secret)
    given = "".join(code[:_MOST_CODE].split())
    for step in (now, now - 1, now + 1):
        expected = codes.generate_otp(step)
        if step > last and secrets.compare_digest(expected.encode(), given.encode()):
            return step
    return None
