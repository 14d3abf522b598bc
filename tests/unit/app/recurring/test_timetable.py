"""Rules by the clock: a month of them, the change of clocks, restarts, and what was missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar, cast
from zoneinfo import ZoneInfo

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock, deferLater
from zope.interface import implementer

from bitrixmail.admin.rule_runs import RuleRuns
from bitrixmail.app.recurring.timetable import Timetable
from bitrixmail.interfaces.threads import IThreads
from bitrixmail.model.rule_run import RuleRun, RunState
from bitrixmail.rules.judging import Judging
from bitrixmail.rules.syntax import parse_rules
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import InlineThreads
from tests.fakes.results import fired
from tests.fakes.rules_page import PAGE
from tests.fakes.stored_mail import add, filed, fill, letter, snapshot
from tests.fakes.stores import make_stores, result_of

P = ParamSpec("P")
T = TypeVar("T")
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = """
[[rule]]
name = "Night"
on = ["schedule"]
schedule = "30 2 * * *"
action = [{do = "flag"}]
"""
NOON = """
[[rule]]
name = "Noon"
on = ["schedule"]
schedule = "0 12 * * * UTC"
action = [{do = "unflag"}]
"""


@implementer(IThreads)
class SlowThreads:
    """Takes five seconds for everything. Made by a test."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        def call() -> T:
            return function(*args, **kwargs)

        waiting: Deferred[T] = deferLater(self._clock, 5, call)
        return waiting


class Server:
    """A timetable over stores with two messages. Made by a test, which lets time go by."""

    def __init__(
        self,
        stores: InlineStores,
        clock: Clock,
        page: int = 250,
        threads: IThreads | None = None,
    ) -> None:
        self.stores = stores
        self.clock = clock
        self.page = page
        self.threads = threads or InlineThreads()
        self.start()

    def start(self) -> None:
        time = cast("IReactorTime", self.clock)
        stores = self.stores
        runs = RuleRuns(
            stores.rulebook,
            stores.directory,
            stores.runs,
            self.threads,
            time,
            judging=Judging(),
            page=self.page,
        )
        self.timetable = Timetable(
            time,
            runs,
            stores.runs,
            stores.rulebook,
            stores.changes,
            timezone="Europe/Berlin",
            interval_s=60,
        )
        self.timetable.begin()

    def stop(self) -> None:
        self.timetable.stopService()

    def put(self, rules: str) -> None:
        result_of(self.stores.rulebook.replace(parse_rules(rules, "rules"), "me", ""))

    def passes(self, **time: float) -> None:
        """Let time go by, a minute at a time."""
        minutes = round(timedelta(**time) / timedelta(minutes=1))
        self.clock.pump([60.0] * minutes)

    def runs(self) -> list[RuleRun]:
        """Return the runs that changed something, the oldest first."""
        return list(reversed(result_of(self.stores.runs.runs(1000))))


@pytest.fixture
def clock() -> Clock:
    """Show the 15th of March 2026, noon in Berlin."""
    clock = Clock()
    clock.advance(datetime(2026, 3, 15, 11, 0, 30, tzinfo=UTC).timestamp())
    return clock


@pytest.fixture
def server(tmp_path: Path, clock: Clock) -> Iterator[Server]:
    with make_stores(tmp_path, clock) as stores:
        fill(stores, 2)
        yield Server(stores, clock)


def test_a_month_in_which_clocks_change_has_one_run_a_day(server: Server) -> None:
    server.put(NIGHT + NOON)
    server.passes(days=31)
    nights = [run for run in server.runs() if run.rules == ("Night",)]
    noons = [run for run in server.runs() if run.rules == ("Noon",)]
    shown = [run.started.astimezone(BERLIN).strftime("%d %H:%M") for run in nights]
    days = [*range(16, 32), *range(1, 16)]
    assert shown == [f"{day:02} {'03:00' if day == 29 else '02:30'}" for day in days]
    assert {run.started.strftime("%H:%M") for run in noons} == {"12:00"}
    assert len(noons) == 30  # on the first day there was nothing to clear yet
    assert {(run.occasion, run.author, run.state, run.changed) for run in server.runs()} == {
        ("schedule", "schedule", RunState.DONE, 3)
    }


def test_a_new_rule_counts_from_when_it_came(server: Server) -> None:
    server.passes(days=3)
    server.put(NIGHT)
    server.passes(hours=14)
    assert server.runs() == []
    server.passes(hours=1)
    assert len(server.runs()) == 1


def test_what_was_missed_is_run_once_and_a_restart_repeats_nothing(server: Server) -> None:
    server.put(NIGHT)
    server.passes(minutes=5)
    server.stop()
    server.clock.advance(86400 * 5)
    server.start()
    server.passes(minutes=2)
    assert len(server.runs()) == 1
    server.stop()
    server.start()
    server.passes(hours=2)
    assert len(server.runs()) == 1


def test_rules_due_at_the_same_time_are_one_run_in_their_order(server: Server) -> None:
    server.put(NIGHT + NIGHT.replace("Night", "Other").replace("flag", "mark_read"))
    server.passes(days=1)
    (run,) = server.runs()
    assert run.rules == ("Night", "Other")


def test_a_rule_that_is_switched_off_does_not_run(server: Server) -> None:
    server.put(NIGHT)
    server.passes(minutes=5)
    server.put(NIGHT + "active = false\n")
    server.passes(days=2)
    assert server.runs() == []


def test_another_schedule_begins_anew(server: Server) -> None:
    server.put(NIGHT)
    server.passes(minutes=5)
    server.put(NIGHT.replace("30 2", "0 11"))
    server.passes(hours=22)
    assert server.runs() == []
    server.passes(hours=2)
    assert len(server.runs()) == 1


def test_a_clock_set_back_stops_no_rule(server: Server) -> None:
    server.clock.rightNow += 86400 * 400
    server.put(NIGHT)
    server.passes(minutes=5)
    server.stop()
    server.clock.rightNow -= 86400 * 400
    server.start()
    server.passes(days=1)
    assert len(server.runs()) == 1


def test_interrupted_by_the_end_it_goes_on_at_the_next_start(tmp_path: Path, clock: Clock) -> None:
    with make_stores(tmp_path, clock) as stores:
        fill(stores, 20)
        server = Server(stores, clock, page=5, threads=SlowThreads(clock))
        server.put(NIGHT)
        server.passes(hours=14)
        server.clock.pump([60.0] * 30 + [1.0] * 11)
        ended = server.timetable.stopService()
        assert ended is not None
        assert not ended.called
        server.clock.pump([1.0] * 5)
        assert ended.called
        (run,) = server.runs()
        assert (run.state, run.judged < 22) == (RunState.RUNNING, True)
        assert run.changed == str(snapshot(stores)).count("Flagged") > 0
        server.start()
        server.passes(minutes=9)
        (run,) = server.runs()
        assert (run.state, run.changed) == (RunState.DONE, 22)
        assert str(snapshot(stores)).count("Flagged") == 22


def test_a_message_in_trash_is_emptied_by_a_rule_that_means_it(server: Server) -> None:
    server.put(
        NIGHT.replace("flag", "delete")
        + 'condition = [{field = "folder", op = "equals", value = "INBOX"}]\n'
        + NOON.replace("unflag", "discard")
        + 'condition = [{field = "folder", op = "equals", value = "Trash"},'
        ' {field = "age", op = "greater", value = "1d"}]\n'
    )
    server.passes(hours=20)
    assert ("info@example.org", "Trash") in snapshot(server.stores)
    # The messages are of May 2026, which is yet to come: nothing is old enough
    server.clock.rightNow += 86400 * 60
    server.passes(days=1)
    assert {key[1:] for key in snapshot(server.stores)} == {(), ("Copies",)}


def test_a_full_disk_interrupts_a_run_which_then_goes_on(tmp_path: Path, clock: Clock) -> None:
    with make_stores(tmp_path, clock) as stores:
        fill(stores, 20)
        server = Server(stores, clock, page=5, threads=SlowThreads(clock))
        server.put(NIGHT)
        server.passes(hours=14)
        server.clock.pump([60.0] * 30 + [1.0] * 11)
        fired(stores.database.stop())  # so are all reads and writes StoreUnavailable
        server.clock.pump([60.0] * 3)
        stores.database.start()
        server.passes(minutes=9)
        (run,) = server.runs()
        assert (run.state, run.changed) == (RunState.DONE, 22)


def test_the_rule_of_the_page_empties_the_trash_after_a_month(tmp_path: Path, clock: Clock) -> None:
    with make_stores(tmp_path, clock) as stores:
        info, _ = fill(stores, 1)
        add(stores, letter(1), filed(info.id, "Trash"))
        server = Server(stores, clock)
        server.put(PAGE.partition("```rules\n")[2].partition("```")[0])
        clock.rightNow = datetime(2026, 6, 2, 12, tzinfo=UTC).timestamp()
        server.passes(days=1)
        assert ("info@example.org", "Trash") in snapshot(stores)  # a day short of thirty
        server.passes(days=2)
        assert ("info@example.org", "Trash") not in snapshot(stores)
        assert ("info@example.org", "INBOX") in snapshot(stores)
        (run,) = server.runs()
        assert run.started == datetime(2026, 6, 4, 0, 30, tzinfo=UTC)
