"""Questions to the directory, asked in a reader's transaction or amid a change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from bitrixmail.model.directory import Alias, Credential, Domain, Mailbox
from bitrixmail.store.schema import alias, alias_target, domain, mailbox

_DOMAIN = select(domain.c.name, domain.c.alias_of, domain.c.catch_all)
_MAILBOX = select(
    mailbox.c.id,
    mailbox.c.address,
    mailbox.c.active,
    mailbox.c.quota_octets,
    mailbox.c.retention_days,
    mailbox.c.plus_folders,
    mailbox.c.description,
    mailbox.c.password_hash.is_not(None).label("has_password"),
)
_TARGETS = (
    select(alias.c.address, alias_target.c.address.label("target"))
    .join(alias_target, alias_target.c.alias_id == alias.c.id)
    .order_by(alias.c.address, alias_target.c.position)
)
_CREDENTIAL = select(mailbox.c.password_hash, mailbox.c.scram_verifier)
DOMAIN_BY_NAME = _DOMAIN.where(domain.c.name == bindparam("key"))
MAILBOX_BY_KEY = _MAILBOX.where(mailbox.c.address == bindparam("key"))
ALIAS_BY_KEY = _TARGETS.where(alias.c.address == bindparam("key"))
CREDENTIAL_BY_KEY = _CREDENTIAL.where(
    mailbox.c.address == bindparam("key"),
    mailbox.c.active.is_(True),
    mailbox.c.password_hash.is_not(None),
)


def find_domain(connection: Connection, name: str) -> Domain | None:
    """Look a domain up."""
    found = connection.execute(DOMAIN_BY_NAME, {"key": name}).first()
    return None if found is None else Domain(*found)


def find_mailbox(connection: Connection, key: str) -> Mailbox | None:
    """Look a mailbox up."""
    found = connection.execute(MAILBOX_BY_KEY, {"key": key}).first()
    return None if found is None else _mailbox(found)


def find_alias(connection: Connection, key: str) -> Alias | None:
    """Look an alias up."""
    found = connection.execute(ALIAS_BY_KEY, {"key": key}).all()
    return Alias(key, tuple(row.target for row in found)) if found else None


def find_credential(connection: Connection, key: str) -> Credential | None:
    """Look the verifiers of an active mailbox up."""
    found = connection.execute(CREDENTIAL_BY_KEY, {"key": key}).first()
    return None if found is None else Credential(found.password_hash, found.scram_verifier or "")


def list_domains(connection: Connection) -> tuple[Domain, ...]:
    """List all domains by name."""
    return tuple(Domain(*row) for row in connection.execute(_DOMAIN.order_by(domain.c.name)))


def list_mailboxes(connection: Connection, name: str | None) -> tuple[Mailbox, ...]:
    """List the mailboxes of one domain or all, by address."""
    query = _of_domain(_MAILBOX, mailbox.c.domain_id, name).order_by(mailbox.c.address)
    return tuple(_mailbox(row) for row in connection.execute(query))


def list_aliases(connection: Connection, name: str | None) -> tuple[Alias, ...]:
    """List the aliases of one domain or all, by address."""
    targets: dict[str, list[str]] = {}
    for row in connection.execute(_of_domain(_TARGETS, alias.c.domain_id, name)):
        targets.setdefault(row.address, []).append(row.target)
    return tuple(Alias(address, tuple(found)) for address, found in targets.items())


def _of_domain(query: Select[Any], domain_id: Any, name: str | None) -> Select[Any]:
    if name is None:
        return query
    return query.join(domain, domain.c.id == domain_id).where(domain.c.name == name)


def _mailbox(row: Row[Any]) -> Mailbox:
    return Mailbox(
        id=row.id,
        address=row.address,
        active=row.active,
        quota_octets=row.quota_octets,
        retention_days=row.retention_days,
        plus_folders=row.plus_folders,
        description=row.description,
        has_password=bool(row.has_password),
    )
