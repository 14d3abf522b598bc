"""What the owner steers holds in the queue: times, batches, routes, and who goes first.

The real store and dispatcher on a clock that is set by hand; settings as a file has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.app.sending.steering import Steering, steering_of
from bitrixmail.app.settings.loading import load_settings
from bitrixmail.model.job import Job, JobState, Priority
from bitrixmail.model.queue import Search
from bitrixmail.model.way import rule_for
from bitrixmail.outbound.dispatcher import Dispatcher
from bitrixmail.outbound.timing.timetable import Timetable
from bitrixmail.outbound.timing.turnstile import Turnstile
from bitrixmail.store.opening import InlineStores
from bitrixmail.tasks import utcnow
from tests.fakes.courier import PlainOutcomes, RecordingCourier
from tests.fakes.jobs import make_job, make_letter
from tests.fakes.stores import make_stores, result_of

BULK, NORMAL, URGENT = Priority.BULK, Priority.NORMAL, Priority.URGENT
START_S = 1_778_068_800  # 2026-05-06 12:00 UTC, a Wednesday
ROUTE = '{name = "narrow", to = "smtp.example.net", senders = "@slow.example", %s}'
IN_A_HURRY = '{priorities = "urgent", quiet = []}'
NEWS = '{senders = "news@example.org", schedule = "0 22 * * * for 2h at 60/min", quiet = []}'


class Steered:
    """A queue under settings, with a courier that does as it is told. Made by a test."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.clock = Clock()
        self.clock.advance(START_S)
        self.time = cast("IReactorTime", self.clock)
        self.stores: InlineStores = make_stores(folder, self.clock)
        self.stores.open_now()
        self.courier = RecordingCourier()
        self.steering = self._steering(*settings)
        self.letters = 0
        self.dispatcher = Dispatcher(
            self.stores.jobs,
            [self.courier],
            PlainOutcomes(),
            self.time,
            owner="server-1",
            bounds=self.steering.bounds,
        )
        self.obey(self.steering)
        schedules = self.steering.schedules.all
        self.timetable = Timetable(self.time, schedules, self.dispatcher.look)
        self.timetable.startService()
        self.dispatcher.begin()

    def obey(self, steering: Steering) -> None:
        self.dispatcher.turnstile.put(
            steering.schedules, steering.routes, steering.rates, steering.mark
        )

    @staticmethod
    def _steering(*settings: str) -> Steering:
        return steering_of(load_settings(None, {}, ["rules.timezone=UTC", *settings]))

    def send(
        self,
        *recipients: str,
        sender: str = "shop@example.org",
        priority: Priority = NORMAL,
        told: bool = True,
    ) -> None:
        """Write a letter as the gate does, and tell of it."""
        self.letters += 1
        at = utcnow(self.time)
        jobs = []
        for recipient in recipients:
            job = make_job(recipient, at=at, priority=priority)
            rule = rule_for(sender, job.destination, self.steering.routes.rules)
            if rule is not None:
                job = replace(job, destination=rule.destination(job.destination))
            jobs.append(job)
        draft = replace(make_letter(f"Q{self.letters}", *jobs), received=at, sender=sender)
        result_of(self.stores.messages.append(draft))
        if told:
            self.dispatcher.take_note(draft.jobs)

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)

    def sent(self) -> list[str]:
        """Return who has got something since the last time."""
        found = self.courier.delivered
        self.courier.begun.clear()
        return found

    def waiting(self) -> int:
        return result_of(self.stores.queue.count(Search(states=(JobState.WAITING,))))

    def close(self) -> None:
        self.timetable.stopService()
        while self.courier.waiting:
            self.courier.let_go()
        result_of(self.dispatcher.stop(1.0))
        self.stores.close_now()


class CountingTurnstile(Turnstile):
    """Counts how often a job was put off."""

    put_off = 0

    def admit(
        self, jobs: Sequence[Job], now: datetime
    ) -> tuple[list[Job], list[tuple[Job, datetime]]]:
        passed, later = super().admit(jobs, now)
        self.put_off += len(later)
        return passed, later


@pytest.fixture
def steered(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Steered]:
    made = Steered(tmp_path, *getattr(request, "param", ()))
    yield made
    made.close()


@pytest.mark.parametrize("steered", [["outbound.schedule=*/5 * * * * batch 3"]], indirect=True)
def test_a_tick_of_cron_sends_its_batch_and_nothing_goes_between(steered: Steered) -> None:
    """Twelve o'clock is a tick: its batch goes at once; the queue is empty after three more."""
    for number in range(11):
        steered.send(f"a{number}@d{number % 4}.example")
    steered.pass_time(5)
    counts = [len(steered.sent())]
    for _ in range(4):
        steered.pass_time(290)
        assert steered.sent() == []
        steered.pass_time(10)
        counts.append(len(steered.sent()))
    assert counts == [3, 3, 3, 2, 0]
    # what comes between two ticks waits, however few went before
    steered.pass_time(60)
    steered.send("late@d1.example")
    assert steered.sent() == []
    steered.pass_time(235)
    assert steered.sent() == ["late@d1.example"]


@pytest.mark.parametrize("steered", [["outbound.schedule=*/5 * * * * batch 4"]], indirect=True)
def test_what_a_page_waits_for_goes_before_the_newsletter(steered: Steered) -> None:
    """Of one destination and of several, though it came last."""
    steered.pass_time(61)
    for number in range(6):
        steered.send(f"bulk{number}@d{number % 2}.example", priority=BULK)
    steered.send("plain@d0.example")
    steered.send("code@d1.example", "order@d0.example", priority=URGENT)
    steered.pass_time(239)
    first = steered.sent()
    assert set(first) > {"code@d1.example", "order@d0.example", "plain@d0.example"}
    assert len(first) == 4
    assert first.index("order@d0.example") < first.index("plain@d0.example")
    steered.pass_time(300)
    assert all(recipient.startswith("bulk") for recipient in steered.sent())


@pytest.mark.parametrize(
    "steered", [["outbound.connections_per_domain=1", "outbound.connections=1"]], indirect=True
)
def test_the_urgent_pass_what_has_waited_longer(steered: Steered) -> None:
    """Without any schedule: what was not leased yet is overtaken."""
    steered.courier.slow = True
    for number in range(60):
        steered.send(f"bulk{number}@example.com", priority=BULK)
    steered.send("code@example.com", priority=URGENT)
    for _ in range(61):
        steered.courier.let_go()
    place = steered.courier.delivered.index("code@example.com")
    # those that were leased before it came go first
    assert place <= 21
    assert steered.waiting() == 0


@pytest.mark.parametrize(
    "steered",
    [
        [
            "outbound.quiet=09:00-18:00",
            f"outbound.window=[{IN_A_HURRY}, {NEWS}]",
        ]
    ],
    indirect=True,
)
def test_each_mail_goes_at_its_own_time(steered: Steered) -> None:
    steered.send("plain@example.com")
    steered.send("code@example.com", priority=URGENT)
    steered.send(*[f"reader{n}@example.com" for n in range(30)], sender="news@example.org")
    steered.pass_time(2)
    assert steered.sent() == ["code@example.com"]
    steered.clock.advance(6 * 3600 - 2)
    assert steered.sent() == ["plain@example.com"]
    steered.clock.advance(4 * 3600 - 1)
    assert steered.sent() == []
    steered.pass_time(11)
    assert 10 <= len(steered.sent()) <= 21  # ten seconds' worth at once, then one a second
    steered.pass_time(15)
    assert steered.waiting() == 0


@pytest.mark.parametrize(
    "steered", [[f"outbound.route=[{ROUTE % 'connections = 2'}]"]], indirect=True
)
def test_a_narrow_route_holds_up_nobody_who_goes_another_way(steered: Steered) -> None:
    steered.courier.slow = True
    for number in range(12):
        steered.send(f"a{number}@d{number}.example", sender="x@slow.example")
    assert len(steered.courier.waiting) == 2
    steered.send("other@d1.example")
    assert len(steered.courier.waiting) == 3
    assert "other@d1.example" in steered.courier.delivered


@pytest.mark.parametrize("steered", [[f"outbound.route=[{ROUTE % 'mx = true'}]"]], indirect=True)
def test_a_route_that_is_down_pauses_alone(steered: Steered) -> None:
    steered.courier.down = {"route:narrow"}
    steered.send("a@example.com", sender="x@slow.example")
    steered.send("b@example.com")
    steered.pass_time(2)
    assert steered.sent() == ["a@example.com", "b@example.com"]
    steered.send("c@example.net", sender="x@slow.example")
    steered.send("d@example.com")
    steered.pass_time(60)
    assert steered.sent() == ["d@example.com"]


@pytest.mark.parametrize(
    "steered", [[f"outbound.route=[{ROUTE % 'per_minute = 60'}]"]], indirect=True
)
def test_a_route_has_a_rate_of_its_own(steered: Steered) -> None:
    steered.send(*[f"a{n}@d{n}.example" for n in range(30)], sender="x@slow.example")
    steered.send(*[f"b{n}@d{n}.example" for n in range(30)])
    assert Counter(each[0] for each in steered.sent()) == {"a": 10, "b": 30}
    steered.pass_time(10)
    assert len(steered.sent()) == 10
    steered.pass_time(10)
    assert steered.waiting() == 0


def test_what_waits_follows_a_new_schedule(tmp_path: Path) -> None:
    """What asked for a time itself, or failed and waits for its next attempt, does not."""
    steered = Steered(tmp_path, "outbound.schedule=0 22 * * * for 1h")
    steered.send("a@example.com")
    steered.pass_time(2)
    assert (steered.sent(), steered.waiting()) == ([], 1)
    later = replace(make_job("held@example.com"), not_before=utcnow(steered.time) + timedelta(1))
    result_of(steered.stores.messages.append(make_letter("QH", later)))
    now, jobs = utcnow(steered.time), steered.stores.jobs
    assert result_of(jobs.let_go(now, steered.steering.mark)) == 0
    anew = steered._steering("outbound.schedule=")
    steered.obey(anew)
    assert result_of(jobs.let_go(now, anew.mark)) == 1
    steered.dispatcher.look()
    assert steered.sent() == ["a@example.com"]
    assert steered.waiting() == 1
    steered.close()


def test_what_waits_follows_a_new_route(tmp_path: Path) -> None:
    steered = Steered(tmp_path, "outbound.schedule=0 22 * * * for 1h")
    for sender in ("x@slow.example", "y@else.example"):
        steered.send("a@example.com", "b@example.net", sender=sender)
    rules = steered._steering(f"outbound.route=[{ROUTE % 'mx = true'}]").routes.rules

    def destinations() -> list[str]:
        found = result_of(steered.stores.queue.find(Search(), 100))
        return [job.destination for job in found]

    assert result_of(steered.stores.jobs.reroute(rules)) == 2
    assert destinations() == ["route:narrow", "route:narrow", "example.com", "example.net"]
    assert result_of(steered.stores.jobs.reroute(rules)) == 0
    # and back, when there is no such route any more
    assert result_of(steered.stores.jobs.reroute(())) == 2
    assert destinations() == ["example.com", "example.net"] * 2
    found = result_of(steered.stores.queue.find(Search(domain="example.com"), 100))
    assert len(found) == 2
    steered.close()


@pytest.mark.parametrize(
    "steered", [["outbound.schedule=0 * * * * for 50m at 600/min"]], indirect=True
)
def test_a_long_queue_is_not_asked_again_each_second(steered: Steered) -> None:
    """Of 500 that are due at once ten go in a second; the others are put off to their turn."""
    counting = steered.dispatcher.turnstile = CountingTurnstile()
    steered.obey(steered.steering)
    for number in range(10):
        steered.send(*[f"a{number}-{n}@example.com" for n in range(50)], priority=BULK)
    steered.pass_time(20)
    gone = len(steered.sent())
    assert 200 <= gone <= 310
    steered.send("plain@example.com")
    steered.pass_time(2)
    assert "plain@example.com" in steered.sent()
    steered.pass_time(30)
    assert steered.waiting() == 0
    # once each at first, and now and then one that came late to its turn
    assert counting.put_off <= 1.5 * 500


@pytest.mark.parametrize(
    ("steered", "minutes", "counts"),
    [
        (["outbound.schedule=* * * * * batch 2"], 1, [2, 2, 2, 1]),
        (["outbound.schedule=*/5 * * * * for 5m batch 2"], 5, [2, 2, 2, 1]),
        (["outbound.schedule=*/5 * * * * for 10m batch 2"], 5, [2, 2, 2, 1]),
    ],
    indirect=["steered"],
)
def test_batches_follow_one_another_where_their_times_touch(
    steered: Steered, minutes: int, counts: list[int]
) -> None:
    for number in range(7):
        steered.send(f"a{number}@d{number % 3}.example")
    steered.pass_time(5)
    found = [len(steered.sent())]
    for _ in range(3):
        steered.pass_time(60 * minutes)
        found.append(len(steered.sent()))
    assert found == counts
