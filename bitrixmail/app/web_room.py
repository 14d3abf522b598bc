"""The pages, married with the server: loaded when somebody first asks for one."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from importlib import import_module
from typing import Any

from twisted.web.resource import IResource

from bitrixmail.accounts.last_logins import LastLogins
from bitrixmail.accounts.second_factor import SecondFactor
from bitrixmail.accounts.signing_in import SigningIn
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.admin.zones import LastLooks
from bitrixmail.app.reception import Reception
from bitrixmail.web.door import WebDoor


class WebRoom:
    """Made by compose where `listen.web` is set, lives as long as the server."""

    def __init__(
        self,
        reception: Reception,
        throttle: LoginThrottle,
        reactor: Any,
        looks: LastLooks,
        logins: LastLogins,
    ) -> None:
        self._logins = logins
        self._reception = reception
        self._looks = looks
        self._reactor = reactor
        stores = reception.stores
        self._signing_in = SigningIn(stores.users, reception.threads, throttle, reactor)
        hostname = reception.settings.server.hostname
        self._second_factor = SecondFactor(stores.users, f"bitrixmail {hostname}", reactor)
        self.door = WebDoor(reactor, self._load)

    async def _load(self) -> IResource:
        threads, settings = self._reception.threads, self._reception.settings
        offices = await threads.run(import_module, "bitrixmail.app.office")
        pages = await threads.run(import_module, "bitrixmail.web.site_map")
        dns = await threads.run(import_module, "bitrixmail.app.dns_check")
        rendering = await threads.run(pages.rendering_of, settings.server.hostname)
        office = offices.office_of(
            settings,
            self._reception.stores,
            self._reactor,
            threads,
            looks=self._looks,
            last_login=self._logins.of,
            look=dns.look_of(settings, self._reactor),
        )
        site: IResource = pages.site_of(rendering, office, self._signing_in, self._second_factor)
        return site

    async def welcome(self) -> str:
        """Make the first owner where there is no user; return what he must know, else nothing."""
        if await self._reception.stores.users.listing():
            return ""  # soon: every start asks
        offices = await self._reception.threads.run(import_module, "bitrixmail.app.office")
        users = offices.users_of(self._reception.stores, self._reception.threads, self._reactor)
        password = await users.first_owner()
        if password is None:
            return ""
        return (
            f"the pages are at {_address(self._reception.settings)}: log in as admin with the"
            f" password {password}\n  It is told this once; another one: bitrixmail user password"
            " admin\n"
        )


def _address(settings: Any) -> str:
    endpoint = settings.listen.web[0]
    host = endpoint.arguments.get("interface") or settings.server.hostname
    return f"http://{host}:{endpoint.port}/"
