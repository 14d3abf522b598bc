"""The pages, married with the server: loaded when somebody first asks for one."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from twisted.application.service import Service
from twisted.web.resource import IResource

from bitrixmail.accounts.signing_in import SigningIn
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.app.examining import Examiner
from bitrixmail.app.first_look import FirstLook
from bitrixmail.app.history import STEP_S, History
from bitrixmail.app.house import House, Inside
from bitrixmail.app.listeners import Listener
from bitrixmail.app.periodic import Periodic
from bitrixmail.app.receivers import Receivers
from bitrixmail.app.reception import Reception
from bitrixmail.app.reload import Reload
from bitrixmail.app.reports import Reports
from bitrixmail.app.setting_sources import SettingSources
from bitrixmail.app.troubles import Troubles
from bitrixmail.tasks import spawn
from bitrixmail.web.door import WebDoor


class WebRoom:
    """Made by compose where `listen.web` is set, lives as long as the server."""

    def __init__(
        self, reception: Reception, throttle: LoginThrottle, reactor: Any, sources: SettingSources
    ) -> None:
        self._reception = reception
        self._sources = sources
        self._reactor = reactor
        stores = reception.stores
        self.reports = Reports(reception.maillog.tally)
        self.history = History(reactor, stores.queue, self.reports.counts)
        self.troubles = Troubles()
        self.house: House | None = None
        self.examiner: Examiner | None = None
        self._signing_in = SigningIn(stores.users, reception.threads, throttle, reactor)
        self.door = WebDoor(reactor, self._load)

    async def _load(self) -> IResource:
        threads, settings = self._reception.threads, self._reception.settings
        offices = await threads.run(import_module, "bitrixmail.app.office")
        pages = await threads.run(import_module, "bitrixmail.web.site_map")
        upkeeps = await threads.run(import_module, "bitrixmail.app.upkeep")
        rendering = await threads.run(pages.rendering_of, settings.server.hostname)
        office = offices.office_of(settings, self._reception.stores, self._reactor, threads)
        if self.house is None or self.examiner is None:
            raise RuntimeError("the pages of a server that was never composed")
        upkeep = upkeeps.upkeep_of(self.house, self.examiner, self._sources, threads, office.users)
        site: IResource = pages.site_of(rendering, office, self._signing_in, upkeep)
        return site

    def move_in(
        self,
        listeners: Sequence[Listener],
        receivers: Receivers | None,
        reload: Reload,
        first_look: FirstLook,
    ) -> tuple[Service, ...]:
        """Show the server that was composed on the pages; return what runs for them."""
        inside = Inside(self._reception, listeners, receivers, reload)
        self.house = House(inside, self.history, self.reports, self.troubles, self._reactor)
        if receivers is not None:
            self.reports.attend(receivers)
        self.examiner = Examiner(
            lambda: reload.settings,
            self._reception.stores,
            self._reactor,
            self._sources.command(),
        )
        first_look.found = self.examiner.keep
        return self.troubles, self.examiner

    def begin(self) -> None:
        """Take note that the server is ready, and of how it begins."""
        if self.house is not None:
            self.house.begun()
        spawn(self.history.sample(), "the first sample")

    @property
    def periodic(self) -> tuple[Periodic, ...]:
        """What the pages have done again and again, though nobody looks."""
        return (Periodic(self._reactor, "history", STEP_S, self.history.sample),)

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
