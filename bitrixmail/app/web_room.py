"""The pages, married with the server: loaded when somebody first asks for one."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from importlib import import_module
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.resource import IResource

from bitrixmail.accounts.signing_in import SigningIn
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.admin.applying import Applying
from bitrixmail.app.reception import Reception
from bitrixmail.web.door import WebDoor


class WebRoom:
    """Made by compose where `listen.web` is set, lives as long as the server."""

    def __init__(self, reception: Reception, throttle: LoginThrottle, reactor: Any) -> None:
        self._reception = reception
        self._reactor = reactor
        stores = reception.stores
        self._signing_in = SigningIn(stores.users, reception.threads, throttle, reactor)
        self.door = WebDoor(reactor, self._load)

    async def _load(self) -> IResource:
        threads, settings = self._reception.threads, self._reception.settings
        offices = await threads.run(import_module, "bitrixmail.app.office")
        pages = await threads.run(import_module, "bitrixmail.web.site_map")
        rendering = await threads.run(pages.rendering_of, settings.server.hostname)
        office = offices.office_of(
            settings,
            self._reception.stores,
            self._reactor,
            threads,
            self._reception.gate.queued,
        )
        # What is applied in the background stops at a page of its own, before the store is closed
        self._reactor.addSystemEventTrigger("before", "shutdown", _ended, office.applying)
        site: IResource = pages.site_of(rendering, office, self._signing_in)
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


def _ended(applying: Applying) -> Deferred[None]:
    return Deferred.fromCoroutine(applying.end())


def _address(settings: Any) -> str:
    endpoint = settings.listen.web[0]
    host = endpoint.arguments.get("interface") or settings.server.hostname
    return f"http://{host}:{endpoint.port}/"
