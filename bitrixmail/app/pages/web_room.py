"""The pages and the API, married with the server: loaded when somebody first asks for one."""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.web.resource import IResource

from bitrixmail.accounts.last_logins import LastLogins
from bitrixmail.accounts.second_factor import SecondFactor
from bitrixmail.accounts.signing_in import SigningIn
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.admin.applying import Applying
from bitrixmail.admin.masked import masked
from bitrixmail.admin.zones import LastLooks
from bitrixmail.app.listening.listeners import Listener
from bitrixmail.app.looks.examining import Examiner
from bitrixmail.app.looks.first_look import FirstLook
from bitrixmail.app.pages.house import House, Inside
from bitrixmail.app.receiving.receivers import Receivers
from bitrixmail.app.receiving.reception import Reception
from bitrixmail.app.recurring.periodic import Periodic
from bitrixmail.app.settings.loading import tables_of
from bitrixmail.app.settings.reload import Reload
from bitrixmail.app.settings.sources import SettingSources
from bitrixmail.app.settings.tree import Settings
from bitrixmail.app.watching.history import STEP_S, History
from bitrixmail.app.watching.readiness import Readiness
from bitrixmail.app.watching.reports import Reports
from bitrixmail.app.watching.troubles import Troubles
from bitrixmail.model.errors import MailError
from bitrixmail.tasks import Threads, deadline, spawn, utcnow
from bitrixmail.web.http.door import WebDoor

_HIDDEN = "(hidden)"
# As long as those who ask whether it works wait for an answer
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What else of the server the pages show. Made by compose.

    `metrics` is the door where they are read, where there is one.
    """

    sources: SettingSources
    looks: LastLooks
    logins: LastLogins
    metrics: Any = None


class WebRoom:
    """Made by compose where `listen.web` is set, lives as long as the server."""

    def __init__(
        self,
        reception: Reception,
        throttle: LoginThrottle,
        reactor: Any,
        shown: Shown,
    ) -> None:
        self._reception = reception
        self._shown = shown
        self._reactor = reactor
        self._calls_per_minute = reception.settings.web.calls_per_minute
        self._in_force: Callable[[], Settings] = lambda: reception.settings
        self._draining = False
        self._readiness = Readiness(reception.stores)
        self._started = utcnow(reactor)
        self._hub: Any = None
        stores = reception.stores
        self.reports = Reports(reception.maillog.tally)
        self.history = History(reactor, stores.queue, self.reports.counts)
        self.troubles = Troubles()
        self.house: House | None = None
        self.examiner: Examiner | None = None
        self._signing_in = SigningIn(stores.users, reception.threads, throttle, reactor)
        hostname = reception.settings.server.hostname
        self._second_factor = SecondFactor(stores.users, f"bitrixmail {hostname}", reactor)
        # Not those that passwords are checked in: nobody's login waits for somebody's upload or
        # long letter, and nobody's letter for all who try to log in
        # Two: what takes long does not keep all others' pages waiting
        self._threads = Threads(reactor, "pages", 2)
        self.door = WebDoor(reactor, self._load)
        self.door.ending = self._end
        self.door.proxy_networks = reception.settings.web.proxy_networks

    def take(self, fresh: Settings) -> None:
        """Put the live part of new settings in force."""
        self._calls_per_minute = fresh.web.calls_per_minute
        self.door.proxy_networks = fresh.web.proxy_networks
        self.tell("server")

    def tell(self, topic: str) -> None:
        """Tell whoever listens that something has happened; nothing while nobody does."""
        if self._hub is not None:
            self._hub.tell(topic)

    async def _load(self) -> IResource:
        reception = self._reception
        threads, settings = reception.threads, reception.settings
        offices = await threads.run(import_module, "bitrixmail.app.office")
        pages = await threads.run(import_module, "bitrixmail.web.site_map")
        upkeeps = await threads.run(import_module, "bitrixmail.app.pages.upkeep")
        dns = await threads.run(import_module, "bitrixmail.app.looks.dns_check")
        rendering = await threads.run(pages.rendering_of, settings.server.hostname)
        shown = self._shown
        office = offices.office_of(
            settings,
            reception.stores,
            self._reactor,
            threads,
            reading=self._threads,
            extensions=lambda: reception.extensions,
            looks=shown.looks,
            last_login=shown.logins.of,
            refused_login=shown.logins.refused_of,
            look=dns.look_of(settings, self._reactor),
            queued=reception.gate.queued,
        )
        # What is applied in the background stops at a page of its own, before the store is closed
        self._reactor.addSystemEventTrigger("before", "shutdown", _ended, office.applying)
        if self.house is None or self.examiner is None:
            raise RuntimeError("the pages of a server that was never composed")
        upkeep = upkeeps.upkeep_of(self.house, self.examiner, shown.sources, threads, office.users)
        over = pages.Over(
            self._served(office, upkeep),
            self._signing_in,
            self._second_factor,
            self._reactor,
            version("bitrixmail"),
            self._threads,
        )
        self._threads.start()
        self._reactor.addSystemEventTrigger("after", "shutdown", self._threads.stop)
        site: IResource = await threads.run(pages.site_of, rendering, over)
        return site

    def move_in(
        self,
        listeners: Sequence[Listener],
        receivers: Receivers | None,
        reload: Reload,
        first_look: FirstLook,
    ) -> tuple[Service, ...]:
        """Show the server that was composed on the pages; return what runs for them."""
        inside = Inside(self._reception, listeners, receivers, reload, partial(self.tell, "server"))
        self.house = House(inside, self.history, self.reports, self.troubles, self._reactor)
        if receivers is not None:
            self.reports.attend(receivers)
        self._in_force = lambda: reload.in_force
        self.examiner = Examiner(
            self._in_force,
            self._reception.stores,
            self._reactor,
            self._shown.sources.command(),
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

    def _served(self, office: Any, upkeep: Any) -> Any:
        """Return what the operations of the API are handed."""
        # They are as slow to import as the rest, which has just been
        from bitrixmail.admin.sending import Sending  # noqa: PLC0415
        from bitrixmail.store.pulse import DatabasePulse  # noqa: PLC0415
        from bitrixmail.web.api.contents import Served  # noqa: PLC0415
        from bitrixmail.web.live.hub import Hub  # noqa: PLC0415

        reception, stores = self._reception, self._reception.stores
        hub = Hub(self._reactor, DatabasePulse(stores.database).look, reception.maillog)
        hub.ended = self._draining
        self._hub = hub
        stores.changes.committed = hub.committed
        sending = Sending(
            reception.gate,
            stores.directory,
            stores.queue,
            stores.messages,
            self._reactor,
            hostname=reception.settings.server.hostname,
            max_octets=lambda: reception.gate.limits.max_size_octets,
        )
        exposed = None if self._shown.metrics is None else self._metrics
        return Served(
            office,
            upkeep,
            sending,
            self._settings,
            self._look,
            hub,
            exposed,
            lambda: self._calls_per_minute,
        )

    def _settings(self) -> Any:
        return masked(tables_of(self._in_force()), _HIDDEN)

    async def _metrics(self) -> Any:
        from bitrixmail.web.api.operation import Raw  # noqa: PLC0415

        return Raw(*await self._shown.metrics.exposition())

    async def _look(self) -> Any:
        """Tell how the server is."""
        from bitrixmail.web.api.operations.server import ServerState  # noqa: PLC0415

        wrong: tuple[str, ...] = ()
        try:
            await deadline(self._reception.stores.messages.totals(), _PATIENCE_S, self._reactor)
        except TimeoutError:
            wrong = (f"the store does not answer within {_PATIENCE_S:g} s",)
        except MailError as error:
            wrong = (error.reply.text,)
        unready = self._readiness.faults()
        return ServerState(
            hostname=self._reception.settings.server.hostname,
            version=version("bitrixmail"),
            started=self._started,
            ready=not self._draining and not unready,
            wrong=wrong,
            unready=unready,
        )

    def _end(self) -> bool:
        """End what is told as it happens; tell whether anybody listened."""
        self._draining = True
        if self._hub is None:
            return False
        listened: bool = self._hub.any
        self._hub.end()
        return listened

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
    scheme, endpoints = (
        ("http", settings.listen.web)
        if settings.listen.web
        else (
            "https",
            settings.listen.webs,
        )
    )
    host = endpoints[0].arguments.get("interface") or settings.server.hostname
    return f"{scheme}://{host}:{endpoints[0].port}/"


def web_room_of(
    reception: Reception,
    throttle: LoginThrottle,
    reactor: Any,
    *,
    sources: SettingSources | None,
    looks: LastLooks,
    logins: LastLogins,
    metrics: Any,
) -> WebRoom:
    """Marry the room with the server."""
    shown = Shown(sources or SettingSources(), looks, logins, metrics)
    return WebRoom(reception, throttle, reactor, shown)
