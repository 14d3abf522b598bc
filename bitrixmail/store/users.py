"""Who administers the server, over the database. Tables of few rows: nothing is cached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, func, insert, select, update
from zope.interface import implementer

from bitrixmail.interfaces.users import IUsers
from bitrixmail.model.directory import Credential
from bitrixmail.model.errors import ExistsError, Fault, InputError, NotFoundError
from bitrixmail.model.user import Deed, DeedSearch, Role, Session, Token, User
from bitrixmail.store import audit, recovery
from bitrixmail.store.executors import Database
from bitrixmail.store.schema_search import search_view
from bitrixmail.store.schema_users import (
    admin_recovery,
    admin_session,
    admin_token,
    admin_user,
    deed,
)
from bitrixmail.store.sequences import Sequences
from bitrixmail.store.user_rows import SESSIONS, TOKENS, USER, session_of, token_of, user_of
from bitrixmail.store.values import storable, to_us, to_words

# Somebody logs in from here and there; who logs in a thousand times is a program
MOST_SESSIONS = 20
R = TypeVar("R")
_OWNERS = select(func.count()).where(
    admin_user.c.role == Role.OWNER.value, admin_user.c.active.is_(True)
)


@implementer(IUsers)
class DatabaseUsers:
    """See IUsers. Made with the stores, lives as long as they."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listing(self) -> tuple[User, ...]:
        """See IUsers."""
        return await self._database.read(_listing)

    async def find(self, name: str) -> User | None:
        """See IUsers."""
        return await self._database.read(_find, name)

    async def credential(self, name: str) -> Credential | None:
        """See IUsers."""
        return await self._database.read(_credential, name)

    async def add(self, name: str, role: Role, credential: Credential, now: datetime) -> User:
        """See IUsers."""
        return await self._write(_add, name, role, credential, now)

    async def change(
        self, name: str, role: Role | None, active: bool | None, credential: Credential | None
    ) -> User:
        """See IUsers."""
        return await self._write(_change, name, role, active, credential)

    async def remove(self, name: str) -> None:
        """See IUsers."""
        await self._write(_remove, name)

    async def totp(self, name: str) -> tuple[str, int]:
        """See IUsers."""
        return await self._database.read(_totp, name)

    async def set_totp(self, name: str, secret: str) -> User:
        """See IUsers."""
        return await self._write(_set_totp, name, secret)

    async def set_recovery(self, name: str, digests: Sequence[str]) -> None:
        """See IUsers."""
        await self._write(recovery.replace, name, digests)

    async def recovery_used(self, name: str, digest: str) -> bool:
        """See IUsers."""
        return await self._write(recovery.take, name, digest)

    async def recovery_left(self, name: str) -> int:
        """See IUsers."""
        return await self._database.read(recovery.left, name)

    async def step_used(self, name: str, step: int) -> bool:
        """See IUsers."""
        return await self._write(_step_used, name, step)

    async def begin_session(self, session: Session) -> None:
        """See IUsers."""
        await self._write(_begin_session, session)

    async def session(self, key: str) -> Session | None:
        """See IUsers."""
        return await self._database.read(_session_of, key)

    async def touch_session(self, key: str, now: datetime) -> None:
        """See IUsers."""
        await self._write(_touch_session, key, to_us(now))

    async def sessions(self, name: str) -> tuple[Session, ...]:
        """See IUsers."""
        return await self._database.read(_sessions, name)

    async def end_session(self, key: str) -> None:
        """See IUsers."""
        await self._write(_end_session, key)

    async def add_token(self, token: Token, digest: str) -> Token:
        """See IUsers."""
        return await self._write(_add_token, token, digest)

    async def token(self, digest: str) -> Token | None:
        """See IUsers."""
        return await self._database.read(_token_of, digest)

    async def token_used(self, token_id: int, now: datetime) -> None:
        """See IUsers."""
        await self._write(_token_used, token_id, to_us(now))

    async def tokens(self) -> tuple[Token, ...]:
        """See IUsers."""
        return await self._database.read(_tokens)

    async def remove_token(self, token_id: int) -> Token:
        """See IUsers."""
        return await self._write(_remove_token, token_id)

    async def record(self, line: Deed) -> None:
        """See IUsers."""
        await self._write(audit.record, line)

    async def deeds(
        self, limit: int, before: datetime | None, search: DeedSearch | None = None
    ) -> tuple[Deed, ...]:
        """See IUsers."""
        return await self._database.read(audit.read, limit, before, search or DeedSearch())

    async def expire(self, sessions_before: datetime, deeds_before: datetime) -> None:
        """See IUsers."""
        await self._write(_expire, to_us(sessions_before), to_us(deeds_before))

    async def _write(self, function: Callable[..., R], *args: Any) -> R:
        return await self._database.write(_each, (function, args))


def _each(connection: Connection, calls: Sequence[tuple[Callable[..., R], Any]]) -> list[R]:
    """Make the calls of one transaction in their order."""
    return [function(connection, *args) for function, args in calls]


def _listing(connection: Connection) -> tuple[User, ...]:
    found = connection.execute(select(*USER).order_by(admin_user.c.name))
    return tuple(map(user_of, found))


def _find(connection: Connection, name: str) -> User | None:
    row = connection.execute(select(*USER).where(admin_user.c.name == name)).first()
    return None if row is None else user_of(row)


def _credential(connection: Connection, name: str) -> Credential | None:
    row = connection.execute(
        select(admin_user.c.password_hash, admin_user.c.scram_verifier).where(
            admin_user.c.name == name, admin_user.c.active.is_(True)
        )
    ).first()
    return None if row is None else Credential(*row)


def _existing(connection: Connection, name: str) -> User:
    found = _find(connection, name)
    if found is None:
        raise NotFoundError(Fault(f"user {name}", "no such user", "bitrixmail user list"))
    return found


def _add(
    connection: Connection, name: str, role: Role, credential: Credential, now: datetime
) -> User:
    if _find(connection, name) is not None:
        raise ExistsError(Fault(f"user {name}", "exists already", "choose another name"))
    values = {
        "name": storable(name),
        "role": role.value,
        "active": True,
        "password_hash": credential.password_hash,
        "scram_verifier": credential.scram_verifier,
        "totp_secret": "",
        "totp_step": 0,
        "created": to_us(now),
    }
    connection.execute(insert(admin_user), values)
    return _existing(connection, name)


def _change(
    connection: Connection,
    name: str,
    role: Role | None,
    active: bool | None,
    credential: Credential | None,
) -> User:
    before = _existing(connection, name)
    values: dict[str, Any] = {}
    if role is not None:
        values["role"] = role.value
    if active is not None:
        values["active"] = active
    if credential is not None:
        values["password_hash"] = credential.password_hash
        values["scram_verifier"] = credential.scram_verifier
    if values:
        connection.execute(update(admin_user).where(admin_user.c.name == name), values)
    # A session that was begun with other rights is not handed on
    if credential is not None or active is False or role not in {None, before.role}:
        _end_sessions(connection, name)
    _owned(connection, name)
    return _existing(connection, name)


def _end_sessions(connection: Connection, name: str) -> None:
    connection.execute(delete(admin_session).where(admin_session.c.user == name))


def _owned(connection: Connection, name: str) -> None:
    """Refuse to leave the server without an owner."""
    if not connection.execute(_OWNERS).scalar_one():
        remedy = "make another user an owner first"
        raise InputError(Fault(f"user {name}", "is the only active owner", remedy))


def _remove(connection: Connection, name: str) -> None:
    _existing(connection, name)
    for table in (admin_session, admin_token, admin_recovery, search_view):
        connection.execute(delete(table).where(table.c.user == name))
    connection.execute(delete(admin_user).where(admin_user.c.name == name))
    _owned(connection, name)


def _totp(connection: Connection, name: str) -> tuple[str, int]:
    row = connection.execute(
        select(admin_user.c.totp_secret, admin_user.c.totp_step).where(admin_user.c.name == name)
    ).first()
    return ("", 0) if row is None else (row.totp_secret, row.totp_step)


def _set_totp(connection: Connection, name: str, secret: str) -> User:
    _existing(connection, name)
    values = {"totp_secret": secret, "totp_step": 0}
    connection.execute(update(admin_user).where(admin_user.c.name == name), values)
    recovery.forget(connection, name)
    _end_sessions(connection, name)
    return _existing(connection, name)


def _step_used(connection: Connection, name: str, step: int) -> bool:
    unused = (admin_user.c.name == name, admin_user.c.totp_step < step)
    return bool(connection.execute(update(admin_user).where(*unused), {"totp_step": step}).rowcount)


def _begin_session(connection: Connection, session: Session) -> None:
    mine = admin_session.c.user == session.user.name
    newest = select(admin_session.c.key).where(mine).order_by(admin_session.c.seen.desc())
    kept = newest.limit(MOST_SESSIONS - 1).scalar_subquery()
    connection.execute(delete(admin_session).where(mine, admin_session.c.key.not_in(kept)))
    values = {
        "key": session.key,
        "user": session.user.name,
        "csrf": session.csrf,
        "created": to_us(session.created),
        "seen": to_us(session.seen),
        "address": session.address,
        "agent": storable(session.agent),
    }
    connection.execute(insert(admin_session), values)
    _see(connection, session.user.name, to_us(session.seen))


def _see(connection: Connection, name: str, now: int) -> None:
    connection.execute(update(admin_user).where(admin_user.c.name == name), {"seen": now})


def _session_of(connection: Connection, key: str) -> Session | None:
    active = admin_user.c.active.is_(True)
    row = connection.execute(SESSIONS.where(admin_session.c.key == key, active)).first()
    return None if row is None else session_of(row)


def _touch_session(connection: Connection, key: str, now: int) -> None:
    connection.execute(update(admin_session).where(admin_session.c.key == key), {"seen": now})


def _sessions(connection: Connection, name: str) -> tuple[Session, ...]:
    mine = SESSIONS.where(admin_session.c.user == name)
    return tuple(map(session_of, connection.execute(mine.order_by(admin_session.c.seen.desc()))))


def _end_session(connection: Connection, key: str) -> None:
    connection.execute(delete(admin_session).where(admin_session.c.key == key))


def _add_token(connection: Connection, token: Token, digest: str) -> Token:
    _existing(connection, token.user.name)
    sequences = Sequences(connection)
    number = sequences.take("admin_token")
    sequences.save()
    values = {
        "id": number,
        "digest": digest,
        "name": storable(token.name),
        "user": token.user.name,
        "rights": to_words(right.value for right in token.rights),
        "created": to_us(token.created),
        "expires": None if token.expires is None else to_us(token.expires),
    }
    connection.execute(insert(admin_token), values)
    return token_of(connection.execute(TOKENS.where(admin_token.c.id == number)).one())


def _token_of(connection: Connection, digest: str) -> Token | None:
    active = admin_user.c.active.is_(True)
    row = connection.execute(TOKENS.where(admin_token.c.digest == digest, active)).first()
    return None if row is None else token_of(row)


def _token_used(connection: Connection, token_id: int, now: int) -> None:
    connection.execute(update(admin_token).where(admin_token.c.id == token_id), {"used": now})


def _tokens(connection: Connection) -> tuple[Token, ...]:
    found = connection.execute(TOKENS.order_by(admin_token.c.user, admin_token.c.name))
    return tuple(map(token_of, found))


def _remove_token(connection: Connection, token_id: int) -> Token:
    row = connection.execute(TOKENS.where(admin_token.c.id == token_id)).first()
    if row is None:
        raise NotFoundError(Fault(f"token {token_id}", "no such token"))
    connection.execute(delete(admin_token).where(admin_token.c.id == token_id))
    return token_of(row)


def _expire(connection: Connection, sessions_before: int, deeds_before: int) -> None:
    connection.execute(delete(admin_session).where(admin_session.c.seen < sessions_before))
    connection.execute(delete(deed).where(deed.c.at < deeds_before))
