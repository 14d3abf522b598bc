"""What takes mail in, from the door to the store: alike in the server and in each receiver."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from time import process_time
from typing import Any

from bitrixmail.accounts.secret import KeptSecret
from bitrixmail.app.extending.extensions import Extensions
from bitrixmail.app.machine.allocator import give_back
from bitrixmail.app.machine.local_time import system_timezone
from bitrixmail.app.opening import Opening
from bitrixmail.app.receiving.checks import witnesses_of
from bitrixmail.app.receiving.helping import Load
from bitrixmail.app.recurring.periodic import Periodic
from bitrixmail.app.sending.ways import rules_of
from bitrixmail.app.settings.tree import Settings
from bitrixmail.app.settings.values import AUTO_PROCESSES
from bitrixmail.app.watching.logs import LogLevels
from bitrixmail.app.watching.maillog import MailLog
from bitrixmail.app.watching.tally import Tally
from bitrixmail.model.limits import SMTPLimits
from bitrixmail.net.tls import ServerTLS
from bitrixmail.outbound.actions.rewriting import Rewriting
from bitrixmail.outbound.bounces.variable_paths import VariablePaths
from bitrixmail.pipeline.gate import Gate
from bitrixmail.pipeline.judge import Judge
from bitrixmail.pipeline.list_files import LISTS, ListFiles
from bitrixmail.pipeline.relaying import Relaying
from bitrixmail.pipeline.routing import Router
from bitrixmail.pipeline.shared_counts import SharedCounts
from bitrixmail.rules.judging import Judging
from bitrixmail.smtp.factory import SMTPFactory
from bitrixmail.store.opening import Stores, threaded_stores
from bitrixmail.tasks import Threads

RETURN_PATHS = "return-paths.secret"
ATTACHMENTS = "attachments.secret"
_MINUTE_S = 60.0
_LOOK_S = 2.0
_GIVE_BACK_S = 30.0
_MOST_THREADS = 4
# Processes of "auto", whatever the machine has: each keeps a core busy and takes memory
_MOST_ON_DEMAND = 4


@dataclass(slots=True)
class Share:
    """One process's part of the reception: its number, 0 is the server, and what all count.

    `parts`: how many have an equal part of the door's connections now; it may change.
    """

    process: int
    counts: SharedCounts
    parts: int


@dataclass(frozen=True, slots=True)
class Reception:
    """The rooms that take mail in, married. Made once by `receive` for each process."""

    settings: Settings
    stores: Stores
    threads: Threads
    judging: Judging
    judge: Judge
    gate: Gate
    router: Router
    return_paths: VariablePaths
    rewriting: Rewriting
    smtp: SMTPFactory
    tls: ServerTLS
    maillog: MailLog
    levels: LogLevels
    metrics: Any
    extensions: Extensions
    share: Share | None
    attachment_key: KeptSecret

    def opening(self, domains: Sequence[str] = ()) -> Opening:
        """Return what opens it, and makes these domains."""
        return Opening(
            stores=self.stores,
            threads=self.threads,
            judge=self.judge,
            gate=self.gate,
            domains=domains,
        )

    def periodic(self, clock: Any) -> tuple[Periodic, ...]:
        """Return what each process does again and again."""
        return (
            Periodic(clock, "refusals", _MINUTE_S, self.gate.refusals.write),
            Periodic(clock, "list files", _LOOK_S, self.judge.look_at_lists),
            Periodic(clock, "memory", _GIVE_BACK_S, give_back),
        )

    def take(self, fresh: Settings) -> None:
        """Put the live part of new settings in force, but for the certificate."""
        self.levels.set(fresh.log)
        self.gate.limits = self.smtp.limits = limits_of(fresh, _parts(self.share))
        self.gate.relaying = relaying_of(fresh)
        self.extensions.switch_on()

    def load(self) -> Load:
        """Return what this process has done at the SMTP door, and its CPU time."""
        return Load(self.smtp.connections, self.smtp.messages, process_time())

    def divide(self, settings: Settings, parts: int) -> None:
        """Give this one of several processes another part of the connections."""
        if self.share is not None:
            self.share.parts = parts
            self.gate.limits = self.smtp.limits = limits_of(settings, parts)


def receive(settings: Settings, reactor: Any, share: Share | None = None) -> Reception:
    """Marry them; nothing of it runs yet. `share`: of one of several processes.

    Raises InputError for a database URL or an extension that can't be used.
    """
    hostname = settings.server.hostname
    stores = threaded_stores(
        reactor,
        settings.database.url,
        settings.data_dir,
        one_of_several=share is not None,
        sends=share is None or not share.process,
    )
    threads = Threads(reactor, "cpu", min(_MOST_THREADS, (os.cpu_count() or 1) + 1))
    maillog = MailLog()
    if settings.listen.web or settings.listen.webs:
        maillog.tally = Tally()
    tls = ServerTLS()
    lists = ListFiles(settings.data_dir / LISTS)
    timezone = settings.rules.timezone or system_timezone()
    extensions = Extensions(settings, reactor)
    judging = Judging(
        settings.rules.time_limit,
        timezone,
        lists.read,
        extensions.answer_now,
        witnesses=witnesses_of(settings, stores, threads, reactor, lambda: extensions),
    )
    metrics = _metrics(settings)
    kind: Callable[..., Judge] = Judge if metrics is None else metrics.judge
    judge = kind(stores.rulebook, threads, reactor, judging, lists, extensions)
    secret = KeptSecret(settings.data_dir / RETURN_PATHS, threads)
    return_paths = VariablePaths(
        secret.octets, stores.queue, stores.directory, reactor, making=settings.outbound.verp
    )
    rewriting = Rewriting(secret.octets, reactor)
    router = Router(stores.directory, hostname, return_paths, rewriting)
    limits = limits_of(settings, _parts(share))
    gate = Gate(
        router=router,
        messages=stores.messages,
        suppressions=stores.suppressions,
        blobs=stores.blobs,
        judge=judge,
        maillog=maillog,
        clock=reactor,
        random=Random(),  # noqa: S311 - queue ids are names, not secrets
        hostname=hostname,
        inline_octets=settings.store.inline_threshold,
        limits=limits,
        relaying=relaying_of(settings),
        process=None if share is None else share.process,
        shared=None if share is None else share.counts,
    )
    smtp = SMTPFactory(gate, reactor, maillog, hostname, limits, tls)
    if share is not None and share.process:
        smtp.number_process(share.process)
    return Reception(
        settings=settings,
        stores=stores,
        threads=threads,
        judging=judging,
        judge=judge,
        gate=gate,
        router=router,
        return_paths=return_paths,
        rewriting=rewriting,
        smtp=smtp,
        tls=tls,
        maillog=maillog,
        levels=LogLevels(settings.log),
        metrics=metrics,
        extensions=extensions,
        share=share,
        attachment_key=KeptSecret(settings.data_dir / ATTACHMENTS, threads),
    )


def relaying_of(settings: Settings) -> Relaying:
    """Return who may send to other hosts."""
    outbound = settings.outbound
    return Relaying(
        outbound.relay_networks,
        timedelta(seconds=outbound.lifetime),
        rules_of(settings, secrets=False),
        timedelta(seconds=settings.actions.lifetime),
    )


def processes_of(settings: Settings) -> int:
    """Return how many processes may receive; of "auto" it is what this one may use of the cores."""
    if settings.server.processes == AUTO_PROCESSES:
        return min(_MOST_ON_DEMAND, len(os.sched_getaffinity(0)))
    return settings.server.processes


def _parts(share: Share | None) -> int:
    return 1 if share is None else share.parts


def limits_of(settings: Settings, parts: int = 0) -> SMTPLimits:
    """Return the limits of one process: it has its part of all connections.

    `parts` 0: as many as there are processes all the time.
    """
    limits = settings.smtp.limits()
    parts = parts or max(1, settings.server.processes)
    if parts == 1 or not limits.connections:
        return limits
    return replace(limits, connections=max(1, limits.connections // parts))


def _metrics(settings: Settings) -> Any:
    """Return what counts and times, if anybody is to be told; it is not even imported else."""
    if not settings.listen.metrics:
        return None
    from bitrixmail.app.watching.metering import Metering  # noqa: PLC0415 - 0.1 s and 5 MB

    return Metering()
