"""Changes of the directory. Each runs in the writer's thread, within one transaction.

They raise ExistsError, NotFoundError and InputError in words for people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bitrixmail.model.address import Address
from bitrixmail.model.directory import Credential, Domain, Mailbox
from bitrixmail.model.errors import ExistsError, Fault, InputError, NotFoundError
from bitrixmail.model.message import INBOX
from bitrixmail.store.appending import new_folder_row
from bitrixmail.store.directory_reading import find_alias, find_domain, find_mailbox
from bitrixmail.store.removal import empty_chunk
from bitrixmail.store.schema import (
    alias,
    alias_target,
    dkim_key,
    domain,
    folder,
    imported,
    mailbox,
    sender_grant,
    tombstone,
)
from bitrixmail.store.sequences import Sequences, bump
from bitrixmail.store.ticket_writing import drop_desk
from bitrixmail.store.values import storable, to_key

TOPIC = "directory"
MAX_TARGETS = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """A function of this module and what it is given; `now` is in microseconds."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    now: int


def apply(connection: Connection, changes: Sequence[Change]) -> list[tuple[Any, int]]:
    """Make the changes in their order; return each one's result and its generation."""
    return [
        (
            change.function(connection, *change.arguments, now=change.now),
            bump(connection, TOPIC),
        )
        for change in changes
    ]


def add_domain(connection: Connection, added: Domain, *, now: int) -> None:
    """Add a domain; its postmaster and abuse (RFC 2142 §4, §5) unless it stands for another."""
    if find_domain(connection, added.name) is not None:
        raise ExistsError(Fault(added.name, "is a domain already"))
    _check_alias_of(connection, added)
    sequences = Sequences(connection)
    row = {"id": sequences.take("domain"), **_domain_values(added), "name": added.name}
    connection.execute(insert(domain), row)
    sequences.save()
    if not added.alias_of:
        postmaster = f"postmaster@{added.name}"
        add_mailbox(connection, Mailbox(0, postmaster), None, now=now)
        set_alias(connection, f"abuse@{added.name}", (postmaster,), now=now)


def change_domain(connection: Connection, changed: Domain, *, now: int) -> None:  # noqa: ARG001 - see Change
    """Replace what is known of a domain but its name."""
    _domain_id(connection, changed.name)
    _check_alias_of(connection, changed)
    connection.execute(update(domain).where(domain.c.name == changed.name), _domain_values(changed))


def _domain_values(value: Domain) -> dict[str, str]:
    return {"alias_of": value.alias_of, "catch_all": storable(to_key(value.catch_all))}


def _check_alias_of(connection: Connection, value: Domain) -> None:
    """Refuse to let a domain stand for itself, for another alias, or for nothing."""
    if not value.alias_of:
        return
    target = find_domain(connection, value.alias_of)
    if target is None:
        raise NotFoundError(
            Fault(value.alias_of, "no such domain", f"bitrixmail domain add {value.alias_of}")
        )
    if target.alias_of or target.name == value.name:
        what = f"cannot stand for {target.name}, which stands for {target.alias_of or 'it'} itself"
        raise InputError(Fault(value.name, what, "name the domain that has the mailboxes"))
    followers = connection.execute(
        select(domain.c.name).where(domain.c.alias_of == value.name).limit(1)
    ).scalar()
    if followers is not None:
        raise InputError(Fault(value.name, f"has {followers} standing for it", "change that first"))


def _domain_id(connection: Connection, name: str) -> int:
    found: int | None = connection.execute(
        select(domain.c.id).where(domain.c.name == name)
    ).scalar()
    if found is None:
        raise NotFoundError(Fault(name, "no such domain", f"bitrixmail domain add {name}"))
    return found


def retire_domain(connection: Connection, name: str, *, now: int) -> list[int]:  # noqa: ARG001 - see Change
    """Switch the mailboxes of a domain off, before their mail is removed; return their ids."""
    domain_id = _domain_id(connection, name)
    follower = connection.execute(
        select(domain.c.name).where(domain.c.alias_of == name).limit(1)
    ).scalar()
    if follower is not None:
        remedy = f"bitrixmail domain remove {follower}"
        raise InputError(Fault(name, f"is what {follower} stands for", remedy))
    of_domain = mailbox.c.domain_id == domain_id
    connection.execute(update(mailbox).where(of_domain).values(active=False))
    return list(connection.execute(select(mailbox.c.id).where(of_domain)).scalars())


def drop_domain(connection: Connection, name: str, *, now: int) -> None:
    """Remove a domain with everything that is still in it."""
    domain_id = _domain_id(connection, name)
    of_domain = select(mailbox.c.id).where(mailbox.c.domain_id == domain_id)
    for mailbox_id in connection.execute(of_domain).scalars().all():
        drop_mailbox(connection, mailbox_id, now=now)
    aliases = select(alias.c.id).where(alias.c.domain_id == domain_id)
    connection.execute(delete(alias_target).where(alias_target.c.alias_id.in_(aliases)))
    connection.execute(delete(alias).where(alias.c.domain_id == domain_id))
    connection.execute(delete(dkim_key).where(dkim_key.c.domain_id == domain_id))
    connection.execute(delete(domain).where(domain.c.id == domain_id))


def add_mailbox(
    connection: Connection, added: Mailbox, credential: Credential | None, *, now: int
) -> Mailbox:
    """Add a mailbox with its INBOX."""
    key = storable(to_key(added.address))
    if find_mailbox(connection, key) is not None:
        raise ExistsError(Fault(key, "is a mailbox already"))
    if find_alias(connection, key) is not None:
        remedy = f"bitrixmail alias remove {key}"
        raise ExistsError(Fault(key, "is an alias already", remedy))
    domain_id = _own_domain_id(connection, key)
    sequences = Sequences(connection)
    mailbox_id = sequences.take("mailbox")
    connection.execute(
        insert(mailbox),
        {
            "id": mailbox_id,
            "domain_id": domain_id,
            "address": key,
            "used_octets": 0,
            **_mailbox_values(added),
            **_credential_values(credential),
        },
    )
    inbox = new_folder_row(sequences, mailbox_id, INBOX, now)
    connection.execute(insert(folder), dict(zip(folder.columns.keys(), inbox, strict=True)))
    sequences.save()
    found = find_mailbox(connection, key)
    if found is None:
        raise RuntimeError("the mailbox just added is not there")
    return found


def _own_domain_id(connection: Connection, address: str) -> int:
    """Return the id of the address's domain, which must have addresses of its own."""
    name = address.rpartition("@")[2]
    found = find_domain(connection, name)
    if found is not None and found.alias_of:
        raise InputError(
            Fault(address, f"{name} only stands for {found.alias_of}", "use that domain")
        )
    return _domain_id(connection, name)


def _mailbox_values(value: Mailbox) -> dict[str, Any]:
    return {
        "active": value.active,
        "quota_octets": value.quota_octets,
        "retention_days": value.retention_days,
        "plus_folders": value.plus_folders,
        "description": storable(value.description),
    }


def _credential_values(value: Credential | None) -> dict[str, str | None]:
    if value is None:
        return {"password_hash": None, "scram_verifier": None}
    return {"password_hash": value.password_hash, "scram_verifier": value.scram_verifier}


def _no_mailbox(address: str) -> NotFoundError:
    return NotFoundError(Fault(address, "no such mailbox", f"bitrixmail mailbox add {address}"))


def change_mailbox(connection: Connection, changed: Mailbox, *, now: int) -> None:  # noqa: ARG001 - see Change
    """Replace what is known of a mailbox but id, address and password."""
    key = to_key(changed.address)
    statement = update(mailbox).where(mailbox.c.address == key)
    if not connection.execute(statement, _mailbox_values(changed)).rowcount:
        raise _no_mailbox(key)


def set_credential(
    connection: Connection,
    address: str,
    credential: Credential | None,
    *,
    now: int,  # noqa: ARG001
) -> None:
    """Replace or remove the verifiers of a mailbox."""
    key = to_key(address)
    statement = update(mailbox).where(mailbox.c.address == key)
    if not connection.execute(statement, _credential_values(credential)).rowcount:
        raise _no_mailbox(key)


def retire_mailbox(connection: Connection, address: str, *, now: int) -> int:  # noqa: ARG001 - see Change
    """Switch a mailbox off, before its mail is removed; return its id."""
    key = to_key(address)
    found = find_mailbox(connection, key)
    if found is None:
        raise _no_mailbox(key)
    if key.startswith("postmaster@"):
        remedy = f"it goes with its domain: bitrixmail domain remove {key.partition('@')[2]}"
        raise InputError(Fault(key, "must exist in every domain (RFC 5321 §4.5.1)", remedy))
    connection.execute(update(mailbox).where(mailbox.c.id == found.id).values(active=False))
    return found.id


def drop_mailbox(connection: Connection, mailbox_id: int, *, now: int) -> None:
    """Remove a mailbox with everything that is still in it."""
    while empty_chunk(connection, mailbox_id, now):
        pass
    drop_desk(connection, mailbox_id, now)
    folders = select(folder.c.id).where(folder.c.mailbox_id == mailbox_id)
    connection.execute(delete(tombstone).where(tombstone.c.folder_id.in_(folders)))
    connection.execute(delete(folder).where(folder.c.mailbox_id == mailbox_id))
    connection.execute(delete(imported).where(imported.c.mailbox_id == mailbox_id))
    connection.execute(delete(sender_grant).where(sender_grant.c.mailbox_id == mailbox_id))
    connection.execute(delete(mailbox).where(mailbox.c.id == mailbox_id))


def set_alias(
    connection: Connection,
    address: str,
    targets: Sequence[str],
    *,
    now: int,  # noqa: ARG001
) -> None:
    """Add an alias or replace its targets."""
    key = storable(to_key(address))
    if find_mailbox(connection, key) is not None:
        raise ExistsError(Fault(key, "is a mailbox already", f"bitrixmail mailbox remove {key}"))
    domain_id = _own_domain_id(connection, key)
    wanted = list(dict.fromkeys(storable(to_key(target)) for target in targets))
    if not 0 < len(wanted) <= MAX_TARGETS:
        raise InputError(Fault(key, f"needs 1 to {MAX_TARGETS} targets", "name where it leads"))
    for target in wanted:
        if find_domain(connection, target.rpartition("@")[2]) is None:
            what = f"target {target} is in no domain of this server"
            raise NotFoundError(Fault(key, what, "name a local address"))
    _refuse_loop(connection, key, wanted)
    alias_id = connection.execute(select(alias.c.id).where(alias.c.address == key)).scalar()
    if alias_id is None:
        sequences = Sequences(connection)
        alias_id = sequences.take("alias")
        row = {"id": alias_id, "domain_id": domain_id, "address": key}
        connection.execute(insert(alias), row)
        sequences.save()
    connection.execute(delete(alias_target).where(alias_target.c.alias_id == alias_id))
    connection.execute(
        insert(alias_target),
        [
            {"alias_id": alias_id, "position": position, "address": target}
            for position, target in enumerate(wanted)
        ],
    )


def _refuse_loop(connection: Connection, key: str, targets: Sequence[str]) -> None:
    """Raise InputError if the targets lead back to `key`."""
    seen: set[str] = set()
    waiting = list(targets)
    while waiting:
        address = waiting.pop()
        for candidate in _resolved(connection, address):
            if candidate == key:
                what = f"would lead back to itself by {address}"
                raise InputError(Fault(key, what, "name another target"))
            if candidate in seen:
                break
            seen.add(candidate)
            found = find_alias(connection, candidate)
            if found is not None:
                waiting += found.targets
                break
            if find_mailbox(connection, candidate) is not None:
                break


def _resolved(connection: Connection, address: str) -> list[str]:
    """Return the keys under which an address is looked for, domain aliases followed."""
    local_part, _, name = address.rpartition("@")
    found = find_domain(connection, name)
    whole = Address(local_part, found.alias_of if found and found.alias_of else name)
    return list(dict.fromkeys((whole.key, whole.base.key)))


def remove_alias(connection: Connection, address: str, *, now: int) -> None:  # noqa: ARG001 - see Change
    """Remove an alias with its targets."""
    key = to_key(address)
    alias_id = connection.execute(select(alias.c.id).where(alias.c.address == key)).scalar()
    if alias_id is None:
        raise NotFoundError(Fault(key, "no such alias", "see: bitrixmail alias list"))
    connection.execute(delete(alias_target).where(alias_target.c.alias_id == alias_id))
    connection.execute(delete(alias).where(alias.c.id == alias_id))
