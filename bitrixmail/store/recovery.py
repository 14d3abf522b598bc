"""Recovery codes of users: digests, each of which counts once. Runs in the database's threads."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from bitrixmail.model.errors import Fault, NotFoundError
from bitrixmail.store.schema_users import admin_recovery, admin_user


def replace(connection: Connection, name: str, digests: Sequence[str]) -> None:
    """Put digests in the place of those that there were. Raises NotFoundError."""
    known = select(func.count()).where(admin_user.c.name == name)
    if not connection.execute(known).scalar_one():
        raise NotFoundError(Fault(f"user {name}", "no such user", "bitrixmail user list"))
    forget(connection, name)
    if digests:
        rows = [{"user": name, "digest": digest} for digest in digests]
        connection.execute(insert(admin_recovery), rows)


def take(connection: Connection, name: str, digest: str) -> bool:
    """Take one away; tell whether there was one."""
    wanted = (admin_recovery.c.user == name, admin_recovery.c.digest == digest)
    return bool(connection.execute(delete(admin_recovery).where(*wanted)).rowcount)


def left(connection: Connection, name: str) -> int:
    """Count those that are left."""
    counted = select(func.count()).where(admin_recovery.c.user == name)
    return int(connection.execute(counted).scalar_one())


def forget(connection: Connection, name: str) -> None:
    """Take all of a user away."""
    connection.execute(delete(admin_recovery).where(admin_recovery.c.user == name))
