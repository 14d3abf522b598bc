"""What is counted, timed and read off, in the words of Prometheus; the names: docs/metrics.md.

Imported only where `listen.metrics` is set.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from zope.interface import implementer

from bitrixmail.interfaces.meter import IMeter
from bitrixmail.model.plan import Plan
from bitrixmail.model.route import Target
from bitrixmail.model.work import KIND_OF
from bitrixmail.pipeline.judge import Judge
from bitrixmail.rules.engine import CompiledRules
from bitrixmail.rules.facts import Facts

# Reasons of one transition that are told apart; a cause may hold anything, such as a path
MOST_REASONS = 50
OTHER = "other"
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")  # RFC 3463
# A commit that waits for no other is one sync: half a millisecond on a fast disk, 20 on a slow one
_COMMIT_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_JUDGE_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 10, 60)
# From a page that waits to a mail server that is away for days
_DELAY_S = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400, 259200)
_SESSION_S = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600)


@implementer(IMeter)
class Metrics:
    """See IMeter. Made by compose, lives as long as the server; used in the reactor's thread.

    `registry` is what an exposition is written from. Names begin with bitrixmail_, but for those
    of the process, which are every program's.
    """

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("bitrixmail_build", "The version that runs.", registry=registry).info(
            {"version": version}
        )
        self._transitions = Counter(
            "bitrixmail_transitions",
            "Lines of the mail log, by transition and reason.",
            ("transition", "reason"),
            registry=registry,
        )
        self._deliveries = Counter(
            "bitrixmail_deliveries",
            "Attempts to deliver to a recipient elsewhere, by outcome and enhanced status code.",
            ("outcome", "status"),
            registry=registry,
        )
        self._actions = Counter(
            "bitrixmail_actions",
            "Attempts at what rules want done outside, by action and outcome.",
            ("action", "outcome"),
            registry=registry,
        )
        for do in KIND_OF:
            self._actions.labels(do, "acted")  # as below
        for outcome in ("sent", "deferred", "bounced"):
            self._deliveries.labels(outcome, "")  # told as 0 before the first
        self._delays = Histogram(
            "bitrixmail_delivery_delay_seconds",
            "From the arrival of a message until the other side had taken it.",
            registry=registry,
            buckets=_DELAY_S,
        )
        self._octets = Counter(
            "bitrixmail_accepted_bytes",
            "Sizes of the messages accepted, once for each mailbox.",
            registry=registry,
        )
        self._commits = Histogram(
            "bitrixmail_commit_seconds",
            "Waiting of a write until it is durable.",
            registry=registry,
            buckets=_COMMIT_S,
        )
        self._judging = Histogram(
            "bitrixmail_judge_seconds",
            "Asking the rules about a message, for all its mailboxes.",
            registry=registry,
            buckets=_JUDGE_S,
        )
        self._sessions = Histogram(
            "bitrixmail_session_seconds",
            "Length of a session, by door.",
            ("door",),
            registry=registry,
            buckets=_SESSION_S,
        )
        self._statuses: dict[str, set[str]] = {}
        self._gauges: dict[str, Gauge] = {}
        self._counts: dict[str, dict[str, Counter]] = {}
        self.committed: Callable[[float], None] = self._commits.observe
        self.judged: Callable[[float], None] = self._judging.observe

    def count(self, transition: str, fields: Mapping[str, str]) -> None:
        """See IMeter."""
        if "action" in fields:
            self._actions.labels(fields["action"], transition).inc()
            return
        if "delay_s" in fields:
            self._delivered(transition, fields)
            return
        reason = fields.get("reply") or fields.get("reason", "")
        if "reply" in fields:
            # The codes tell all; the text behind them may change (RFC 3463)
            reason = " ".join(reason.split(" ", 2)[:2])
        counts = self._counts.setdefault(transition, {})
        found = counts.get(reason)
        if found is None:
            found = self._first(transition, reason, counts)
        # A flood is told in one line for many
        found.inc(int(fields.get("count", 1)))
        if transition == "accepted":
            self._octets.inc(int(fields.get("size_octets", 0)))

    def _delivered(self, outcome: str, fields: Mapping[str, str]) -> None:
        """Count an attempt; its reply is another host's text, and stays out of the labels."""
        status = fields.get("dsn", "")
        if not _STATUS.fullmatch(status):
            status = ""
        known = self._statuses.setdefault(outcome, set())
        if len(known) >= MOST_REASONS and status not in known:
            status = OTHER
        known.add(status)
        self._deliveries.labels(outcome, status).inc()
        if outcome == "sent":
            self._delays.observe(float(fields["delay_s"]))

    def _first(self, transition: str, reason: str, counts: dict[str, Counter]) -> Counter:
        """Begin to count a reason; when there are too many, all further ones are one."""
        if len(counts) >= MOST_REASONS:
            reason = OTHER
        found = counts.get(reason)
        if found is None:
            found = counts[reason] = self._transitions.labels(transition, reason)
        return found

    def ended(self, door: str, seconds: float) -> None:
        """See IMeter."""
        self._sessions.labels(door).observe(seconds)

    # What is read off when somebody asks

    def show(self, name: str, text: str, read: Callable[[], float], **labels: str) -> None:
        """Add a gauge, or one more label of it; `read` is called for each exposition."""
        gauge = self._gauges.get(name)
        if gauge is None:
            gauge = Gauge(f"bitrixmail_{name}", text, tuple(labels), registry=self.registry)
            self._gauges[name] = gauge
        (gauge.labels(**labels) if labels else gauge).set_function(read)


class TimedJudge(Judge):
    """A judge with a watch. See Judge."""

    def __init__(self, meter: IMeter, *given: Any) -> None:
        super().__init__(*given)
        self._meter = meter

    async def plans(
        self, rules: CompiledRules, facts: Facts, targets: Sequence[tuple[Target, tuple[str, ...]]]
    ) -> list[Plan]:
        """See Judge."""
        begun = perf_counter()
        try:
            return await super().plans(rules, facts, targets)
        finally:
            self._meter.judged(perf_counter() - begun)


def size_of(*files: Path) -> float:
    """Return the octets of files together; one that is missing has none."""
    octets = 0
    for file in files:
        with suppress(OSError):
            octets += file.stat().st_size
    return float(octets)


def free_octets(folder: Path) -> float:
    """Return what a user may still write where a folder lies; NaN if the system does not say."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return math.nan
    return float(found.f_bavail * found.f_frsize)
