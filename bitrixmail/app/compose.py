"""The one place where the rooms meet: settings in, the whole server out.

It opens no database, thread or socket: twistd forks and sheds its uid after it.
"""

# Twisted's own methods carry no types.
# mypy: allow-untyped-calls

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from random import Random
from typing import Any

from twisted.cred.portal import Portal
from twisted.protocols.tls import TLSMemoryBIOFactory

from bitrixmail.access.factory import POP3Factory
from bitrixmail.accounts.checkers import PasswordChecker
from bitrixmail.accounts.realm import AccountRealm
from bitrixmail.accounts.throttle import LoginThrottle
from bitrixmail.app.failure import leave
from bitrixmail.app.first_look import FirstLook
from bitrixmail.app.listeners import Listener
from bitrixmail.app.local_time import system_timezone
from bitrixmail.app.logs import LogLevels
from bitrixmail.app.maillog import MailLog
from bitrixmail.app.opening import Opening
from bitrixmail.app.periodic import Periodic
from bitrixmail.app.reload import Reload
from bitrixmail.app.services import Parts, Server
from bitrixmail.app.settings import Settings
from bitrixmail.app.timetable import timetable_of
from bitrixmail.link.proxied import Proxied
from bitrixmail.net.tls import ServerTLS
from bitrixmail.pipeline.gate import Gate
from bitrixmail.pipeline.judge import Judge
from bitrixmail.pipeline.list_files import LISTS, ListFiles
from bitrixmail.pipeline.routing import Router
from bitrixmail.rules.judging import Judging
from bitrixmail.smtp.factory import SMTPFactory
from bitrixmail.store.opening import Stores, threaded_stores
from bitrixmail.tasks import Threads, utcnow

_HOUR_S = 3600.0
_MINUTE_S = 60.0
_LOOK_S = 2.0
_MOST_THREADS = 4


def compose(
    settings: Settings, reactor: Any, reread: Callable[[], Settings] | None = None
) -> Server:
    """Make the server; nothing of it runs yet.

    `reactor` is the running one, or a part of it. `reread` reads the settings again, for SIGHUP;
    None: they stay what they are. Raises InputError for a database URL that can't be used.
    """
    hostname = settings.server.hostname
    stores = threaded_stores(reactor, settings.database.url, settings.data_dir)
    threads = Threads(reactor, "cpu", min(_MOST_THREADS, (os.cpu_count() or 1) + 1))
    maillog = MailLog()
    tls = ServerTLS()
    levels = LogLevels(settings.log)
    lists = ListFiles(settings.data_dir / LISTS)
    timezone = settings.rules.timezone or system_timezone()
    judging = Judging(settings.rules.time_limit, timezone, lists.read)
    metrics = _metrics(settings)
    kind: Callable[..., Judge] = Judge if metrics is None else metrics.judge
    judge = kind(stores.rulebook, threads, reactor, judging, lists)
    gate = _gate(settings, stores, judge, maillog, reactor)
    smtp = SMTPFactory(gate, reactor, maillog, hostname, settings.smtp.limits(), tls)
    throttle = LoginThrottle(reactor, settings.access.failed_logins_per_minute)
    portal = _portal(stores, threads, throttle, reactor)
    pop3 = POP3Factory(portal, reactor, maillog, hostname, settings.access.limits(), tls)
    doors: dict[str, Any] = {"smtp": smtp, "pop3": pop3}
    opening = Opening(
        stores=stores,
        threads=threads,
        judge=judge,
        gate=gate,
        domains=settings.server.domains,
    )
    listeners = tuple(_listeners(settings, reactor, doors, tls, maillog))
    if metrics is not None:
        door = metrics.door(reactor, stores=stores, maillog=maillog, doors=doors, tls=tls)
        listeners += tuple(Listener(reactor, "metrics", e, door) for e in settings.listen.metrics)
        doors |= {"metrics": door}
    first_look = FirstLook(settings, stores.directory, reactor)
    periodic = (
        Periodic(reactor, "refusals", _MINUTE_S, gate.refusals.write),
        Periodic(reactor, "list files", _LOOK_S, judge.look_at_lists),
        Periodic(reactor, "expiry", _HOUR_S, lambda: stores.messages.expire(utcnow(reactor))),
        timetable_of(stores, threads, reactor, judging),
        *([first_look] if settings.doctor.at_start else ()),
    )
    parts = Parts(
        settings=settings,
        clock=reactor,
        doors=doors,
        listeners=listeners,
        periodic=periodic,
        opening=opening,
        tls=tls,
    )
    server = Server(parts, levels, partial(leave, reactor))

    def take(fresh: Settings) -> None:
        server.load_certificate(fresh)
        levels.set(fresh.log)
        gate.limits = smtp.limits = fresh.smtp.limits()
        pop3.limits = fresh.access.limits()
        throttle.failed_logins_per_minute = fresh.access.failed_logins_per_minute

    reload = Reload(reactor, settings, reread or (lambda: settings), take)
    for service in (*listeners, *periodic, reload):
        service.setServiceParent(server)
    return server


def _metrics(settings: Settings) -> Any:
    """Return what counts and times, if anybody is to be told; it is not even imported else."""
    if not settings.listen.metrics:
        return None
    from bitrixmail.app.metering import Metering  # noqa: PLC0415 - 0.1 s and 5 MB

    return Metering()


def _gate(settings: Settings, stores: Stores, judge: Judge, maillog: MailLog, clock: Any) -> Gate:
    hostname = settings.server.hostname
    return Gate(
        router=Router(stores.directory, hostname),
        messages=stores.messages,
        blobs=stores.blobs,
        judge=judge,
        maillog=maillog,
        clock=clock,
        random=Random(),  # noqa: S311 - queue ids are names, not secrets
        hostname=hostname,
        inline_octets=settings.store.inline_threshold,
        limits=settings.smtp.limits(),
    )


def _portal(stores: Stores, threads: Threads, throttle: LoginThrottle, clock: Any) -> Portal:
    """Marry who asks for a mailbox with who has it; every door for readers asks here."""
    checker = PasswordChecker(stores.directory, threads, throttle, clock)
    return Portal(AccountRealm(stores.directory, stores.messages), [checker])


def _listeners(
    settings: Settings,
    reactor: Any,
    doors: Mapping[str, Any],
    tls: ServerTLS,
    maillog: MailLog,
) -> Iterator[Listener]:
    """Yield a listener for each endpoint; a door's `s` is the same door under TLS.

    Outermost stands what reads a proxy's header: it comes before the handshake.
    """
    for name, factory in doors.items():
        for endpoint in settings.listen.door(name):
            yield Listener(reactor, name, endpoint, Proxied(factory, factory, maillog))
    pop3 = doors["pop3"]
    for endpoint in settings.listen.pop3s:
        wrapped = TLSMemoryBIOFactory(tls, False, pop3, clock=reactor)
        yield Listener(reactor, "pop3s", endpoint, Proxied(wrapped, pop3, maillog))
