"""Where an address leads: domain aliases, mailboxes, aliases, plus-addressing, catch-all."""

from __future__ import annotations

from dataclasses import dataclass, field

from zope.interface import implementer

from bitrixmail.interfaces.directory import IDirectory, IRouter
from bitrixmail.interfaces.return_paths import IReturnPaths
from bitrixmail.interfaces.rewriting import IRewriting
from bitrixmail.mime.ticket_addresses import token_of
from bitrixmail.model.address import Address
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.folder import folder_name
from bitrixmail.model.message import INBOX
from bitrixmail.model.route import Route, RouteKind, Target

# RFC 5321 §4.5.1 and RFC 2142 §4, §5: names that every domain must answer.
_ALWAYS = ("postmaster", "abuse")
_MAX_TARGETS = 1000
_UNKNOWN = Route(RouteKind.UNKNOWN)
_FOREIGN = Route(RouteKind.FOREIGN)
_LOOP = Route(RouteKind.LOOP)


@dataclass(slots=True)
class _Search:
    """What one look-up has met so far, so that aliases in a circle end."""

    visited: set[str] = field(default_factory=set)
    targets: dict[int, Target] = field(default_factory=dict)
    looped: bool = False


@implementer(IRouter)
class Router:
    """See IRouter. Made by compose, lives as long as the server."""

    def __init__(
        self,
        directory: IDirectory,
        hostname: str,
        return_paths: IReturnPaths | None = None,
        rewriting: IRewriting | None = None,
    ) -> None:
        self._directory = directory
        self._hostname = hostname
        self._return_paths = return_paths
        self._rewriting = rewriting

    async def resolve(self, address: Address) -> Route:
        """See IRouter."""
        domain = await self._local_domain(address)
        if domain is None:
            return _FOREIGN if address.domain else _UNKNOWN
        if self._return_paths is not None and self._return_paths.meant(address):
            return await self._returned(address, self._return_paths)
        if self._rewriting is not None and self._rewriting.meant(address):
            return await self._sent_back(address, self._rewriting)
        return await self._here(address, domain)

    async def _returned(self, address: Address, return_paths: IReturnPaths) -> Route:
        """Lead what comes back to whoever sent it; a forged return path is nobody's."""
        sent = await return_paths.sent(address)
        if sent is None:
            return _UNKNOWN
        sender = Address.of(sent.sender)
        domain = await self._local_domain(sender)
        targets = () if domain is None else (await self._here(sender, domain)).targets
        return Route(RouteKind.LOCAL, targets, sent)

    async def _sent_back(self, address: Address, rewriting: IRewriting) -> Route:
        """Lead what comes back of a message that was passed on to whoever sent it first."""
        original = await rewriting.original(address)
        if original is None:
            return _UNKNOWN
        domain = await self._local_domain(original)
        if domain is None:
            return Route(RouteKind.FOREIGN, onward=original)
        route = await self._here(original, domain)
        return Route(route.kind, route.targets, onward=original)

    async def _here(self, address: Address, domain: Domain) -> Route:
        """Follow an address of one of our domains."""
        local = Address(address.local_part, domain.name)
        search = _Search()
        await self._follow(local, search)
        if not search.targets and not search.looped:
            await self._last_resorts(local, domain, search)
        if search.targets:
            return Route(RouteKind.LOCAL, tuple(search.targets.values()))
        return _LOOP if search.looped else _UNKNOWN

    async def owners(self, address: Address) -> frozenset[str]:
        """See IRouter."""
        domain = await self._local_domain(address)
        if domain is None:
            return frozenset()
        search = _Search()
        await self._follow(Address(address.local_part, domain.name), search)
        return frozenset(target.mailbox.address for target in search.targets.values())

    async def _local_domain(self, address: Address) -> Domain | None:
        """Return the domain whose addresses count: of a domain alias, the one it stands for."""
        name = address.domain
        if not name:
            # `<postmaster>` alone means this host's own (RFC 5321 §4.5.1).
            domain = await self._directory.domain(self._hostname)
            if domain is None:
                domain = next(iter(await self._directory.domains()), None)
        else:
            domain = await self._directory.domain(name)
        if domain is not None and domain.alias_of:
            return await self._directory.domain(domain.alias_of)
        return domain

    async def _follow(self, address: Address, search: _Search) -> bool:
        """Add the mailboxes that an address leads to; False if nobody has it."""
        for candidate in (address, address.base):
            folder = address.detail if candidate is not address else ""
            key = candidate.key
            mailbox = await self._directory.mailbox(key)
            if mailbox is not None:
                return _add(search, mailbox, folder)
            alias = await self._directory.alias(key)
            if alias is not None:
                await self._expand(key, alias.targets, search)
                return True
            if candidate.base is candidate:
                break
        return False

    async def _expand(self, key: str, targets: tuple[str, ...], search: _Search) -> None:
        if key in search.visited:
            search.looped = True
            return
        search.visited.add(key)
        for target in targets:
            if len(search.targets) >= _MAX_TARGETS:
                return
            local_part, _, name = target.rpartition("@")
            domain = await self._local_domain(Address(local_part, name))
            if domain is not None:
                await self._follow(Address(local_part, domain.name), search)

    async def _last_resorts(self, address: Address, domain: Domain, search: _Search) -> None:
        """Try the domain's postmaster for names that must always answer, then its catch-all."""
        key = address.key
        if await self._directory.mailbox(key) is not None:
            return  # it exists but is switched off: nobody else's mail
        if key.partition("@")[0] in _ALWAYS:
            await self._follow(Address("postmaster", domain.name), search)
        if domain.catch_all and not search.targets:
            local_part, _, name = domain.catch_all.rpartition("@")
            await self._follow(Address(local_part, name), search)


def _add(search: _Search, mailbox: Mailbox, folder: str) -> bool:
    if not mailbox.active and not mailbox.address.startswith("postmaster@"):
        return True
    wanted = INBOX
    if folder and mailbox.plus_folders and token_of(folder) is None:
        try:
            wanted = folder_name(folder)
        except ValueError:
            wanted = INBOX  # the letter is for this mailbox all the same
    search.targets.setdefault(mailbox.id, Target(mailbox, wanted))
    return True
