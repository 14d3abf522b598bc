"""Where mail for an address goes, as the gate would decide it now."""

from __future__ import annotations

from bitrixmail.admin.typed import address_key
from bitrixmail.interfaces.directory import IRouter
from bitrixmail.model.address import Address
from bitrixmail.model.route import Route


class Routes:
    """See the module. Made by compose for the command line and the web."""

    def __init__(self, router: IRouter) -> None:
        self._router = router

    async def find(self, typed: str) -> Route:
        """Follow an address to its end. Raises InputError if it is none."""
        local_part, _, domain = address_key(typed).rpartition("@")
        return await self._router.resolve(Address(local_part, domain))
