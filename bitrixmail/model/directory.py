"""Domains, mailboxes and aliases: who may receive mail here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Domain:
    """A local domain in lower-case A-labels.

    `alias_of` names the domain whose addresses it shares, or is empty. `catch_all` is the address
    that gets mail for local-parts nobody has, or empty.
    """

    name: str
    alias_of: str = ""
    catch_all: str = ""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What has an address and a password. `quota_octets` and `retention_days` 0: no limit.

    `plus_folders`: mail for `local+Folder@domain` goes into that folder instead of INBOX.
    """

    id: int
    address: str
    active: bool = True
    quota_octets: int = 0
    retention_days: int = 0
    plus_folders: bool = False
    description: str = ""
    has_password: bool = False


@dataclass(frozen=True, slots=True)
class Alias:
    """An address whose mail goes to other addresses, local ones."""

    address: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedLogin:
    """Somebody was not let into a mailbox, at that time, from that address."""

    at: datetime
    peer: str


@dataclass(frozen=True, slots=True)
class Credential:
    """What is kept of a password: an argon2id hash and a SCRAM-SHA-256 verifier (RFC 5803)."""

    password_hash: str
    scram_verifier: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a mailbox may send as, beside its own: an address, or a whole domain ("@example.org").

    Both are keys, see `Address.key`.
    """

    mailbox: str
    address: str
