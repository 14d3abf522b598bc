"""A site brought to what a file says, and written as a file.

`apply` makes and changes, it never removes: what the file does not name stays. Everything wrong is
found before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bitrixmail.admin import typed
from bitrixmail.admin.aliases import alias_loops, targets_first
from bitrixmail.admin.passwords import Passwords
from bitrixmail.admin.rules import compared, merged
from bitrixmail.admin.site_file import MAX_GRANTS, Site, WantedMailbox, dump_site, parse_site
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.grants import IGrants
from bitrixmail.interfaces.rulebook import IRulebook
from bitrixmail.model.directory import Alias, Credential, Domain, Grant, Mailbox
from bitrixmail.model.errors import Fault, InputError
from bitrixmail.model.rule import Rule, RuleSet
from bitrixmail.rules.judging import Judging


@dataclass(frozen=True, slots=True)
class SiteChange:
    """One thing that `apply` did. `what` is added or changed; `detail` names what of it."""

    what: str
    kind: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SiteExport:
    """A site as a file. `notes` say what could not be written."""

    text: str
    notes: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Standing:
    """The site as it stands, by keys. Made by `apply`, ends with it."""

    domains: dict[str, Domain]
    mailboxes: dict[str, Mailbox]
    aliases: dict[str, Alias]
    rules: RuleSet


class Sites:
    """The use cases of a whole site. Made by who composes a face, lives as long as it."""

    def __init__(
        self,
        directory: IDirectory,
        rulebook: IRulebook,
        passwords: Passwords,
        judging: Judging,
        grants: IGrants,
    ) -> None:
        self._directory = directory
        self._grants = grants
        self._rulebook = rulebook
        self._passwords = passwords
        self._judging = judging

    async def apply(self, text: str, where: str, author: str) -> tuple[SiteChange, ...]:
        """Make the site as a file says; a second time changes nothing, and returns nothing.

        Raises InputError with every fault of the whole file, and has then written nothing.
        """
        site = parse_site(text, where)
        self._judging.check(site.rules)
        standing = await self._standing()
        faults = (
            *await self._unfit_passwords(site),
            *await self._grants_too_many(site),
            *conflicts(site, standing, where),
        )
        if faults:
            raise InputError(*faults)
        changes = [
            *await self._make_domains(site, standing),
            *await self._make_mailboxes(site, standing),
            *await self._make_grants(site),
            *await self._make_aliases(site),
            *await self._set_domains(site),
            *await self._set_rules(site, standing.rules, author, where),
        ]
        return tuple(changes)

    async def _unfit_passwords(self, site: Site) -> list[Fault]:
        """Tell of passwords that can't be set; one that is in force already may stay as it is."""
        faults: list[Fault] = []
        for wanted in site.mailboxes:
            address = wanted.mailbox.address
            if wanted.password is None:
                continue
            found = self._passwords.faults(wanted.password, f"mailbox {address}: password")
            if found:
                old = await self._directory.mailbox(address)
                if old is None or await self._password_differs(old, wanted):
                    faults += found
        return faults

    async def _grants_too_many(self, site: Site) -> list[Fault]:
        faults = []
        for wanted in site.mailboxes:
            address = wanted.mailbox.address
            granted = await self._grants.of(address) if wanted.may_send_as else frozenset()
            if len(granted.union(wanted.may_send_as)) > MAX_GRANTS:
                what = f"would be more than {MAX_GRANTS} with those granted before"
                remedy = f"see them: bitrixmail mailbox grants {address}"
                faults.append(Fault(f"mailbox {address}: may_send_as", what, remedy))
        return faults

    async def export(self, *, with_secrets: bool) -> SiteExport:
        """Write the site as `apply` reads it; verifiers of passwords only `with_secrets`."""
        standing = await self._standing()
        mailboxes: list[tuple[Mailbox, Credential | None]] = []
        notes = []
        for mailbox in standing.mailboxes.values():
            credential = None
            if with_secrets and mailbox.has_password:
                credential = await self._directory.credential(mailbox.address)
                if credential is None:
                    what = "is switched off: its password is left out"
                    remedy = f"bitrixmail mailbox set {mailbox.address} --active, then export"
                    notes.append(Fault(f"mailbox {mailbox.address}", what, remedy))
            mailboxes.append((mailbox, credential))
        text = dump_site(
            # A domain that stands for another comes behind it, so that a reader meets it first.
            sorted(standing.domains.values(), key=lambda each: (bool(each.alias_of), each.name)),
            mailboxes,
            standing.aliases.values(),
            standing.rules,
            await self._grants.listing(),
        )
        return SiteExport(text, tuple(notes))

    async def _standing(self) -> _Standing:
        return _Standing(
            {each.name: each for each in await self._directory.domains()},
            {each.address: each for each in await self._directory.mailboxes(None)},
            {each.address: each for each in await self._directory.aliases(None)},
            await self._rulebook.current(),
        )

    async def _make_domains(self, site: Site, standing: _Standing) -> list[SiteChange]:
        changes = []
        # Those that stand for others come last: the others must be there.
        for wanted in sorted(site.domains, key=lambda each: bool(each.domain.alias_of)):
            if wanted.domain.name not in standing.domains:
                # Its catch-all may be a mailbox that is yet to be made.
                await self._directory.add_domain(replace(wanted.domain, catch_all=""))
                abuse = f"abuse@{wanted.domain.name}"
                if any(each.mailbox.address == abuse for each in site.mailboxes):
                    await self._directory.remove_alias(abuse)
                changes.append(SiteChange("added", "domain", wanted.domain.name))
        return changes

    async def _set_domains(self, site: Site) -> list[SiteChange]:
        """Set what a domain says of others, once all of them are there."""
        changes = []
        for wanted in site.domains:
            name = wanted.domain.name
            old = await self._directory.domain(name)
            if old is None:
                continue  # another process has just removed it
            new, detail = _differing(old, wanted.domain, wanted.given)
            if detail:
                await self._directory.change_domain(new)
                changes.append(SiteChange("changed", "domain", name, detail))
        return changes

    async def _make_mailboxes(self, site: Site, standing: _Standing) -> list[SiteChange]:
        # A domain's own postmaster has come into being with it.
        standing_now = (await self._standing()).mailboxes
        changes = []
        for wanted in site.mailboxes:
            address = wanted.mailbox.address
            old = standing_now.get(address)
            if old is None:
                await self._directory.add_mailbox(wanted.mailbox, self._credential(wanted))
                changes.append(SiteChange("added", "mailbox", address))
                continue
            detail = await self._change_mailbox(old, wanted)
            if detail:
                what = "changed" if address in standing.mailboxes else "added"
                changes.append(SiteChange(what, "mailbox", address, detail))
        return changes

    async def _change_mailbox(self, old: Mailbox, wanted: WantedMailbox) -> str:
        """Change a mailbox where it differs; return what was changed."""
        new, detail = _differing(old, wanted.mailbox, wanted.given)
        if detail:
            await self._directory.change_mailbox(new)
        # Behind it, since of a mailbox that is switched off no verifier is told.
        if await self._password_differs(old, wanted):
            await self._directory.set_credential(old.address, self._credential(wanted))
            return f"{detail}, password" if detail else "password"
        return detail

    async def _password_differs(self, old: Mailbox, wanted: WantedMailbox) -> bool:
        if wanted.password is None and wanted.credential is None:
            return False
        if not old.has_password:
            return True
        standing = await self._directory.credential(old.address)
        if standing is None:
            return False
        if wanted.password is not None:
            return not self._passwords.matches(standing, wanted.password)
        return wanted.credential != standing

    def _credential(self, wanted: WantedMailbox) -> Credential | None:
        if wanted.password is not None:
            return self._passwords.make(wanted.password)
        return wanted.credential

    async def _make_grants(self, site: Site) -> list[SiteChange]:
        """Let mailboxes send as the file says; what was granted before stays."""
        changes = []
        for wanted in site.mailboxes:
            mailbox = wanted.mailbox.address
            granted = await self._grants.of(mailbox)
            new = [address for address in wanted.may_send_as if address not in granted]
            for address in new:
                await self._grants.add(Grant(mailbox, address))
            if new:
                detail = f"may send as {', '.join(new)}"
                changes.append(SiteChange("changed", "mailbox", mailbox, detail))
        return changes

    async def _make_aliases(self, site: Site) -> list[SiteChange]:
        # A domain's own abuse alias has come into being with it.
        standing = {each.address: each for each in await self._directory.aliases(None)}
        wanted = {each.address: each for each in site.aliases}
        waiting = [key for key, each in wanted.items() if standing.get(key) != each]
        domains = {each.name: each for each in await self._directory.domains()}
        ways = _ways({**standing, **wanted}, domains)
        changes = []
        for alias in map(wanted.__getitem__, targets_first(ways, waiting)):
            await self._directory.set_alias(alias.address, alias.targets)
            what = "changed" if alias.address in standing else "added"
            detail = ", ".join(alias.targets)
            changes.append(SiteChange(what, "alias", alias.address, detail))
        return changes

    async def _set_rules(
        self, site: Site, old: RuleSet, author: str, where: str
    ) -> Iterable[SiteChange]:
        # A group that is off stays so, like a rule that the file does not name.
        groups_off = old.groups_off | site.rules.groups_off
        changes = compared(old, merged(old, site.rules, keep=True), groups_off)
        if not changes.any:
            return ()
        await self._rulebook.replace(changes.rules, author, f"apply {where}")
        added = [SiteChange("added", "rule", name) for name in changes.added]
        changed = [SiteChange("changed", "rule", name) for name in changes.changed]
        off = [SiteChange("changed", "group", name, "switched off") for name in changes.groups_off]
        return [*added, *changed, *off]


def conflicts(site: Site, standing: _Standing, where: str) -> Iterator[Fault]:
    """Find what a file's entries are to one another and to what stands already. Pure."""
    domains = standing.domains | {each.domain.name: each.domain for each in site.domains}
    given = {each.mailbox.address for each in site.mailboxes}
    own = [name for name in domains.keys() - standing.domains.keys() if not domains[name].alias_of]
    mailboxes = {*standing.mailboxes, *given, *(f"postmaster@{name}" for name in own)}
    aliases = standing.aliases | {
        f"abuse@{name}": Alias(f"abuse@{name}", (f"postmaster@{name}",))
        for name in own
        if f"abuse@{name}" not in given
    }
    aliases |= {each.address: each for each in site.aliases}
    names = _Names(domains, mailboxes, mailboxes | aliases.keys())
    for name, domain in domains.items():
        yield from _domain_faults(domain, standing.domains.get(name), names)
    for address in sorted(given):
        yield from names.domain_faults(f"mailbox {address}", address)
        if address in aliases:
            remedy = f"leave one out, or first: bitrixmail alias remove {address}"
            yield Fault(f"mailbox {address}", "an alias has this address", remedy)
    for alias in site.aliases:
        yield from names.domain_faults(f"alias {alias.address}", alias.address)
        if alias.address in mailboxes - given:
            yield Fault(f"alias {alias.address}", "a mailbox has this address", "leave it out")
        for target in alias.targets:
            yield from names.faults(f"alias {alias.address}: target {target}", target)
    yield from alias_loops(_ways(aliases, domains), (each.address for each in site.aliases))
    for rule in site.rules.rules:
        yield from _rule_faults(rule, names, where)


def _ways(aliases: Mapping[str, Alias], domains: Mapping[str, Domain]) -> dict[str, list[str]]:
    """Return where aliases lead, in the domains that have the addresses."""

    def real(key: str) -> str:
        local_part, _, name = key.rpartition("@")
        domain = domains.get(name)
        return f"{local_part}@{domain.alias_of}" if domain and domain.alias_of else key

    return {address: [*map(real, alias.targets)] for address, alias in aliases.items()}


@dataclass(frozen=True, slots=True)
class _Names:
    """The domains and addresses that there will be. Made by `conflicts`, ends with it."""

    domains: dict[str, Domain]
    mailboxes: set[str]
    addresses: set[str]

    def domain_faults(self, where: str, address: str) -> Iterator[Fault]:
        """Find why an address can't be made in its domain."""
        name = address.rpartition("@")[2]
        if name not in self.domains:
            remedy = f'add [[domain]] name = "{name}"'
            yield Fault(where, f"{name} is not a domain here", remedy)
        elif self.domains[name].alias_of:
            real = self.domains[name].alias_of
            yield Fault(where, f"{name} only stands for {real}", f"make the address in {real}")

    def faults(self, where: str, key: str) -> Iterator[Fault]:
        """Find why mail for an address would not be kept."""
        local_part, _, name = key.rpartition("@")
        if name not in self.domains:
            yield Fault(where, f"{name} is not a domain here", "name an address of this server")
            return
        real = self.domains[name].alias_of or name
        base = local_part.partition("+")[0]
        if not {f"{local_part}@{real}", f"{base}@{real}"} & self.addresses:
            remedy = f'add [[mailbox]] address = "{key}"'
            yield Fault(where, "nobody has this address", remedy)


def _domain_faults(domain: Domain, old: Domain | None, names: _Names) -> Iterator[Fault]:
    where = f"domain {domain.name}"
    if domain.catch_all and domain != old:
        yield from names.faults(f"{where}: catch_all {domain.catch_all}", domain.catch_all)
    if not domain.alias_of or domain == old:
        return
    target = names.domains.get(domain.alias_of)
    if target is None:
        remedy = f'add [[domain]] name = "{domain.alias_of}"'
        yield Fault(f"{where}: alias_of", f"{domain.alias_of} is not a domain here", remedy)
    elif target.alias_of or target.name == domain.name:
        remedy = "name the domain that has the mailboxes"
        yield Fault(f"{where}: alias_of", f"{domain.alias_of} stands for another itself", remedy)
    if old is not None and not old.alias_of:
        remedy = f"first: bitrixmail domain remove {domain.name}"
        yield Fault(f"{where}: alias_of", "the domain has addresses of its own already", remedy)


def _rule_faults(rule: Rule, names: _Names, where: str) -> Iterator[Fault]:
    place = f'{where}: rule "{rule.name}"'
    if rule.domain and rule.domain not in names.domains:
        remedy = f'add [[domain]] name = "{rule.domain}"'
        yield Fault(place, f"{rule.domain} is not a domain here", remedy)
    if rule.mailbox and rule.mailbox not in names.mailboxes:
        remedy = f'add [[mailbox]] address = "{rule.mailbox}"'
        yield Fault(place, f"there is no mailbox {rule.mailbox}", remedy)


def _differing(old: Any, wanted: Any, given: frozenset[str]) -> tuple[Any, str]:
    """Return `old` with the given fields of `wanted`, and how those read that differ."""
    changes = {
        key: getattr(wanted, key)
        for key in sorted(given)
        if getattr(wanted, key) != getattr(old, key)
    }
    return replace(old, **changes), ", ".join(_told(*change) for change in changes.items())


def _told(key: str, value: object) -> str:
    if key == "quota_octets":
        return f"quota {typed.size_text(int(str(value)))}"
    if key == "retention_days":
        return f"retention {typed.days_text(int(str(value)))}"
    if isinstance(value, bool):
        return f"{key} {'on' if value else 'off'}"
    return f'{key} "{value}"'
