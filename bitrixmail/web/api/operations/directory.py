"""Domains with their records and keys, mailboxes, aliases, and as whom mailboxes may send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar

from pydantic import ConfigDict

from bitrixmail.admin.accounts import MailboxOptions
from bitrixmail.admin.dkim import ListedKey
from bitrixmail.admin.dns_records import wanted_records
from bitrixmail.admin.office import Office
from bitrixmail.model.directory import Alias, Domain, Grant, Mailbox
from bitrixmail.model.folder import Holding
from bitrixmail.model.user import Right
from bitrixmail.web.api.operation import EXACT, Call, Operation, Paged, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDomain:
    """A domain to be added. `alias_of`: it has the addresses of that one."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    name: Text
    alias_of: Text = ""
    catch_all: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainChange:
    """Where mail for addresses goes that nobody has; empty: it is refused."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    catch_all: Text


@dataclass(frozen=True, slots=True)
class WantedRecord:
    """A record that should stand in the DNS. `line` is what a zone file has."""

    name: str
    type: str
    value: str
    ttl_s: int
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDomain(Paged):
    """Which of a list: those of one domain."""

    domain: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxChange:
    """What is said of a mailbox; what is left out stays. Sizes like "2GiB", times like "30d"."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    quota: Text | None = None
    retention: Text | None = None
    plus_folders: bool | None = None
    description: Text | None = None
    active: bool | None = None

    @property
    def options(self) -> MailboxOptions:
        """The same for the use case."""
        return MailboxOptions(
            self.quota, self.retention, self.plus_folders, self.description, self.active
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMailbox(MailboxChange):
    """A mailbox to be added. Without a password nobody can log in until one is set."""

    address: Text
    password: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassword:
    """A password; null takes it away, so that nobody can log in."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    password: Text | None


@dataclass(frozen=True, slots=True)
class MailboxUsage:
    """How much a mailbox holds. `quota_octets` 0: no limit; `last`: when the latest message came.

    `last_login` is null where nobody has logged in since the start of the server.
    """

    address: str
    octets: int
    quota_octets: int
    messages: int
    last: datetime | None
    last_login: datetime | None
    folders: dict[str, Holding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """To whom mail for an alias goes: addresses of this server."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    targets: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfMailbox(Paged):
    """Which of a list: those of one mailbox."""

    mailbox: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """As whom a mailbox may send: an address, or all of a domain as "@example.org"."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT
    mailbox: Text
    address: Text


class DirectoryOperations:
    """Made by the contents, lives as long as they."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._accounts = office.accounts

    def operations(self) -> Iterator[Operation]:
        """Yield them."""
        see, manage = Right.SEE, Right.MANAGE
        domain, mailbox = "/domains/{name}", "/mailboxes/{address}"
        yield Operation(
            "GET", "/domains", self.domains, see, Domain, Paged, listed=True,
            key=lambda each: each.name,
        )  # fmt: skip
        yield Operation("POST", "/domains", self.add_domain, manage, Domain, None, NewDomain, 201)
        yield Operation("GET", domain, self.domain, see, Domain)
        yield Operation("PATCH", domain, self.change_domain, manage, Domain, None, DomainChange)
        yield Operation("DELETE", domain, self.remove_domain, manage)
        yield Operation(
            "GET", f"{domain}/records", self.records, see, WantedRecord, Paged, listed=True,
            key=lambda each: each.line,
        )  # fmt: skip
        yield Operation(
            "GET", f"{domain}/keys", self.keys, see, ListedKey, Paged, listed=True,
            key=lambda each: each.selector,
        )  # fmt: skip
        yield Operation("POST", f"{domain}/keys", self.rotate_keys, manage, status=204)
        yield Operation(
            "GET", "/mailboxes", self.mailboxes, see, Mailbox, OfDomain, listed=True,
            key=lambda each: each.address,
        )  # fmt: skip
        yield Operation(
            "POST", "/mailboxes", self.add_mailbox, manage, Mailbox, None, NewMailbox, 201
        )
        # A local-part may have slashes (RFC 5321 §4.1.2)
        one = partial(Operation, slashes=True)
        yield one("GET", mailbox, self.mailbox, see, Mailbox)
        yield one("PATCH", mailbox, self.change_mailbox, manage, Mailbox, None, MailboxChange)
        yield one("DELETE", mailbox, self.remove_mailbox, manage)
        yield one("PUT", f"{mailbox}/password", self.password, manage, None, None, NewPassword)
        yield one("GET", f"{mailbox}/usage", self.usage, see, MailboxUsage)
        yield Operation(
            "GET", "/aliases", self.aliases, see, Alias, OfDomain, listed=True,
            key=lambda each: each.address,
        )  # fmt: skip
        yield one("PUT", "/aliases/{address}", self.put_alias, manage, Alias, None, Targets)
        yield one("DELETE", "/aliases/{address}", self.remove_alias, manage)
        yield Operation(
            "GET", "/grants", self.grants, see, Grant, OfMailbox, listed=True,
            key=lambda each: f"{each.mailbox} {each.address}",
        )  # fmt: skip
        yield Operation("POST", "/grants", self.add_grant, manage, Grant, None, NewGrant, 201)
        yield Operation("DELETE", "/grants/{mailbox}/{address}", self.remove_grant, manage)

    async def domains(self, call: Call) -> tuple[Domain, ...]:  # noqa: ARG002 - as all are called
        """List the domains by name."""
        return await self._accounts.domains()

    async def add_domain(self, call: Call) -> Domain:
        """Add a domain.

        With it come postmaster@ (without a password), abuse@ as its alias, and keys of DKIM.
        """
        body: NewDomain = call.body
        made = await self._accounts.add_domain(
            body.name, alias_of=body.alias_of, catch_all=body.catch_all
        )
        await call.record("domain.add", made.name)
        return made

    async def domain(self, call: Call) -> Domain:
        """Tell of a domain."""
        return await self._accounts.domain(call.parts["name"])

    async def change_domain(self, call: Call) -> Domain:
        """Set or lift the catch-all of a domain."""
        changed = await self._accounts.set_catch_all(call.parts["name"], call.body.catch_all)
        await call.record("domain.catch_all", changed.name, changed.catch_all)
        return changed

    async def remove_domain(self, call: Call) -> None:
        """Remove a domain with its mailboxes, aliases and all their mail."""
        gone = await self._accounts.remove_domain(call.parts["name"])
        await call.record("domain.remove", gone.name)

    async def records(self, call: Call) -> tuple[WantedRecord, ...]:
        """List the records that a domain needs in the DNS: MX, SPF, DKIM, DMARC."""
        dkim = self._office.dkim
        name = await dkim.domain(call.parts["name"])
        keys = await dkim.ensure(name)
        return tuple(
            WantedRecord(each.name, each.type, each.value, each.ttl_s, each.line)
            for each in wanted_records(name, self._office.hostname, keys, dkim.now())
        )

    async def keys(self, call: Call) -> tuple[ListedKey, ...]:
        """List the keys of DKIM of a domain, the oldest first; never their secrets."""
        return await self._office.dkim.list(call.parts["name"])

    async def rotate_keys(self, call: Call) -> None:
        """Make new keys of DKIM; the old ones sign until the records of these were seen."""
        made = await self._office.dkim.rotate(call.parts["name"])
        await call.record("dkim.rotate", made[0].domain)

    async def mailboxes(self, call: Call) -> tuple[Mailbox, ...]:
        """List the mailboxes by address."""
        return await self._accounts.mailboxes(call.query.domain or None)

    async def add_mailbox(self, call: Call) -> Mailbox:
        """Add a mailbox."""
        body: NewMailbox = call.body
        made = await self._accounts.add_mailbox(body.address, body.password, body.options)
        await call.record("mailbox.add", made.address)
        return made

    async def mailbox(self, call: Call) -> Mailbox:
        """Tell of a mailbox."""
        return await self._accounts.mailbox(call.parts["address"])

    async def change_mailbox(self, call: Call) -> Mailbox:
        """Change what is said of a mailbox."""
        body: MailboxChange = call.body
        changed = await self._accounts.change_mailbox(call.parts["address"], body.options)
        await call.record("mailbox.change", changed.address)
        return changed

    async def remove_mailbox(self, call: Call) -> None:
        """Remove a mailbox and its mail, unless an address leads to it."""
        gone = await self._accounts.remove_mailbox(call.parts["address"])
        await call.record("mailbox.remove", gone.address)

    async def password(self, call: Call) -> None:
        """Set the password of a mailbox, or take it away."""
        changed = await self._accounts.set_password(call.parts["address"], call.body.password)
        await call.record("mailbox.password", changed.address)

    async def usage(self, call: Call) -> MailboxUsage:
        """Tell how much a mailbox holds."""
        found = await self._accounts.mailbox(call.parts["address"])
        held = (await self._accounts.holdings((found,)))[found.address]
        return MailboxUsage(
            found.address,
            await self._accounts.usage(found),
            found.quota_octets,
            held.messages,
            held.last,
            self._office.last_login(found.address),
            dict(await self._accounts.folder_holdings(found)),
        )

    async def aliases(self, call: Call) -> tuple[Alias, ...]:
        """List the aliases by address."""
        return await self._accounts.aliases(call.query.domain or None)

    async def put_alias(self, call: Call) -> Alias:
        """Add an alias, or give it other targets."""
        alias, new = await self._accounts.set_alias(call.parts["address"], call.body.targets)
        what = "alias.add" if new else "alias.change"
        await call.record(what, alias.address, ", ".join(alias.targets))
        return alias

    async def remove_alias(self, call: Call) -> None:
        """Remove an alias, unless an address leads to it."""
        gone = await self._accounts.remove_alias(call.parts["address"])
        await call.record("alias.remove", gone)

    async def grants(self, call: Call) -> tuple[Grant, ...]:
        """List as whom mailboxes may send, beside their own addresses."""
        found = await self._office.grants.listing(call.query.mailbox or None)
        return tuple(sorted(found, key=lambda each: (each.mailbox, each.address)))

    async def add_grant(self, call: Call) -> Grant:
        """Let a mailbox send as somebody else."""
        body: NewGrant = call.body
        grant, _, _ = await self._office.grants.grant(body.mailbox, body.address)
        await call.record("grant.add", grant.mailbox, grant.address)
        return grant

    async def remove_grant(self, call: Call) -> None:
        """Take a grant back."""
        mailbox, address = call.parts["mailbox"], call.parts["address"]
        gone = await self._office.grants.revoke(mailbox, address)
        await call.record("grant.remove", gone.mailbox, gone.address)
