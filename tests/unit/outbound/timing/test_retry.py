"""When it is tried again, told of, given up; and what a clock does that jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.retry import IRetryPolicy
from bitrixmail.model.dsn import Reason
from bitrixmail.model.schedule import RetryPlan, Tried
from bitrixmail.outbound.timing.retry import RetryPolicy

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVEN = RetryPolicy(RetryPlan(jitter=0.0), Random(1))


def tried(at: datetime, attempts: int, **given: object) -> Tried:
    values: dict[str, object] = {
        "created": NOON, "expires": NOON + 5 * DAY, "due": at, "reason": Reason.UNDETERMINED,
    }  # fmt: skip
    return Tried(at=at, attempts=attempts, **(values | given))  # type: ignore[arg-type] # as named


def a_life(policy: RetryPolicy, reason: Reason = Reason.UNDETERMINED) -> list[datetime]:
    """Try until it is given up; return when."""
    times, at = [], NOON
    while True:
        times.append(at)
        following = policy.next_try(tried(at, len(times), reason=reason))
        if following is None:
            return times
        at = following


def gaps(times: list[datetime]) -> list[timedelta]:
    return [after - before for before, after in pairwise(times)]


def test_it_is_a_retry_policy() -> None:
    verifyObject(IRetryPolicy, EVEN)


def test_the_intervals_are_those_of_the_plan_and_the_last_is_repeated_until_it_expires() -> None:
    times = a_life(EVEN)
    assert gaps(times)[:6] == [5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR]
    assert times[-1] == NOON + 5 * DAY
    assert 30 < len(times) < 36


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.GREYLISTED, [2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR]),
        (Reason.MAILBOX_FULL, [HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR]),
        (Reason.RATE_LIMITED, [10 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR, 4 * HOUR]),
        (Reason.UNREACHABLE, [5 * MINUTE, 15 * MINUTE]),
    ],
)
def test_each_reason_has_its_pace(reason: Reason, expected: list[timedelta]) -> None:
    assert gaps(a_life(EVEN, reason))[: len(expected)] == expected


def test_jitter_spreads_what_failed_together() -> None:
    policy = RetryPolicy(RetryPlan(), Random(2))
    following = {policy.next_try(tried(NOON, 1)) for _ in range(500)}
    assert len(following) > 490
    waits = [at - NOON for at in following if at is not None]
    assert min(waits) >= 5 * MINUTE
    assert max(waits) <= 6 * MINUTE
    assert max(waits) - min(waits) > 50 * timedelta(seconds=1)


def test_the_sender_is_told_once_after_four_hours() -> None:
    assert not EVEN.delay_notice_due(tried(NOON + 3 * HOUR, 4))
    assert EVEN.delay_notice_due(tried(NOON + 4 * HOUR, 5))
    assert not EVEN.delay_notice_due(tried(NOON + 9 * HOUR, 6, delayed=True))
    assert not EVEN.delay_notice_due(tried(NOON + 9 * HOUR, 1))  # its first attempt, held up
    assert not EVEN.delay_notice_due(tried(NOON + 5 * DAY, 30))  # it bounces now


def after_a_jump(policy: RetryPolicy, count: int, days: int = 1) -> list[datetime | None]:
    """Let the clock jump ahead for jobs of all ages below five days, each to be tried soon."""
    answers = []
    for n in range(count):
        created = NOON - 5 * DAY * (n / count)
        due = NOON + MINUTE * (n % 60)
        now = due + days * DAY
        answers.append(
            policy.next_try(tried(now, 9, created=created, expires=created + 5 * DAY, due=due))
        )
    return answers


@pytest.mark.parametrize("days", [1, 30])
def test_a_clock_that_jumps_makes_no_flood_and_no_mass_of_bounces(days: int) -> None:
    answers = after_a_jump(RetryPolicy(RetryPlan(), Random(3)), 1000, days)
    given_up = answers.count(None)
    # only what would have expired before its attempt was due
    assert given_up <= 10
    per_minute: dict[datetime, int] = {}
    for at in filter(None, answers):
        minute = at.replace(second=0, microsecond=0)
        per_minute[minute] = per_minute.get(minute, 0) + 1
    # spread over four hours and more, where even would be four a minute; but for those whose last
    # attempt comes at their very end
    assert max(per_minute.values()) < 20
    assert len(per_minute) > 150


def test_what_expired_while_all_stood_still_has_one_more_try_and_only_one() -> None:
    late = tried(NOON + 6 * DAY, 9, due=NOON + 4.9 * DAY)
    following = EVEN.next_try(late)
    assert following is not None
    assert 5 * MINUTE <= following - late.at <= 4 * HOUR
    assert EVEN.next_try(tried(following, 10, due=following)) is None
    assert EVEN.next_try(tried(following + DAY, 10, due=following)) is None


def test_what_is_wanted_soon_or_not_at_all_is_never_sent_late() -> None:
    code = {"expires": NOON + 15 * MINUTE}
    assert EVEN.next_try(tried(NOON + DAY, 2, due=NOON + 5 * MINUTE, **code)) is None
    assert EVEN.next_try(tried(NOON + 12 * MINUTE, 2, **code)) == NOON + 15 * MINUTE


@pytest.mark.parametrize(
    "plan",
    [
        RetryPlan(intervals=()),
        RetryPlan(intervals=(timedelta(0),)),
        RetryPlan(by_reason={Reason.LOOP: ()}),
        RetryPlan(jitter=2.0),
    ],
)
def test_a_plan_without_sense_is_refused(plan: RetryPlan) -> None:
    with pytest.raises(ValueError, match="interval"):
        RetryPolicy(plan, Random(1))
