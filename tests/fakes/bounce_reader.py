"""The real reader of bounces over real stores, and the jobs it is given."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from twisted.internet.interfaces import IReactorTime

from bitrixmail.interfaces.maillog import IMailLog
from bitrixmail.model.job import Job, Kind
from bitrixmail.model.queue import Wanted
from bitrixmail.outbound.bounces.returned import BounceReader
from bitrixmail.outbound.bounces.suppressing import Suppressor
from bitrixmail.store.opening import InlineStores, done
from bitrixmail.tasks import InlineThreads, utcnow


def reader_of(stores: InlineStores, maillog: IMailLog, clock: IReactorTime) -> BounceReader:
    """Return a reader that suppresses addresses for thirty days."""
    return BounceReader(
        stores.jobs,
        stores.queue,
        stores.messages,
        Suppressor(stores.suppressions, timedelta(days=30)),
        maillog=maillog,
        threads=InlineThreads(),
        clock=clock,
        hostname="mx.example.org",
    )


def leased(
    stores: InlineStores, clock: IReactorTime, kind: Kind, destination: str
) -> tuple[Job, ...]:
    """Lease for an hour what is due now, ten jobs at most."""
    now = utcnow(clock)
    wanted = [Wanted(kind, destination, 10)]
    jobs = stores.jobs.lease("s", now + timedelta(hours=1), wanted, now)
    return cast("tuple[Job, ...]", done(jobs))
