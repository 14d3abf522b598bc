from __future__ import annotations

from functools import partial

from bitrixmail.app.receiving.orders import Report
from bitrixmail.app.watching.metrics import Metrics
from bitrixmail.app.watching.metrics_sum import SummedRegistry, samples_of


def told(registry: SummedRegistry) -> dict[tuple[str, str], float]:
    return {
        (
            sample.name.removeprefix("bitrixmail_"),
            ",".join(value for _, value in sorted(sample.labels.items())),
        ): (sample.value)
        for family in registry.collect()
        for sample in family.samples
    }


def test_what_processes_count_is_summed_and_stays() -> None:
    own, theirs = Metrics("1"), Metrics("1")
    for metrics, sessions in ((own, 3.0), (theirs, 4.0)):
        metrics.count("accepted", {"size_octets": "10"})
        metrics.committed(0.003)
        metrics.show("sessions", "Open.", partial(float, sessions), door="smtp")
    theirs.count("refused", {"reply": "550 5.1.1 no such mailbox"})
    own.show("mailboxes", "All.", lambda: 7.0)
    theirs.show("mailboxes", "All.", lambda: 7.0)
    summed = SummedRegistry(own.registry)
    summed.reported(1, Report(samples_of(theirs.registry)))
    summed.reported(1, Report(samples_of(theirs.registry)))
    found = told(summed)
    assert found["transitions_total", ",accepted"] == 2
    assert found["transitions_total", "550 5.1.1,refused"] == 1
    assert found["accepted_bytes_total", ""] == 20
    assert found["commit_seconds_count", ""] == 2
    assert found["commit_seconds_bucket", "0.005"] == 2
    assert found["sessions", "smtp"] == 7
    assert found["mailboxes", ""] == 7
    summed.reported(1, None)
    found = told(summed)
    assert found["transitions_total", "550 5.1.1,refused"] == 1
    assert found["transitions_total", ",accepted"] == 2
    assert found["sessions", "smtp"] == 3
    summed.reported(1, Report(samples_of(theirs.registry)))
    assert told(summed)["transitions_total", ",accepted"] == 3
