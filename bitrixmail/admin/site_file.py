"""A site as a file: domains, mailboxes, grants, aliases, rules. TOML to values and back, pure.

What is wrong in a file is found at one reading, each fault with its place and a remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import tomlkit

from bitrixmail.admin import typed
from bitrixmail.model.directory import Alias, Credential, Domain, Grant, Mailbox
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.rule import RuleSet
from bitrixmail.model.text import printable
from bitrixmail.model.toml import read_toml
from bitrixmail.rules.syntax import dump_rules, rules_from_data
from bitrixmail.rules.words import choice

MAX_TEXT = 64 * 1024 * 1024
MAX_ENTRIES = 100_000
MAX_GRANTS = 1000  # of one mailbox, as the store has it
_TABLES = ("domain", "mailbox", "alias", "rule", "groups_off")
_DOMAIN_KEYS = ("name", "alias_of", "catch_all")
_MAILBOX_KEYS = (
    "address", "password", "password_hash", "scram_verifier", "active", "quota", "retention",
    "plus_folders", "description", "may_send_as",
)  # fmt: skip
_ALIAS_KEYS = ("address", "targets")
_MAX_TARGETS = 1000
_HASH = "$argon2id$"
_VERIFIER = "SCRAM-SHA-256$"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WantedDomain:
    """A domain as a file wants it; `given` as in WantedMailbox."""

    domain: Domain
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WantedMailbox:
    """A mailbox as a file wants it. `password` or `credential`, or neither: as it is.

    `given` are the keys that stand there; the others stay as they are in a mailbox that exists.
    """

    mailbox: Mailbox
    given: frozenset[str] = frozenset()
    password: str | None = None
    credential: Credential | None = None
    may_send_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """What a file says of a site."""

    domains: tuple[WantedDomain, ...] = ()
    mailboxes: tuple[WantedMailbox, ...] = ()
    aliases: tuple[Alias, ...] = ()
    rules: RuleSet = field(default_factory=RuleSet)


def parse_site(text: str, where: str) -> Site:
    """Read a site; `where` names the file. Raises InputError with every fault."""
    if len(text) > MAX_TEXT:
        raise InputError(Fault(where, f"has more than {MAX_TEXT} characters", "split it"))
    data = read_toml(text, where, "etc/site.example.toml shows how it is written")
    reader = _Reader(where)
    reader.known(data, _TABLES, "")
    site = Site(
        domains=reader.each(data, "domain", _DOMAIN_KEYS, _domain),
        mailboxes=reader.each(data, "mailbox", _MAILBOX_KEYS, _mailbox),
        aliases=reader.each(data, "alias", _ALIAS_KEYS, _alias),
        rules=reader.rules(data),
    )
    reader.unique("domain", (wanted.domain.name for wanted in site.domains))
    reader.unique("mailbox", (wanted.mailbox.address for wanted in site.mailboxes))
    reader.unique("alias", (alias.address for alias in site.aliases))
    if reader.faults:
        raise InputError(*reader.faults)
    return site


class _Reader:
    """Reads tables and gathers faults. Made by `parse_site`, ends with it."""

    def __init__(self, where: str) -> None:
        self._where = where
        self.faults: list[Fault] = []

    def fault(self, path: str, what: str, remedy: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(f"{self._where}: {path}", what, remedy))

    def known(self, data: Mapping[str, Any], keys: tuple[str, ...], path: str) -> None:
        """Note the keys that are unknown."""
        for key in data:
            if key not in keys:
                _, remedy = choice("key", key, keys)
                self.fault(path + printable(key, 60), "is not known here", remedy)

    def each(
        self,
        data: Mapping[str, Any],
        kind: str,
        keys: tuple[str, ...],
        read: Callable[[_Entry], T],
    ) -> tuple[T, ...]:
        """Read every entry of a kind, leaving out the faulty ones."""
        items = data.get(kind, [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            self.fault(kind, "is no list of tables", f"write [[{kind}]]")
            return ()
        if len(items) > MAX_ENTRIES:
            self.fault(kind, f"has more than {MAX_ENTRIES} entries", "split the file")
        found = []
        for number, item in enumerate(items[:MAX_ENTRIES], 1):
            path = f"{kind} {number}: "
            self.known(item, keys, path)
            entry = _Entry(self, item, path)
            before = len(self.faults)
            value = read(entry)
            if len(self.faults) == before:
                found.append(value)
        return tuple(found)

    def rules(self, data: Mapping[str, Any]) -> RuleSet:
        """Read the rules."""
        try:
            return rules_from_data(data, self._where)
        except InputError as error:
            self.faults += error.faults
            return RuleSet()

    def unique(self, kind: str, keys: Iterable[str]) -> None:
        """Note what stands there twice."""
        seen: set[str] = set()
        for key in keys:
            if key in seen:
                self.fault(f"{kind} {key}", "stands there twice", "leave one of them out")
            seen.add(key)


class _Entry:
    """One table being read. Made by the reader for each, ends with it."""

    def __init__(self, reader: _Reader, data: Mapping[str, Any], path: str) -> None:
        self._reader = reader
        self._data = data
        self._path = path

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def fault(self, key: str, what: str, remedy: str) -> None:
        """Note a fault at a key."""
        self._reader.fault(f"{self._path}{key}", what, remedy)

    def read(self, key: str, parse: Callable[[Any, str], T], default: T) -> T:
        """Return a parsed value; the default if it is absent or faulty."""
        if key not in self._data:
            return default
        try:
            return parse(self._data[key], key)
        except InputError as error:
            for fault in error.faults:
                self.fault(fault.where, fault.what, fault.remedy)
            return default

    def text(self, key: str, parse: Callable[[str, str], str], default: str = "") -> str:
        """Return a parsed text; an empty one is not parsed."""

        def checked(value: Any, where: str) -> str:
            if not isinstance(value, str):
                raise InputError(Fault(where, "must be a text", "write it in quotes"))
            return parse(value, where) if value else ""

        return self.read(key, checked, default)

    def needed(self, key: str, parse: Callable[[str, str], str], example: str) -> str:
        """Return a text that must be there."""
        if self._data.get(key, "") == "":
            self.fault(key, "is missing", f'for example {key} = "{example}"')
            return ""
        return self.text(key, parse)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        return self.read(key, _flag, default)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise InputError(Fault(where, "must be true or false", "write it without quotes"))
    return value


def _domain(entry: _Entry) -> WantedDomain:
    domain = Domain(
        entry.needed("name", typed.domain_name, "example.org"),
        entry.text("alias_of", typed.domain_name),
        entry.text("catch_all", typed.address_key),
    )
    if domain.alias_of and domain.catch_all:
        entry.fault("catch_all", "stands beside alias_of", "leave one of them out")
    return WantedDomain(domain, frozenset(k for k in ("alias_of", "catch_all") if k in entry))


def _mailbox(entry: _Entry) -> WantedMailbox:
    credential: Credential | None = None
    password = entry.read("password", _password, None)
    password_hash = entry.text("password_hash", _starting(_HASH))
    verifier = entry.text("scram_verifier", _starting(_VERIFIER))
    if password and (password_hash or verifier):
        entry.fault("password", "stands beside password_hash", "leave one of them out")
    elif verifier and not password_hash:
        entry.fault("scram_verifier", "stands without password_hash", "an export has both")
    elif password_hash:
        credential = Credential(password_hash, verifier)
    mailbox = Mailbox(
        0,
        entry.needed("address", typed.owned_address, "info@example.org"),
        active=entry.flag("active", default=True),
        quota_octets=entry.read("quota", typed.size_octets, 0),
        retention_days=entry.read("retention", typed.days, 0),
        plus_folders=entry.flag("plus_folders", default=False),
        description=entry.text("description", typed.description),
    )
    nobody: tuple[str, ...] = ()
    granted = entry.read("may_send_as", _granted, nobody)
    keys = (("quota", "quota_octets"), ("retention", "retention_days"))
    same = ((key, key) for key in ("active", "plus_folders", "description"))
    given = frozenset(name for key, name in (*keys, *same) if key in entry)
    return WantedMailbox(mailbox, given, password, credential, granted)


def _granted(value: Any, where: str) -> tuple[str, ...]:
    """Read as whom else a mailbox may send: addresses, or whole domains with their at sign."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        what = "is no list of addresses"
        raise InputError(Fault(where, what, 'write ["shop@example.org", "@example.net"]'))
    if len(value) > MAX_GRANTS:
        raise InputError(Fault(where, f"are more than {MAX_GRANTS}", "grant a whole domain"))
    return tuple(dict.fromkeys(typed.sender(item, where) for item in value))


def _password(value: Any, where: str) -> str | None:
    if not isinstance(value, str):
        raise InputError(Fault(where, "must be a text", "write it in quotes"))
    if not value:
        raise InputError(Fault(where, "is empty", "leave the line out for no password"))
    return typed.password(value, where)


def _starting(prefix: str) -> Callable[[str, str], str]:
    def parse(text: str, where: str) -> str:
        if not text.startswith(prefix) or printable(text, 1000) != text or " " in text:
            what = f"does not start with {prefix}"
            raise InputError(Fault(where, what, "take it from bitrixmail export --with-secrets"))
        return text

    return parse


def _alias(entry: _Entry) -> Alias:
    def targets(value: Any, where: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InputError(Fault(where, "is no list of addresses", 'write ["info@example.org"]'))
        if not 0 < len(value) <= _MAX_TARGETS:
            what = "are missing" if not value else f"are more than {_MAX_TARGETS}"
            raise InputError(Fault(where, what, 'for example targets = ["info@example.org"]'))
        return tuple(dict.fromkeys(typed.address_key(item, where) for item in value))

    if "targets" not in entry:
        entry.fault("targets", "are missing", 'for example targets = ["info@example.org"]')
    return Alias(
        entry.needed("address", typed.owned_address, "sales@example.org"),
        entry.read("targets", targets, ()),
    )


def dump_site(
    domains: Iterable[Domain],
    mailboxes: Iterable[tuple[Mailbox, Credential | None]],
    aliases: Iterable[Alias],
    rules: RuleSet,
    grants: Iterable[Grant] = (),
) -> str:
    """Write a site as a file; what has its default is left out. `parse_site` reads it back."""
    granted: dict[str, list[str]] = {}
    for grant in grants:
        granted.setdefault(grant.mailbox, []).append(grant.address)
    document = tomlkit.document()
    if rules.groups_off:  # a key of the file itself: it stands before all tables
        document.add("groups_off", sorted(rules.groups_off))
    _write(document, "domain", map(_domain_data, domains))
    _write(document, "mailbox", (_mailbox_data(*each, granted) for each in mailboxes))
    _write(document, "alias", ({"address": a.address, "targets": [*a.targets]} for a in aliases))
    parts = (tomlkit.dumps(document), dump_rules(replace(rules, groups_off=frozenset())))
    return "\n".join(part.strip("\n") + "\n" for part in parts if part.strip())


def _write(
    document: tomlkit.TOMLDocument, kind: str, entries: Iterable[Mapping[str, object]]
) -> None:
    written = tomlkit.aot()
    for entry in entries:
        table = tomlkit.table()
        table.update(entry)
        written.append(table)
    if written:
        document.add(kind, written)


def _domain_data(domain: Domain) -> dict[str, object]:
    data = {"name": domain.name, "alias_of": domain.alias_of, "catch_all": domain.catch_all}
    return {key: value for key, value in data.items() if value}


def _mailbox_data(
    mailbox: Mailbox, credential: Credential | None, granted: Mapping[str, list[str]]
) -> dict[str, object]:
    data: dict[str, object] = {"address": mailbox.address}
    if credential is not None:
        data["password_hash"] = credential.password_hash
        if credential.scram_verifier:
            data["scram_verifier"] = credential.scram_verifier
    if not mailbox.active:
        data["active"] = False
    if mailbox.quota_octets:
        data["quota"] = typed.size_text(mailbox.quota_octets)
    if mailbox.retention_days:
        data["retention"] = typed.days_text(mailbox.retention_days)
    if mailbox.plus_folders:
        data["plus_folders"] = True
    if mailbox.description:
        data["description"] = mailbox.description
    if mailbox.address in granted:
        data["may_send_as"] = granted[mailbox.address]
    return data
