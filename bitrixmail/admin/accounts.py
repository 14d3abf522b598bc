"""Domains, mailboxes and aliases: what an operator may do with them.

Everything takes what a person typed and raises InputError, NotFoundError or ExistsError, whose
faults name a remedy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bitrixmail.admin import typed
from bitrixmail.admin.aliases import alias_loops
from bitrixmail.admin.dkim import DKIM
from bitrixmail.admin.passwords import Passwords
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.store import IMessageStore
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.directory import Alias, Credential, Domain, Mailbox
from bitrixmail.model.errors import Fault, InputError, NotFoundError
from bitrixmail.model.folder import Holding
from bitrixmail.tasks import InlineThreads


@dataclass(frozen=True, slots=True)
class MailboxOptions:
    """What may be said of a mailbox, as typed; None: as it is, or the default of a new one."""

    quota: str | None = None
    retention: str | None = None
    plus_folders: bool | None = None
    description: str | None = None
    active: bool | None = None

    def applied(self, mailbox: Mailbox) -> Mailbox:
        """Return the mailbox with these options. Raises InputError with every fault."""
        faults: list[Fault] = []
        changes: dict[str, object] = {}
        for key, name, read, given in (
            ("quota_octets", "quota", typed.size_octets, self.quota),
            ("retention_days", "retention", typed.days, self.retention),
            ("description", "description", typed.description, self.description),
        ):
            if given is None:
                continue
            try:
                changes[key] = read(given, name)
            except InputError as error:
                faults += error.faults
        if faults:
            raise InputError(*faults)
        if self.plus_folders is not None:
            changes["plus_folders"] = self.plus_folders
        if self.active is not None:
            changes["active"] = self.active
        return replace(mailbox, **changes)  # type: ignore[arg-type]  # keys stand in the table above


@dataclass(frozen=True, slots=True)
class MailHeld:
    """What would go with a domain or mailbox: mailboxes that hold mail, and how many octets."""

    mailboxes: tuple[str, ...]
    octets: int


class Accounts:
    """The use cases of the directory. Made by who composes a face, lives as long as it.

    `threads` hash passwords; None: who asks waits for it.
    """

    def __init__(
        self,
        directory: IDirectory,
        messages: IMessageStore,
        passwords: Passwords,
        dkim: DKIM | None = None,
        threads: IThreads | None = None,
    ) -> None:
        self._threads = threads or InlineThreads()
        self._directory = directory
        self._dkim = dkim
        self._messages = messages
        self._passwords = passwords

    async def domains(self) -> tuple[Domain, ...]:
        """List the domains by name."""
        return await self._directory.domains()

    async def add_domain(self, name: str, *, alias_of: str = "", catch_all: str = "") -> Domain:
        """Add a domain, with its postmaster mailbox, abuse alias and keys of DKIM."""
        domain = Domain(typed.domain_name(name))
        if alias_of and catch_all:
            raise InputError(
                Fault(
                    "--catch-all",
                    "stands beside --alias-of",
                    "a domain alias has the addresses of the other domain; leave one out",
                )
            )
        if alias_of:
            domain = replace(domain, alias_of=(await self.domain(alias_of)).name)
        if catch_all:
            address = typed.address_key(catch_all, "catch-all")
            # The domain's own postmaster comes into being with it.
            if address != f"postmaster@{domain.name}":
                await self.existing_address(address, "catch-all")
            domain = replace(domain, catch_all=address)
        await self._directory.add_domain(domain)
        if self._dkim is not None:
            await self._dkim.ensure(domain.name)
        return domain

    async def set_catch_all(self, name: str, address: str) -> Domain:
        """Let mail for unknown local-parts of a domain go to an address; empty: refuse it."""
        domain = await self.domain(name)
        if domain.alias_of:
            what = f"is an alias of {domain.alias_of}"
            remedy = f"set the catch-all of {domain.alias_of}"
            raise InputError(Fault(f"domain {domain.name}", what, remedy))
        catch_all = typed.address_key(address, "catch-all") if address else ""
        if catch_all:
            await self.existing_address(catch_all, "catch-all")
        changed = replace(domain, catch_all=catch_all)
        await self._directory.change_domain(changed)
        return changed

    async def domain(self, name: str) -> Domain:
        """Return a domain. Raises NotFoundError."""
        key = typed.domain_name(name)
        domain = await self._directory.domain(key)
        if domain is None:
            raise NotFoundError(no_such_domain(key))
        return domain

    async def remove_domain(self, name: str) -> Domain:
        """Remove a domain with its mailboxes, aliases and their mail."""
        domain = await self.domain(name)
        await self._directory.remove_domain(domain.name)
        return domain

    async def mail_of_domain(self, name: str) -> MailHeld:
        """Tell what mail would go with a domain."""
        domain = await self.domain(name)
        return await self._held(await self._directory.mailboxes(domain.name))

    async def mailboxes(self, domain: str | None) -> tuple[Mailbox, ...]:
        """List the mailboxes, of one domain or all, by address."""
        name = None if domain is None else (await self.domain(domain)).name
        return await self._directory.mailboxes(name)

    async def mailbox_page(
        self, text: str, domain: str | None, after: str, limit: int
    ) -> tuple[tuple[Mailbox, ...], bool]:
        """List mailboxes by address, behind `after`, that have a text in address or description.

        Tell also whether there are more.
        """
        wanted = text.strip().casefold()
        found = [
            mailbox
            for mailbox in await self.mailboxes(domain)
            if mailbox.address > after
            and (wanted in mailbox.address.casefold() or wanted in mailbox.description.casefold())
        ]
        found.sort(key=lambda mailbox: mailbox.address)
        return tuple(found[:limit]), len(found) > limit

    async def holdings(self, mailboxes: Sequence[Mailbox]) -> Mapping[str, Holding]:
        """Tell what each mailbox holds, by address; give some hundred at a time."""
        found = await self._messages.holdings([mailbox.id for mailbox in mailboxes])
        return {mailbox.address: found.get(mailbox.id, Holding()) for mailbox in mailboxes}

    async def folder_holdings(self, mailbox: Mailbox) -> Mapping[str, Holding]:
        """Tell what each folder of a mailbox holds, by name."""
        return await self._messages.folder_holdings(mailbox.id)

    async def aliases_to(self, address: str) -> tuple[Alias, ...]:
        """List the aliases that lead to an address at once."""
        return tuple(
            alias for alias in await self._directory.aliases(None) if address in alias.targets
        )

    async def mailbox(self, address: str) -> Mailbox:
        """Return a mailbox. Raises NotFoundError."""
        key = typed.address_key(address, "mailbox")
        mailbox = await self._directory.mailbox(key)
        if mailbox is None:
            raise NotFoundError(no_such_mailbox(key))
        return mailbox

    async def usage(self, mailbox: Mailbox) -> int:
        """Count the octets that a mailbox holds."""
        return await self._messages.usage(mailbox.id)

    async def add_mailbox(
        self, address: str, password: str | None, options: MailboxOptions
    ) -> Mailbox:
        """Add a mailbox; without a password nobody can log in until one is set."""
        key = typed.owned_address(address, "mailbox")
        wanted = options.applied(Mailbox(0, key))
        credential = await self._credential(password)
        return await self._directory.add_mailbox(wanted, credential)

    async def change_mailbox(self, address: str, options: MailboxOptions) -> Mailbox:
        """Change what is said of a mailbox."""
        changed = options.applied(await self.mailbox(address))
        await self._directory.change_mailbox(changed)
        return changed

    async def set_password(self, address: str, password: str | None) -> Mailbox:
        """Set a mailbox's password, or by None remove it."""
        mailbox = await self.mailbox(address)
        credential = await self._credential(password)
        await self._directory.set_credential(mailbox.address, credential)
        return mailbox

    async def _credential(self, password: str | None) -> Credential | None:
        if password is None:
            return None
        return await self._threads.run(self._passwords.credential, typed.password(password))

    async def remove_mailbox(self, address: str) -> Mailbox:
        """Remove a mailbox and its mail, unless an address leads to it."""
        mailbox = await self.mailbox(address)
        if mailbox.address.startswith("postmaster@"):
            domain = mailbox.address.partition("@")[2]
            what = "must exist in every domain (RFC 5321 §4.5.1)"
            remedy = f"it goes with its domain: bitrixmail domain remove {domain}"
            raise InputError(Fault(f"mailbox {mailbox.address}", what, remedy))
        await self._unless_led_to("mailbox", mailbox.address)
        await self._directory.remove_mailbox(mailbox.address)
        return mailbox

    async def mail_of_mailbox(self, address: str) -> MailHeld:
        """Tell what mail would go with a mailbox."""
        return await self._held((await self.mailbox(address),))

    async def aliases(self, domain: str | None) -> tuple[Alias, ...]:
        """List the aliases, of one domain or all, by address."""
        name = None if domain is None else (await self.domain(domain)).name
        return await self._directory.aliases(name)

    async def set_alias(self, address: str, targets: tuple[str, ...]) -> tuple[Alias, bool]:
        """Add an alias or replace its targets; tell whether it is new."""
        key = typed.owned_address(address, "alias")
        keys = tuple(dict.fromkeys(typed.address_key(target, "target") for target in targets))
        if not keys:
            raise InputError(Fault(f"alias {key}", "leads nowhere", "name at least one target"))
        new = await self._directory.alias(key) is None
        for target in keys:
            await self.existing_address(target, "target")
        others = {each.address: each.targets for each in await self._directory.aliases(None)}
        circles = alias_loops({**others, key: keys}, (key,))
        if circles:
            raise InputError(*circles)
        await self._directory.set_alias(key, keys)
        return Alias(key, keys), new

    async def remove_alias(self, address: str) -> str:
        """Remove an alias, unless an address leads to it."""
        key = typed.address_key(address, "alias")
        await self._unless_led_to("alias", key)
        await self._directory.remove_alias(key)
        return key

    async def existing_address(self, key: str, where: str) -> None:
        """Make sure that mail for a key would be kept here. Raises InputError."""
        local_part, _, name = key.rpartition("@")
        domain = await self._directory.domain(name)
        if domain is None:
            remedy = f"targets are addresses of this server; first: bitrixmail domain add {name}"
            raise InputError(Fault(f"{where} {key}", f"{name} is not a domain here", remedy))
        local_parts = dict.fromkeys((local_part, local_part.partition("+")[0] or local_part))
        for candidate in local_parts:
            found = f"{candidate}@{domain.alias_of or domain.name}"
            if (
                await self._directory.mailbox(found) is not None
                or await self._directory.alias(found) is not None
            ):
                return
        remedy = f"first: bitrixmail mailbox add {key}"
        raise InputError(Fault(f"{where} {key}", "nobody has this address", remedy))

    async def _unless_led_to(self, kind: str, key: str) -> None:
        """Refuse to take away what an alias or a catch-all leads to."""
        for alias in await self._directory.aliases(None):
            if key in alias.targets:
                what = f"the alias {alias.address} leads to it"
                remedy = f"first: bitrixmail alias remove {alias.address}, or give it other targets"
                raise InputError(Fault(f"{kind} {key}", what, remedy))
        for domain in await self._directory.domains():
            if domain.catch_all == key:
                remedy = f"first: bitrixmail domain catch-all {domain.name} --none"
                raise InputError(
                    Fault(f"{kind} {key}", f"it is the catch-all of {domain.name}", remedy)
                )

    async def _held(self, mailboxes: tuple[Mailbox, ...]) -> MailHeld:
        held = {each.address: await self.usage(each) for each in mailboxes}
        full = tuple(address for address, octets in held.items() if octets)
        return MailHeld(full, sum(held.values()))


def no_such_domain(name: str) -> Fault:
    """Say that a domain is not known here."""
    return Fault(f"domain {name}", "is not a domain here", f"first: bitrixmail domain add {name}")


def no_such_mailbox(key: str) -> Fault:
    """Say that a mailbox is not known here."""
    return Fault(f"mailbox {key}", "there is none", "bitrixmail mailbox list shows those there are")
