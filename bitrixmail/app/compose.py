"""The one place where the rooms meet: settings in, the whole server out.

It opens no database, thread or socket: twistd forks and sheds its uid after it.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

from twisted.protocols.tls import TLSMemoryBIOFactory

from bitrixmail.access.factory import POP3Factory
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.app.listening.attachments import door_of as attachments_door
from bitrixmail.app.listening.listeners import Listener
from bitrixmail.app.looks.daily_look import KINDS, daily_look_of
from bitrixmail.app.looks.first_look import FirstLook
from bitrixmail.app.machine.failure import leave
from bitrixmail.app.receiving.on_demand import watch
from bitrixmail.app.receiving.pickup import UserAllowance, pickup_of, rules_of
from bitrixmail.app.receiving.receivers import Receivers
from bitrixmail.app.receiving.reception import Reception, Share, processes_of, receive
from bitrixmail.app.receiving.senders import Senders
from bitrixmail.app.recurring.digests import Digests
from bitrixmail.app.recurring.owner import DAY_S, Owner, tell_given_up
from bitrixmail.app.recurring.periodic import Periodic
from bitrixmail.app.recurring.reading_in import ReadingIn
from bitrixmail.app.recurring.timetable import timetable_of
from bitrixmail.app.sending.sending import Sending
from bitrixmail.app.sending.steering import steering_of
from bitrixmail.app.services import Parts, Server, Welcome, nothing_to_tell
from bitrixmail.app.settings.reload import Reload
from bitrixmail.app.settings.sources import SettingSources
from bitrixmail.app.settings.tree import Settings
from bitrixmail.app.settings.values import AUTO_PROCESSES
from bitrixmail.link.proxied import Proxied
from bitrixmail.pipeline.shared_counts import SharedCounts, SharedTable
from bitrixmail.tasks import utcnow

# The pages' own wiring: without this line, and the room `web`, all else works as it does.
PAGES = "bitrixmail.app.pages.web_room"
_HOUR_S = 3600.0
_MINUTE_S = 60.0


def compose(
    settings: Settings,
    reactor: Any,
    reread: Callable[[], Settings] | None = None,
    sources: SettingSources | None = None,
) -> Server:
    """Make the server; nothing of it runs yet.

    `reactor` is the running one, or a part of it. `reread` reads the settings again, for SIGHUP;
    None: they stay what they are. `sources` are where they come from, for the pages. Raises
    InputError for a database URL or a file of a password that can't be used.
    """
    processes = processes_of(settings)
    on_demand = settings.server.processes == AUTO_PROCESSES
    table = SharedTable(processes) if processes > 1 else None
    reception = receive(settings, reactor, _share(table, 1 if on_demand else processes))
    stores = reception.stores
    throttle = LoginThrottle(reactor, settings.access.failed_logins_per_minute)
    senders = Senders(reception, throttle, reactor)
    pop3 = POP3Factory(
        senders.portal,
        reactor,
        reception.maillog,
        settings.server.hostname,
        settings.access.limits(),
        reception.tls,
    )
    doors: dict[str, Any] = {
        "smtp": reception.smtp,
        "submission": senders.submission,
        "lmtp": senders.lmtp,
        "pop3": pop3,
    }
    listeners = [*_listeners(reception, reactor, doors, processes)]
    daily_look = daily_look_of(settings, stores, reception.threads, reactor)
    receivers = None
    if table is not None:
        receivers = Receivers(reactor, settings, table, reception.tls, tuple(listeners))
    if reception.metrics is not None:
        reception.metrics.attend(stores, reception.maillog, doors)
        reception.metrics.watch_records(KINDS, daily_look.wrong)
        doors["metrics"] = reception.metrics.door(reactor, stores, reception.tls, receivers)
    if settings.listen.attachments:
        doors["attachments"] = attachments_door(reception, reactor)
    web = None
    if PAGES and (settings.listen.web or settings.listen.webs):
        web = import_module(PAGES).web_room_of(
            reception,
            throttle,
            reactor,
            sources=sources,
            looks=daily_look.looks,
            logins=senders.logins,
            metrics=doors.get("metrics"),
        )
        doors["web"] = web.door
    listeners += _http_listeners(reception, reactor, doors)
    allowance = UserAllowance(settings, reactor)
    pickup = pickup_of(settings, reception, reactor, allowance)
    sending = Sending(reception, reactor)
    reception.extensions.tell = Owner(reception, reactor).tell
    digests = Digests(
        reactor,
        stores.quarantine,
        stores.messages,
        reception.gate.new_queue_id,
        schedule=settings.spam.digest,
        timezone=reception.judging.timezone,
        hostname=settings.server.hostname,
    )
    first_look = FirstLook(settings, stores.directory, reactor)
    periodic = (
        *reception.periodic(reactor),
        Periodic(
            reactor,
            "expiry",
            _HOUR_S,
            lambda: stores.expire(utcnow(reactor)),
            min(_MINUTE_S, _HOUR_S),
        ),
        timetable_of(stores, reception.threads, reactor, reception.judging),
        pickup,
        digests,
        *([first_look] if settings.doctor.at_start else ()),
        *([daily_look] if settings.doctor.daily else ()),
        *([ReadingIn(reactor, stores.searching)] if web is not None else ()),
        Periodic(reactor, "notices", _MINUTE_S, sending.mail.tell_what_is_owed),
        sending,
        Periodic(reactor, "given up", DAY_S, lambda: tell_given_up(stores.queue)),
        *([watch(reactor, reception, receivers)] if receivers is not None and on_demand else ()),
        reception.extensions.run(reception.gate),
        *(() if web is None else web.periodic),
    )
    parts = Parts(
        settings=settings,
        clock=reactor,
        doors=doors,
        listeners=tuple(listeners),
        periodic=(*periodic, *(() if web is None else (web,))),
        opening=reception.opening(settings.server.domains),
        tls=reception.tls,
        receivers=receivers,
        welcome=_welcome(settings, web),
    )
    server = Server(parts, reception.levels, partial(leave, reactor))

    def take(fresh: Settings) -> None:
        # What the server is called stays as it was until it is started anew
        fresh = replace(fresh, server=settings.server)
        server.load_certificate(fresh)
        reception.take(fresh)
        senders.take(fresh)
        sending.take(fresh, steering_of(fresh))
        pickup.take(rules_of(fresh))
        digests.schedule = fresh.spam.digest
        allowance.take(fresh)
        pop3.limits = fresh.access.limits()
        throttle.failed_logins_per_minute = fresh.access.failed_logins_per_minute
        for part in (web, receivers):
            if part is not None:
                part.take(fresh)

    reload = Reload(reactor, settings, reread or (lambda: settings), take)
    for service in (
        *(*listeners, *periodic, reload),
        *(() if web is None else web.move_in(listeners, receivers, reload, first_look)),
    ):
        service.setServiceParent(server)
    return server


def _listeners(
    reception: Reception, reactor: Any, doors: Mapping[str, Any], processes: int
) -> Iterator[Listener]:
    """Yield a listener for each endpoint; a door's `s` is the same door under TLS.

    Outermost stands what reads a proxy's header: it comes before the handshake.
    """
    settings, maillog = reception.settings, reception.maillog
    for name, factory in doors.items():
        sockets = processes if name == "smtp" else 1
        for endpoint in settings.listen.door(name):
            proxied = Proxied(factory, factory, maillog)
            yield Listener(reactor, name, endpoint, proxied, processes=sockets)
    for name, door in (("submissions", doors["submission"]), ("pop3s", doors["pop3"])):
        for endpoint in settings.listen.door(name):
            wrapped = TLSMemoryBIOFactory(reception.tls, False, door, clock=reactor)
            yield Listener(reactor, name, endpoint, Proxied(wrapped, door, maillog))


def _share(table: SharedTable | None, of: int) -> Share | None:
    """Return the server's own part of what the processes share: one `of` so many."""
    return None if table is None else Share(0, SharedCounts(table, 0), of)


def _welcome(settings: Settings, web: Any) -> Welcome:
    """Return what tells the person at the terminal something once the store is open."""
    if web is not None:
        welcome: Welcome = web.welcome
        return welcome
    return nothing_to_tell if PAGES else partial(_no_pages, settings)


async def _no_pages(settings: Settings) -> str:
    """Return what is told where pages are wanted that there are not."""
    wanted = [f"listen.{name}" for name in ("web", "webs") if settings.listen.door(name)]
    if not wanted:
        return ""
    what = " and ".join(wanted)
    return f"{what}: this version has no pages; take it out of the settings, or set it to []\n"


def _http_listeners(
    reception: Reception, reactor: Any, doors: Mapping[str, Any]
) -> Iterator[Listener]:
    """Yield those of metrics, attachments and pages; the pages also under TLS."""
    listen = reception.settings.listen
    for name in ("metrics", "attachments", "web"):
        for endpoint in listen.door(name) if name in doors else ():
            yield Listener(reactor, name, endpoint, doors[name])
    for endpoint in listen.webs if "web" in doors else ():
        wrapped = TLSMemoryBIOFactory(reception.tls, False, doors["web"], clock=reactor)
        yield Listener(reactor, "webs", endpoint, wrapped)
