from __future__ import annotations

from typing import Any, cast

from twisted.internet.task import Clock

from bitrixmail.app.listening.arrivals import Arrived
from bitrixmail.app.receiving.orders import Report
from bitrixmail.app.watching.history import COARSE_STEP_S, STEP_S, History
from bitrixmail.app.watching.reports import Reports
from bitrixmail.app.watching.tally import Tally
from bitrixmail.store.opening import InlineStores
from tests.fakes.stores import make_stores, result_of


def history_of(stores: InlineStores, clock: Clock, totals: dict[str, int]) -> History:
    return History(cast("Any", clock), stores.queue, lambda: totals)


def test_steps_hold_what_came_in_each_and_forget_the_oldest(tmp_path: Any) -> None:
    clock, totals = Clock(), {"received": 0}
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        history = history_of(stores, clock, totals)
        for _ in range(400):
            totals["received"] += 2
            clock.advance(STEP_S)
            result_of(history.sample())
        hour, day = history.samples("hour"), history.samples("day")
        assert len(hour.times) == 360
        assert hour.times[-1] - hour.times[0] == 359 * STEP_S
        assert set(hour.counts["received"]) == {2}
        assert set(hour.gauges["queue"]) == {0.0}
        assert len(day.times) == 400 * STEP_S // COARSE_STEP_S
        assert set(day.counts["received"]) == {2 * COARSE_STEP_S // STEP_S}


def test_a_store_that_is_away_leaves_a_gap(tmp_path: Any) -> None:
    clock = Clock()
    stores = make_stores(tmp_path, clock)
    history = history_of(stores, clock, {"sent": 1})
    with stores:
        pass
    result_of(history.sample())
    assert history.samples("hour").gauges == {"queue": (None,), "oldest": (None,)}
    assert history.samples("hour").counts == {"sent": (1,)}


def test_what_receivers_counted_stays_when_they_are_gone() -> None:
    tally = Tally()
    tally.count("accepted", {})
    reports = Reports(tally)
    report = Report((), (("received", 3),), (("tcp:25", 4, "192.0.2.1", 9.0),))
    reports.reported(1, report)
    reports.reported(2, Report((), (("received", 1),), (("tcp:25", 1, "192.0.2.2", 7.0),)))
    assert reports.counts()["received"] == 5
    reports.reported(1, None)
    reports.reported(1, Report((), (("received", 1),)))
    assert reports.counts()["received"] == 6


def test_the_last_to_come_is_told() -> None:
    first, last = Arrived(2, "192.0.2.1", 5.0), Arrived(1, "192.0.2.2", 9.0)
    assert first + last == last + first == Arrived(3, "192.0.2.2", 9.0)
