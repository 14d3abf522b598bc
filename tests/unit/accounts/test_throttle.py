"""Failed logins slowed: how fast, for whom, and for whom not."""

from __future__ import annotations

from typing import cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.accounts import throttle as module
from bitrixmail.accounts.throttle import Attempt, LoginThrottle
from tests.fakes.results import begun, fired

INFO = "info@example.org"


class Guard:
    """A throttle and its clock; made by a test."""

    def __init__(self, per_minute: int = 20) -> None:
        self.clock = Clock()
        self.throttle = LoginThrottle(cast("IReactorTime", self.clock), per_minute)

    def asked(self, peer: str = "192.0.2.1", account: str = INFO) -> Deferred[Attempt]:
        return begun(self.throttle.admit(peer, account))

    def admitted(self, peer: str = "192.0.2.1", account: str = INFO) -> Attempt:
        return fired(self.asked(peer, account))

    def fails(self, peer: str = "192.0.2.1", account: str = INFO) -> bool:
        """Try a wrong password; tell whether it was looked at. The reply is not waited for."""
        attempt = self.admitted(peer, account)
        begun(attempt.failed())
        return attempt.allowed

    def succeeds(self, peer: str = "192.0.2.1", account: str = INFO) -> bool:
        """Try the right password; tell whether it was looked at."""
        attempt = self.admitted(peer, account)
        if attempt.allowed:
            attempt.succeeded()
        else:
            begun(attempt.failed())
        return attempt.allowed

    def delay_s(self, peer: str = "192.0.2.1", account: str = INFO, check_s: float = 0) -> float:
        """Fail once and return after how long that was told."""
        before = self.clock.seconds()
        attempt = self.admitted(peer, account)
        self.clock.advance(check_s)
        told = begun(attempt.failed())
        while not told.called:
            self.clock.advance(0.25)
        return self.clock.seconds() - before


def test_each_failure_is_told_later_than_the_one_before() -> None:
    guard = Guard()
    told = [begun(guard.admitted().failed()) for _ in range(5)]
    seen = []
    for _ in range(9):
        seen.append(sum(one.called for one in told))
        guard.clock.advance(1)
    assert seen == [0, 1, 2, 2, 3, 3, 3, 3, 5]


def test_delays_grow_short_again_as_failures_are_forgotten() -> None:
    guard = Guard(20)
    for _ in range(3):
        guard.fails()
    guard.clock.advance(12)
    assert guard.delay_s() == 2
    guard.clock.advance(60)
    assert guard.delay_s() == 1


def test_what_the_check_took_is_part_of_the_delay() -> None:
    guard = Guard()
    assert guard.delay_s(check_s=0.75) == 1
    assert guard.delay_s(check_s=5) == 5


def test_an_attempt_that_is_not_looked_at_takes_as_long_as_one_that_is() -> None:
    guard = Guard()
    for _ in range(10):
        assert guard.fails()
    attempt = guard.admitted()
    assert not attempt.allowed
    told = begun(attempt.failed())
    guard.clock.advance(7.9)
    assert not told.called
    guard.clock.advance(0.1)
    assert told.called
    guard.clock.advance(100)


def test_a_clock_put_back_delays_nobody_for_long() -> None:
    guard = Guard()
    guard.clock.advance(10_000)
    attempt = guard.admitted()
    guard.clock.rightNow = 0
    told = begun(attempt.failed())
    guard.clock.advance(8)
    assert told.called


def test_half_may_come_at_once_and_no_minute_has_more_than_said() -> None:
    guard = Guard(20)
    assert [guard.fails() for _ in range(12)] == [True] * 10 + [False] * 2
    looked_at = [0.0] * 10
    for _ in range(600):
        guard.clock.advance(1)
        if guard.fails():
            looked_at.append(guard.clock.seconds())
    for start in range(600):
        assert sum(start <= when < start + 60 for when in looked_at) <= 20
    assert len(looked_at) >= 10 + 10 * 9
    guard.clock.advance(100)


def test_one_source_is_counted_over_all_accounts() -> None:
    guard = Guard(20)
    assert [guard.fails(account=f"{n}@example.org") for n in range(12)] == [True] * 10 + [False] * 2
    assert guard.fails(peer="192.0.2.2", account="0@example.org")
    guard.clock.advance(100)


def test_one_account_is_counted_over_all_sources() -> None:
    guard = Guard(20)
    assert [guard.fails(peer=f"192.0.2.{n}") for n in range(12)] == [True] * 10 + [False] * 2
    assert guard.fails(peer="192.0.2.0", account="other@example.org")
    guard.clock.advance(100)


def test_a_host_with_a_whole_ipv6_network_is_one_source() -> None:
    guard = Guard(20)
    found = [guard.fails(peer=f"2001:db8::{n}", account=f"{n}@example.org") for n in range(12)]
    assert found == [True] * 10 + [False] * 2
    assert guard.fails(peer="2001:db8:0:1::1", account="x@example.org")
    guard.clock.advance(100)


def test_an_account_under_attack_stays_open_to_where_it_logged_in_from() -> None:
    guard = Guard(20)
    assert guard.succeeds(peer="198.51.100.7")
    for n in range(50):
        guard.fails(peer=f"192.0.2.{n}")
    assert not guard.succeeds(peer="203.0.113.9")
    assert guard.succeeds(peer="198.51.100.7")
    # but it has no more guesses than others
    assert [guard.fails(peer="198.51.100.7") for _ in range(12)] == [True] * 10 + [False] * 2
    guard.clock.advance(100)


def test_an_old_password_on_one_device_shuts_no_neighbour_out() -> None:
    guard = Guard(20)
    assert guard.succeeds(account="good@example.org")
    for _ in range(50):
        guard.fails(account="phone@example.org")
    assert not guard.fails(account="phone@example.org")
    assert guard.succeeds(account="good@example.org")
    guard.clock.advance(100)


def test_who_is_known_has_a_count_of_his_own() -> None:
    guard = Guard(20)
    assert guard.succeeds()
    assert sum(guard.fails() for _ in range(50)) == 10
    guard.clock.advance(100)


def test_a_known_source_of_one_account_is_none_of_another() -> None:
    guard = Guard(20)
    assert guard.succeeds(peer="198.51.100.7", account="mallory@example.org")
    for n in range(50):
        guard.fails(peer=f"192.0.2.{n}")
    assert not guard.succeeds(peer="198.51.100.7")
    guard.clock.advance(100)


def test_an_attempt_refused_for_its_account_counts_against_its_source_not() -> None:
    guard = Guard(20)
    for n in range(10):
        guard.fails(peer=f"192.0.2.{n}")
    for _ in range(50):
        assert not guard.fails(peer="203.0.113.9")
    assert [guard.fails(peer="203.0.113.9", account="other@example.org") for _ in range(11)] == (
        [True] * 10 + [False]
    )
    guard.clock.advance(100)


def test_right_passwords_and_those_nobody_could_check_are_not_counted() -> None:
    guard = Guard(20)
    for _ in range(100):
        assert guard.succeeds()
    for _ in range(100):
        attempt = guard.admitted()
        assert attempt.allowed
        attempt.undone()
    assert guard.delay_s() == 1


def test_one_too_many_at_a_time_waits_for_how_the_others_end() -> None:
    guard = Guard(20)
    checking = [guard.admitted() for _ in range(10)]
    waiting = [guard.asked() for _ in range(2)]
    assert not any(asked.called for asked in waiting)
    checking[0].undone()
    first = fired(waiting[0])
    assert first.allowed
    assert not waiting[1].called
    first.undone()
    second = fired(waiting[1])
    assert second.allowed
    last = guard.asked()
    for attempt in checking[1:]:
        begun(attempt.failed())
    assert not last.called
    begun(second.failed())
    assert not fired(last).allowed
    guard.clock.advance(100)


def test_0_is_no_limit_with_the_first_delay_each_time() -> None:
    guard = Guard(0)
    assert all(guard.fails() for _ in range(1000))
    guard.clock.advance(100)
    assert [guard.delay_s() for _ in range(3)] == [1, 1, 1]


def test_the_smallest_limit_is_one_at_a_time() -> None:
    guard = Guard(1)
    assert [guard.fails() for _ in range(2)] == [True, False]
    guard.clock.advance(120)
    assert guard.fails()
    guard.clock.advance(100)


def test_a_limit_changed_while_it_runs_holds_at_once() -> None:
    guard = Guard(2)
    assert [guard.fails() for _ in range(2)] == [True, False]
    guard.throttle.failed_logins_per_minute = 20
    assert guard.fails()
    guard.clock.advance(100)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 10)
    guard = Guard(20)
    for n in range(100):
        assert guard.succeeds(peer=f"192.0.2.{n}", account=f"{n}@example.org")
    assert len(guard.throttle._sources._meters) == 10
    assert len(guard.throttle._accounts._meters) == 10
    assert len(guard.throttle._known) == 10
