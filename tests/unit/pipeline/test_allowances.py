"""What one login may do in a minute, an hour, a day; and that nobody fills the memory with it."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from bitrixmail.model.errors import TemporaryError
from bitrixmail.pipeline import allowances
from bitrixmail.pipeline.allowances import Allowances

INFO = "info@example.org"


@pytest.fixture
def counted(clock: Clock) -> Allowances:
    return Allowances(clock, "messages")


def refusal(counted: Allowances, *most: int, account: str = INFO) -> str:
    with pytest.raises(TemporaryError) as caught:
        counted.take(account, most)
    return str(caught.value.reply)


def test_a_minute_an_hour_and_a_day_are_counted_apart(counted: Allowances, clock: Clock) -> None:
    most = (2, 3, 4)
    for _ in range(2):
        counted.take(INFO, most)
    assert refusal(counted, *most) == (
        "450 4.7.1 info@example.org has sent 2 messages within a minute, try again after"
        " 2027-01-15 08:01:01 UTC"
    )
    clock.advance(60)
    counted.take(INFO, most)
    assert "3 messages within an hour, try again after 2027-01-15 09:00:01 UTC" in refusal(
        counted, *most
    )
    clock.advance(3600)
    counted.take(INFO, most)
    assert "4 messages within a day, try again after 2027-01-16 08:00:01" in refusal(counted, *most)
    clock.advance(86400 - 3660)
    counted.take(INFO, most)


def test_what_is_refused_is_not_counted(counted: Allowances, clock: Clock) -> None:
    counted.take(INFO, (1, 3, 0))
    for _ in range(5):
        refusal(counted, 1, 3, 0)
    clock.advance(60)
    counted.take(INFO, (1, 3, 0))


def test_each_login_has_its_own(counted: Allowances) -> None:
    counted.take(INFO, (1, 0, 0))
    counted.take("shop@example.org", (1, 0, 0))
    assert "info@" in refusal(counted, 1, 0, 0)


def test_without_a_limit_nothing_is_remembered(counted: Allowances) -> None:
    counted.take(INFO, (0, 0, 0))
    assert not counted._counts


def test_a_clock_that_is_put_back_shuts_nobody_out(counted: Allowances, clock: Clock) -> None:
    counted.take(INFO, (1, 1, 1))
    clock.rightNow -= 7 * 86400
    counted.take(INFO, (1, 1, 1))


def test_the_quietest_are_forgotten(counted: Allowances, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "_REMEMBERED", 2)
    for account in ("a", "b", "a", "c"):
        counted.take(account, (2, 0, 0))
    assert list(counted._counts) == ["a", "c"]
