"""As whom mailboxes may send: what an operator may grant, as typed."""

from __future__ import annotations

from bitrixmail.admin import typed
from bitrixmail.admin.accounts import no_such_mailbox
from bitrixmail.interfaces.directory import IDirectory
from bitrixmail.interfaces.grants import IGrants
from bitrixmail.model.directory import Grant
from bitrixmail.model.errors import NotFoundError


class Grants:
    """The use cases of grants. Made by who composes a face, lives as long as it."""

    def __init__(self, directory: IDirectory, grants: IGrants) -> None:
        self._directory = directory
        self._grants = grants

    async def grant(self, mailbox: str, wanted: str) -> tuple[Grant, bool, bool]:
        """Let a mailbox send as an address, or as every one of a domain ("@example.org").

        Tell also whether that is new, and whether the domain is one of this server.
        """
        grant = await self._typed(mailbox, wanted)
        new = await self._grants.add(grant)
        domain = await self._directory.domain(grant.address.rpartition("@")[2])
        return grant, new, domain is not None

    async def revoke(self, mailbox: str, wanted: str) -> Grant:
        """Take a grant back."""
        grant = await self._typed(mailbox, wanted)
        await self._grants.remove(grant)
        return grant

    async def listing(self, mailbox: str | None) -> tuple[Grant, ...]:
        """List the grants, of one mailbox or all."""
        found = await self._grants.listing()
        if mailbox is None:
            return found
        key = await self._mailbox(mailbox)
        return tuple(grant for grant in found if grant.mailbox == key)

    async def _typed(self, mailbox: str, wanted: str) -> Grant:
        return Grant(await self._mailbox(mailbox), typed.sender(wanted, "grant"))

    async def _mailbox(self, address: str) -> str:
        key = typed.address_key(address, "mailbox")
        if await self._directory.mailbox(key) is None:
            raise NotFoundError(no_such_mailbox(key))
        return key
