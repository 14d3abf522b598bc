"""Who administers the server, where it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bitrixmail.model.directory import Credential
    from bitrixmail.model.user import Deed, DeedSearch, Role, Session, Token, User


class IUsers(Interface):
    """Users, their sessions and tokens, and what they did.

    Names are lower case. Every method raises StoreUnavailableError or StoreFullError when the
    database fails.
    """

    async def listing() -> tuple[User, ...]:
        """List all users by name."""

    async def find(name: str) -> User | None:
        """Return a user; None if there is none of that name."""

    async def credential(name: str) -> Credential | None:
        """Return what is kept of the password of a user who is active."""

    async def add(name: str, role: Role, credential: Credential, now: datetime) -> User:
        """Make a user. Raise ExistsError."""

    async def change(
        name: str, role: Role | None, active: bool | None, credential: Credential | None
    ) -> User:
        """Change what is given. Sessions end with it, but for what was so before.

        Raise NotFoundError; InputError if no active owner would be left.
        """

    async def remove(name: str) -> None:
        """Remove a user with sessions and tokens. Raise as `change` does."""

    async def totp(name: str) -> tuple[str, int]:
        """Return the secret of a user's codes (base32; empty: none) and the last step used."""

    async def set_totp(name: str, secret: str) -> User:
        """Ask for codes of this secret from now on; empty: for none. Sessions end with it.

        Recovery codes go with the secret they were for. Raise NotFoundError.
        """

    async def set_recovery(name: str, digests: Sequence[str]) -> None:
        """Put recovery codes in the place of those that there were. Raise NotFoundError."""

    async def recovery_used(name: str, digest: str) -> bool:
        """Take a recovery code away; False if there was no such one."""

    async def recovery_left(name: str) -> int:
        """Return how many recovery codes were not used yet."""

    async def step_used(name: str, step: int) -> bool:
        """Note that the code of a time step was used; False if it or a later one was before."""

    async def begin_session(session: Session) -> None:
        """Keep a new session, and end the oldest ones of a user who has too many."""

    async def session(key: str) -> Session | None:
        """Return a session of a user who is active."""

    async def touch_session(key: str, now: datetime) -> None:
        """Note that a session was used."""

    async def sessions(name: str) -> tuple[Session, ...]:
        """List the sessions of a user, the one used last first."""

    async def end_session(key: str) -> None:
        """End a session; harmless if it has ended."""

    async def add_token(token: Token, digest: str) -> Token:
        """Keep a new token; its id is given out here. Raise NotFoundError (the user)."""

    async def token(digest: str) -> Token | None:
        """Return the token with this digest, of a user who is active."""

    async def token_used(token_id: int, now: datetime) -> None:
        """Note that a token was used."""

    async def tokens() -> tuple[Token, ...]:
        """List all tokens by user and name."""

    async def remove_token(token_id: int) -> Token:
        """Remove a token. Raise NotFoundError."""

    async def record(deed: Deed) -> None:
        """Add a line to the audit log."""

    async def deeds(
        limit: int, before: datetime | None, search: DeedSearch | None = None
    ) -> tuple[Deed, ...]:
        """Read the audit log, newest first, older than `before`; of a search what it means."""

    async def expire(sessions_before: datetime, deeds_before: datetime) -> None:
        """Remove sessions last used, and lines of the audit log written, before."""
