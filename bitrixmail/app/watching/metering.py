"""Marries the metrics with the rooms they tell about. Imported only where they are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from bitrixmail.admin.queue import OPEN
from bitrixmail.app.receiving.receivers import Receivers
from bitrixmail.app.watching.maillog import MailLog
from bitrixmail.app.watching.metrics import Metrics, TimedJudge, free_octets, size_of
from bitrixmail.app.watching.metrics_door import MetricsDoor
from bitrixmail.app.watching.metrics_sum import Sample, SummedRegistry, samples_of
from bitrixmail.app.watching.readiness import Readiness
from bitrixmail.link.sessions import Sessions
from bitrixmail.model.job import JobState
from bitrixmail.model.queue import Depth
from bitrixmail.net.tls import ServerTLS
from bitrixmail.pipeline.judge import Judge
from bitrixmail.store.opening import Stores
from bitrixmail.tasks import utcnow


@dataclass(slots=True)
class _Totals:
    """What lay in the store when it was last looked at."""

    mailboxes: float = math.nan
    octets: float = math.nan
    depths: Mapping[JobState, Depth] = field(default_factory=dict)


class Metering:
    """Metrics on their way into the rooms. Made and used by compose."""

    def __init__(self) -> None:
        self._metrics = Metrics(version("bitrixmail"))

    def judge(self, *given: Any) -> Judge:
        """Make a judge that tells how long it takes."""
        return TimedJudge(self._metrics, *given)

    def attend(self, stores: Stores, maillog: MailLog, doors: Mapping[str, Sessions]) -> None:
        """Let the rooms report."""
        metrics = self._metrics
        maillog.meter = stores.database.meter = metrics
        for name, sessions in doors.items():
            sessions.meter = metrics
            _show_sessions(metrics, name, sessions)
        metrics.show(
            "writer_queue", "Writes that wait for their commit.", lambda: stores.database.waiting
        )

    def samples(self) -> tuple[Sample, ...]:
        """Return what this process alone has to tell."""
        return samples_of(self._metrics.registry)

    def watch_records(self, kinds: Iterable[str], wrong: Callable[[str], float]) -> None:
        """Let the daily look tell how many records in the DNS are wrong."""
        for kind in kinds:
            self._metrics.show(
                "dns_records_wrong",
                "Records of our domains in the DNS that are not as they should be, by kind.",
                partial(wrong, kind),
                record=kind,
            )

    def door(
        self, clock: IReactorTime, stores: Stores, tls: ServerTLS, receivers: Receivers | None
    ) -> MetricsDoor:
        """Return the door where it is read, that of all processes together."""
        metrics = self._metrics
        metrics.show(
            "certificate_expiry_timestamp_seconds",
            "When the certificate expires, in seconds since 1970.",
            lambda: math.nan if tls.not_after is None else tls.not_after.timestamp(),
        )
        summed = SummedRegistry(metrics.registry)
        if receivers is not None:
            receivers.reported = summed.reported
        look = _show_store(metrics, stores, clock)
        return MetricsDoor(clock, summed, look, Readiness(stores).faults)


def _show_sessions(metrics: Metrics, door: str, sessions: Sessions) -> None:
    metrics.show(
        "sessions", "Sessions that are open, by door.", lambda: len(sessions.crowd), door=door
    )


def _show_queue(metrics: Metrics, clock: IReactorTime, totals: _Totals) -> None:
    """Show how many jobs wait, and how long the oldest has."""

    def jobs(state: JobState) -> float:
        found = totals.depths.get(state)
        return 0.0 if found is None else float(found.count)

    def oldest() -> float:
        open_now = [depth.oldest for state, depth in totals.depths.items() if state in OPEN]
        return (utcnow(clock) - min(open_now)).total_seconds() if open_now else 0.0

    for state in (*OPEN, JobState.DEAD):
        metrics.show(
            "queue_jobs", "Jobs of the queue, by state.", partial(jobs, state), state=state.value
        )
    metrics.show("queue_oldest_seconds", "How long the oldest open job is there.", oldest)


def _show_store(
    metrics: Metrics, stores: Stores, clock: IReactorTime
) -> Callable[[], Coroutine[Deferred[Any], Any, None]]:
    """Show what the store holds; return what looks at it anew."""
    totals = _Totals()
    file = stores.database.file.path
    log = file.with_name(f"{file.name}-wal")
    shown: dict[str, tuple[str, Callable[[], float]]] = {
        "database_bytes": ("The database file and its log.", lambda: size_of(file, log)),
        "disk_free_bytes": (
            "What may still be written where the messages lie.",
            lambda: free_octets(stores.data_dir),
        ),
        "mailboxes": ("Mailboxes there are.", lambda: totals.mailboxes),
        "kept_bytes": ("What all mailboxes hold.", lambda: totals.octets),
    }
    for name, (text, read) in shown.items():
        metrics.show(name, text, read)
    _show_queue(metrics, clock, totals)

    async def look() -> None:
        totals.mailboxes, totals.octets = await stores.messages.totals()
        totals.depths = {depth.state: depth for depth in await stores.queue.depths()}

    return look
