"""Who receives mail here: domains, mailboxes, aliases; and where an address leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.interface import Interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bitrixmail.model.address import Address
    from bitrixmail.model.directory import Alias, Credential, Domain, Mailbox
    from bitrixmail.model.route import Route


class IDirectory(Interface):
    """The stored directory. Names and addresses are keys: A-label domains, folded local-parts.

    Look-ups by key are cached and see another process's changes within a second.
    """

    async def domain(name: str) -> Domain | None:
        """Look a local domain up."""

    async def mailbox(key: str) -> Mailbox | None:
        """Look a mailbox up by `Address.key`."""

    async def alias(key: str) -> Alias | None:
        """Look an alias up by `Address.key`."""

    async def credential(key: str) -> Credential | None:
        """Return the verifiers of an active mailbox; None if it has none or is inactive."""

    async def domains() -> tuple[Domain, ...]:
        """List the domains by name."""

    async def mailboxes(domain: str | None) -> tuple[Mailbox, ...]:
        """List the mailboxes, of one domain or all, by address."""

    async def aliases(domain: str | None) -> tuple[Alias, ...]:
        """List the aliases, of one domain or all, by address."""

    async def add_domain(domain: Domain) -> None:
        """Add a domain, its mailbox `postmaster@` and alias `abuse@`. Raise ExistsError."""

    async def change_domain(domain: Domain) -> None:
        """Replace a domain's `alias_of` and `catch_all`. Raise NotFoundError."""

    async def remove_domain(name: str) -> None:
        """Remove a domain with its aliases, mailboxes and their mail. Raise NotFoundError."""

    async def add_mailbox(mailbox: Mailbox, credential: Credential | None) -> Mailbox:
        """Add a mailbox; the store gives its `id`.

        Raise ExistsError (also for an alias of that address), NotFoundError (its domain).
        """

    async def change_mailbox(mailbox: Mailbox) -> None:
        """Replace everything but id, address and password. Raise NotFoundError."""

    async def set_credential(key: str, credential: Credential | None) -> None:
        """Replace or, by None, remove a mailbox's password. Raise NotFoundError."""

    async def remove_mailbox(key: str) -> None:
        """Remove a mailbox and its mail. Raise NotFoundError."""

    async def set_alias(address: str, targets: Sequence[str]) -> None:
        """Add an alias or replace its targets.

        Raise ExistsError if a mailbox has the address, NotFoundError if its domain is not local,
        InputError if it would lead back to itself.
        """

    async def remove_alias(address: str) -> None:
        """Remove an alias. Raise NotFoundError."""


class IRouter(Interface):
    """Tells where an address leads."""

    async def resolve(address: Address) -> Route:
        """Follow domain aliases, mailboxes, aliases, plus-addressing and catch-all to the end.

        A return path of ours leads to whoever sent what it was made for; so does a sender that was
        made for mail which is passed on. Raise MailError if that can't be looked up.
        """

    async def owners(address: Address) -> frozenset[str]:
        """Return the mailboxes that an address is of, by itself or by aliases, as `Address.key`.

        Not those that get its mail for want of anybody else.
        """
