"""The metrics of several processes as those of one: each sample is the sum of theirs.

Imported only where `listen.metrics` is set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample as PrometheusSample

from bitrixmail.app.receiving.orders import Report

Key = tuple[str, tuple[tuple[str, str], ...]]
Sample = tuple[str, tuple[tuple[str, str], ...], float]
# Of each process its own; all else is of the store or the machine, and told by the server alone
_SUMMED = (
    "bitrixmail_transitions",
    "bitrixmail_accepted_bytes",
    "bitrixmail_commit_seconds",
    "bitrixmail_judge_seconds",
    "bitrixmail_session_seconds",
    "bitrixmail_sessions",
    "bitrixmail_writer_queue",
)
# What is as it is now, and ends with its process
_GAUGES = ("bitrixmail_sessions", "bitrixmail_writer_queue")


def samples_of(registry: CollectorRegistry) -> tuple[Sample, ...]:
    """Return what a process has to tell of itself."""
    return tuple(
        (sample.name, tuple(sorted(sample.labels.items())), float(sample.value))
        for family in registry.collect()
        if family.name in _SUMMED
        for sample in family.samples
    )


class SummedRegistry(Collector):
    """A registry as those have it who write an exposition. Made by Metering, lives as long.

    What a process has counted stays counted when it is gone.
    """

    def __init__(self, own: CollectorRegistry) -> None:
        self._own = own
        self._theirs: dict[int, Counter[Key]] = {}
        self._departed: Counter[Key] = Counter()

    def reported(self, process: int, report: Report | None) -> None:
        """Take what another process has counted by now; None: it is gone."""
        if report is not None:
            self._theirs[process] = Counter(
                {(name, labels): value for name, labels, value in report.samples}
            )
            return
        for key, value in self._theirs.pop(process, Counter()).items():
            if key[0] not in _GAUGES:
                self._departed[key] += value

    def collect(self) -> Iterator[Metric]:
        """Yield each family with its sums."""
        others: Counter[Key] = Counter(self._departed)
        for counted in self._theirs.values():
            others.update(counted)
        for family in self._own.collect():
            if family.name in _SUMMED and others:
                yield _with(family, others)
            else:
                yield family


def _with(family: Metric, others: Counter[Key]) -> Metric:
    """Return a family with what others have added; labels that only they have come behind."""
    own = {(sample.name, tuple(sorted(sample.labels.items()))): sample for sample in family.samples}
    names = {name for name, _ in own} | {family.name, f"{family.name}_total"}
    names |= {f"{family.name}_{end}" for end in ("bucket", "count", "sum")}
    summed = Metric(family.name, family.documentation, family.type, family.unit)
    summed.samples = [
        sample._replace(value=sample.value + others.get(key, 0)) for key, sample in own.items()
    ] + [
        PrometheusSample(name, dict(labels), value)
        for (name, labels), value in others.items()
        if name in names and (name, labels) not in own
    ]
    return summed
