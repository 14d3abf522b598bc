"""What becomes of a job after an attempt, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import cast

import pytest
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.courier import ICourier
from bitrixmail.interfaces.outcomes import IOutcomes
from bitrixmail.model.destination import RelayRoute
from bitrixmail.model.directory import Domain, Mailbox
from bitrixmail.model.envelope import RecipientParameters, SenderParameters
from bitrixmail.model.job import Attempt, Delivery, Job, JobState, Kind, Result
from bitrixmail.model.message import Draft
from bitrixmail.model.queue import Wanted
from bitrixmail.model.remote import RemoteOptions
from bitrixmail.model.schedule import RetryPlan
from bitrixmail.model.way import RouteRule
from bitrixmail.outbound.bounces.suppressing import Suppressor
from bitrixmail.outbound.local import LocalCourier
from bitrixmail.outbound.outcomes import Desk, Outcomes
from bitrixmail.outbound.reports import ReportCourier
from bitrixmail.outbound.timing.retry import RetryPolicy
from bitrixmail.store.opening import InlineStores
from tests.fakes.drafts import RECEIVED
from tests.fakes.gate import RecordingMailLog
from tests.fakes.jobs import make_attempt, make_job, make_letter, make_work
from tests.fakes.real_gate import House
from tests.fakes.stores import make_stores, result_of

SOON = RECEIVED + timedelta(seconds=2)
REFUSED = replace(make_attempt(Result.FAILED, "550 5.1.1 No such user"), enhanced="5.1.1")
LATER = replace(make_attempt(Result.DEFERRED, "451 4.3.0 Try later"), enhanced="4.3.0")


@dataclass
class Post:
    """Outcomes over real stores in which Ann of example.net has her mailbox."""

    stores: InlineStores
    outcomes: Outcomes
    desk: Desk
    log: RecordingMailLog
    clock: Clock

    def job(self, sender: str = "ann@example.net", **asked: object) -> Job:
        options = RemoteOptions(SenderParameters(envid="QQ1"), RecipientParameters(**asked))  # type: ignore[arg-type]
        new = replace(make_job(), payload=options.to_json())
        letter = replace(make_letter("Q1", new), sender=sender)
        result_of(self.stores.messages.append(letter))
        return self.leased(Kind.REMOTE, "example.com")

    def leased(self, kind: Kind, destination: str) -> Job:
        wanted = [Wanted(kind, destination, 1)]
        leased = self.stores.jobs.lease("s", SOON + timedelta(days=9), wanted, SOON)
        (job,) = result_of(leased)
        return job

    def after(self, job: Job, attempt: Attempt) -> tuple[JobState, tuple[Draft, ...]]:
        (settlement,), drafts = result_of(
            self.outcomes.after([job], Delivery((attempt,)), attempt.at)
        )
        result_of(self.stores.jobs.settle([settlement], drafts))
        return settlement.state, tuple(drafts)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    clock = Clock()
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        result_of(stores.directory.add_domain(Domain("example.net")))
        result_of(stores.directory.add_mailbox(Mailbox(0, "ann@example.net"), None))
        log, numbers = RecordingMailLog(), count(1)
        desk = Desk("mx.example.net", lambda: f"D{next(numbers)}")
        outcomes = Outcomes(
            stores.jobs,
            stores.directory,
            RetryPolicy(RetryPlan(jitter=0), Random(1)),
            log,
            desk,
            suppressor=Suppressor(stores.suppressions, timedelta(days=30)),
        )
        yield Post(stores, outcomes, desk, log, clock)


def test_they_keep_their_interfaces(post: Post) -> None:
    verifyObject(IOutcomes, post.outcomes)
    house = House(post.stores, post.clock)
    verifyObject(ICourier, ReportCourier(cast("IReactorTime", post.clock)))
    verifyObject(
        ICourier, LocalCourier(house.gate, post.stores.jobs, cast("IReactorTime", post.clock))
    )


def test_what_was_delivered_is_done_and_nobody_is_told(post: Post) -> None:
    assert post.after(post.job(), make_attempt()) == (JobState.DONE, ())
    (what, fields) = post.log.lines[-1]
    assert (what, fields["recipient"], fields["relay"]) == (
        "sent",
        "bob@example.com",
        "mx.example.com[192.0.2.25]",
    )


def test_an_address_that_does_not_exist_gets_nothing_more(post: Post) -> None:
    post.after(post.job(), REFUSED)
    at = REFUSED.at
    entry = result_of(post.stores.suppressions.find("bob@example.com", at))
    assert entry is not None
    assert (entry.reason, entry.queue_id) == ("unknown user", "Q1")
    assert entry.until == at + timedelta(days=30)


def test_a_notice_goes_by_its_route(post: Post) -> None:
    post.desk.routes = (
        RouteRule(RelayRoute("out.example"), "site", senders=("@example.org",)),
        RouteRule(RelayRoute("out.example"), "rest", lifetime=timedelta(hours=7)),
    )
    _, drafts = post.after(post.job("eve@example.org"), REFUSED)
    ((job,),) = (draft.jobs for draft in drafts)
    # Of the null sender, so not by the route of the sender's own mail
    assert (job.destination, job.recipient) == ("route:rest", "eve@example.org")
    assert job.expires == REFUSED.at + timedelta(hours=7)


def test_a_notice_into_a_mailbox_here_takes_no_route(post: Post) -> None:
    post.desk.routes = (RouteRule(RelayRoute("out.example"), "all"),)
    _, drafts = post.after(post.job(), REFUSED)
    assert [job.destination for draft in drafts for job in draft.jobs] == ["example.net"]


def test_an_address_that_refuses_this_message_gets_the_next(post: Post) -> None:
    refused = replace(REFUSED, enhanced="5.7.1", reply="550 5.7.1 Looks like spam")
    post.after(post.job(), refused)
    assert result_of(post.stores.suppressions.find("bob@example.com", refused.at)) is None


def test_what_failed_for_now_is_tried_again(post: Post) -> None:
    job = post.job()
    (settlement,), drafts = result_of(post.outcomes.after([job], Delivery((LATER,)), LATER.at))
    assert (settlement.state, settlement.not_before) == (
        JobState.WAITING,
        LATER.at + timedelta(minutes=5),
    )
    assert drafts == ()


def test_a_refusal_is_told_to_its_sender(post: Post) -> None:
    state, (notice,) = post.after(post.job(), REFUSED)
    assert state is JobState.DEAD
    assert (notice.sender, notice.content.inline is not None) == ("", True)
    text = (notice.content.inline or b"").decode()
    assert "Final-Recipient: rfc822;bob@example.com" in text.replace("; ", ";")
    assert "Original-Envelope-Id: QQ1" in text
    assert "550 5.1.1 No such user" in text
    (job,) = notice.jobs
    assert (job.kind, job.recipient, job.destination) == (
        Kind.LOCAL,
        "ann@example.net",
        "example.net",
    )


def test_a_notice_to_another_host_goes_there(post: Post) -> None:
    _, (notice,) = post.after(post.job("eve@elsewhere.example"), REFUSED)
    assert [(job.kind, job.destination) for job in notice.jobs] == [
        (Kind.REMOTE, "elsewhere.example")
    ]


@pytest.mark.parametrize(
    ("sender", "notify"),
    [("", None), ("ann@example.net", {"NEVER"}), ("ann@example.net", {"SUCCESS"})],
)
def test_who_does_not_want_to_hear_of_it_does_not(
    post: Post, sender: str, notify: set[str] | None
) -> None:
    asked = None if notify is None else frozenset(notify)
    assert post.after(post.job(sender, notify=asked), REFUSED) == (JobState.DEAD, ())


def test_success_is_told_if_asked_for_and_nobody_else_tells(post: Post) -> None:
    job = post.job(notify=frozenset({"SUCCESS"}))
    state, (notice,) = post.after(job, make_attempt(Result.RELAYED))
    assert state is JobState.DONE
    assert b"Action: relayed" in (notice.content.inline or b"")


def test_what_is_too_old_is_given_up(post: Post) -> None:
    job = post.job()
    at = job.expires + timedelta(seconds=1)
    job = replace(job, not_before=job.expires + timedelta(milliseconds=1))
    state, drafts = post.after(job, replace(LATER, at=at))
    assert (state, len(drafts)) == (JobState.DEAD, 1)
    assert post.log.lines[-1][0] == "bounced"


def test_a_delay_is_told_once(post: Post) -> None:
    job = replace(post.job(), attempts=3)
    late = replace(LATER, at=job.created + timedelta(hours=5))
    job = replace(job, not_before=late.at)
    state, (notice,) = post.after(job, late)
    assert state is JobState.WAITING
    assert b"Action: delayed" in (notice.content.inline or b"")
    assert post.after(replace(job, delayed=True), late) == (JobState.WAITING, ())


def test_a_notice_reaches_the_mailbox_once(post: Post) -> None:
    post.after(post.job(), REFUSED)
    house = House(post.stores, post.clock)
    courier = LocalCourier(house.gate, post.stores.jobs, cast("IReactorTime", post.clock))
    wanted = [Wanted(Kind.LOCAL, "example.net", 1)]
    leased = post.stores.jobs.lease("s", SOON + timedelta(days=9), wanted, SOON)
    jobs = result_of(leased)
    assert [job.recipient for job in jobs] == ["ann@example.net"]
    for _ in range(2):
        delivery = result_of(courier.deliver(jobs))
        assert [attempt.result for attempt in delivery.attempts] == [Result.DELIVERED]
    (letter,) = house.folder("ann@example.net")
    assert b"Return-Path: <>" in letter
    assert b"multipart/report" in letter


def test_a_notice_to_nobody_ends_there(post: Post) -> None:
    post.after(post.job("nobody@example.net"), REFUSED)
    house = House(post.stores, post.clock)
    courier = LocalCourier(house.gate, post.stores.jobs, cast("IReactorTime", post.clock))
    job = post.leased(Kind.LOCAL, "example.net")
    (attempt,) = result_of(courier.deliver([job])).attempts
    assert (attempt.result, attempt.enhanced) == (Result.FAILED, "5.1.1")
    assert post.after(job, attempt) == (JobState.DEAD, ())


def test_the_longer_a_destination_is_down_the_longer_it_is_left_alone(post: Post) -> None:
    pauses = [post.outcomes.pause(failures, SOON, Kind.REMOTE) - SOON for failures in range(1, 7)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == pauses[-2] == timedelta(hours=1)


def test_the_other_side_is_left_alone_as_long_as_it_asks(post: Post) -> None:
    asked = SOON + timedelta(hours=7)
    job = post.job()
    for not_before, expected in ((asked, asked), (SOON + timedelta(days=99), job.expires)):
        attempt = replace(LATER, at=SOON, not_before=not_before)
        (settlement,), _ = result_of(post.outcomes.after([job], Delivery((attempt,)), SOON))
        assert settlement.not_before == expected


def test_actions_have_pauses_of_their_own(post: Post) -> None:
    post.desk.action_pauses = (timedelta(seconds=10), timedelta(minutes=2))
    pauses = [post.outcomes.pause(number, SOON, Kind.WEBHOOK) - SOON for number in (1, 2, 3)]
    assert pauses == [timedelta(seconds=10), *[timedelta(minutes=2)] * 2]


class TestWhatRulesWant:
    """Its sender is a stranger to it: nobody is written to, the owner can see it."""

    @pytest.fixture
    def work(self, post: Post) -> Job:
        result_of(post.stores.messages.append(make_letter("Q1", make_work())))
        return post.leased(Kind.COMMAND, "order")

    @staticmethod
    def attempt(result: Result, said: str) -> Attempt:
        return replace(make_attempt(result, said), host="", address="", enhanced="")

    @pytest.mark.parametrize(
        ("result", "state", "word"),
        [
            (Result.DELIVERED, JobState.DONE, "acted"),
            (Result.DEFERRED, JobState.WAITING, "deferred"),
            (Result.FAILED, JobState.DEAD, "failed"),
        ],
    )
    def test_each_end_is_a_line_of_the_log(
        self, post: Post, work: Job, result: Result, state: JobState, word: str
    ) -> None:
        assert post.after(work, self.attempt(result, "550 5.1.1 exit code")) == (state, ())
        (what, fields) = post.log.lines[-1]
        assert what == word
        assert fields == {
            "queue_id": "Q1",
            "action": "command",
            "rule": "Orders",
            "to": "order",
            "mailbox": "ann@example.net",
            "delay_s": fields["delay_s"],
            "reply": "550 5.1.1 exit code",
        }
        # What a program says is no word of a mail server about an address
        assert result_of(post.stores.suppressions.find("ann@example.net", RECEIVED)) is None

    def test_one_that_is_given_up_by_hand_is_told_and_nobody_is_written_to(
        self, post: Post, work: Job
    ) -> None:
        (settlement,), drafts = result_of(post.outcomes.given_up([work], "By hand", work.expires))
        assert (settlement.state, drafts) == (JobState.DEAD, ())
        assert post.log.lines[-1][0] == "failed"

    def test_the_event_log_tells_it_apart_from_mail_that_was_sent(
        self, post: Post, work: Job
    ) -> None:
        post.after(work, self.attempt(Result.DELIVERED, "exit code 0"))
        assert result_of(post.stores.queue.sent("Q1")) == ()
        told = result_of(post.stores.messages.events("Q1", None, 10))
        said = 'acted: command order, rule "Orders": exit code 0'
        assert ("acted", said) in [(each.kind, each.text) for each in told]
