"""Users, sessions and tokens as the database has them: what is read, and what is made of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bitrixmail.model.user import Right, Role, Session, Token, User
from bitrixmail.store.schema_users import admin_session, admin_token, admin_user
from bitrixmail.store.values import from_us, from_words

USER = (
    admin_user.c.name,
    admin_user.c.role,
    admin_user.c.active,
    admin_user.c.totp_secret,
    admin_user.c.created,
    admin_user.c.seen,
)
SESSIONS = select(
    admin_session.c.key,
    admin_session.c.csrf,
    admin_session.c.created,
    admin_session.c.seen,
    admin_session.c.address,
    admin_session.c.agent,
    *(column.label(f"user_{column.name}") for column in USER),
).join(admin_user, admin_user.c.name == admin_session.c.user)
TOKENS = select(
    admin_token.c.id,
    admin_token.c.name,
    admin_token.c.rights,
    admin_token.c.created,
    admin_token.c.expires,
    admin_token.c.used,
    *(column.label(f"user_{column.name}") for column in USER),
).join(admin_user, admin_user.c.name == admin_token.c.user)


def user_of(row: Any, prefix: str = "") -> User:
    """Return the user of a row, whose columns may have a prefix."""
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    seen = found[f"{prefix}seen"]
    return User(
        name=found[f"{prefix}name"],
        role=Role(found[f"{prefix}role"]),
        active=found[f"{prefix}active"],
        two_factor=bool(found[f"{prefix}totp_secret"]),
        created=from_us(found[f"{prefix}created"]),
        seen=None if seen is None else from_us(seen),
    )


def session_of(row: Any) -> Session:
    """Return the session of a row of `SESSIONS`."""
    return Session(
        key=row.key,
        user=user_of(row, "user_"),
        csrf=row.csrf,
        created=from_us(row.created),
        seen=from_us(row.seen),
        address=row.address,
        agent=row.agent,
    )


def token_of(row: Any) -> Token:
    """Return the token of a row of `TOKENS`."""
    return Token(
        id=row.id,
        name=row.name,
        user=user_of(row, "user_"),
        rights=frozenset(map(Right, from_words(row.rights))),
        created=from_us(row.created),
        expires=None if row.expires is None else from_us(row.expires),
        used=None if row.used is None else from_us(row.used),
    )
