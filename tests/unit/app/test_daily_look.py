"""What was right yesterday and is not today is told, once; and that nobody answers is no news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher

from bitrixmail.app.daily_look import DAY_S, FIRST_S, DailyLook
from bitrixmail.model.finding import Finding, Severity

RIGHT = Finding("spf", "good.ru", Severity.OK, "names this server")
WRONG = Finding(
    "spf",
    "good.ru",
    Severity.FAILURE,
    "has no SPF record",
    "It lands in spam.",
    ("Add:", "x IN TXT"),
)
UNKNOWN = Finding("spf", "good.ru", Severity.WARNING, "could not be looked up: no answer")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    found: list[str] = []

    def take(event: LogEvent) -> None:
        if event.get("log_namespace") == "bitrixmail.app.daily_look":
            found.append(f"{event['log_level'].name}: {formatEvent(event)}")

    observer = cast("ILogObserver", take)
    globalLogPublisher.addObserver(observer)
    yield found
    globalLogPublisher.removeObserver(observer)


class House:
    """A look at domains of which the test says what is found. Made by a test."""

    def __init__(self, *domains: str) -> None:
        self.clock = Clock()
        self.names: Sequence[str] = domains
        self.found: dict[str, Sequence[Finding]] = {}
        self.asked: list[str] = []
        self.silent = False
        self.look = DailyLook(self._domains, self._look_at, self.clock)
        self.look.begin()

    async def _domains(self) -> Sequence[str]:
        return self.names

    async def _look_at(self, domain: str) -> Sequence[Finding]:
        self.asked.append(domain)
        if self.silent:
            await Deferred()
        return self.found.get(domain, ())

    def day(self, *found: Finding) -> None:
        self.found["good.ru"] = found
        self.clock.advance(DAY_S)


def begun(*found: Finding) -> House:
    house = House("good.ru")
    house.found["good.ru"] = found
    house.clock.advance(FIRST_S)
    return house


def test_the_first_look_is_one_line(lines: list[str]) -> None:
    house = begun(WRONG, Finding("mx", "good.ru", Severity.OK, "comes here"))
    (line,) = lines
    assert line == (
        "info: records of our domains in the DNS: 2, not as they should be: spf 1 (`bitrixmail"
        " doctor` tells what to do)"
    )
    assert (house.look.wrong("spf"), house.look.wrong("mx")) == (1, 0)
    house.day(WRONG)
    assert len(lines) == 1
    house.look.stopService()


def test_what_turns_wrong_is_told_once_with_its_remedy(lines: list[str]) -> None:
    house = begun(RIGHT)
    house.day(UNKNOWN)
    assert len(lines) == 1
    house.day(WRONG)
    house.day(WRONG)
    assert lines[1:] == [
        "warn: spf: good.ru was right and now has no SPF record. It lands in spam. Add: x IN TXT"
    ]
    assert house.look.wrong("spf") == 1
    house.day(RIGHT)
    assert lines[2:] == ["info: spf: good.ru is right again"]
    assert house.look.wrong("spf") == 0
    house.look.stopService()


def test_domains_come_and_go(lines: list[str]) -> None:
    house = begun(RIGHT)
    house.names = ("new.ru", "example.org")
    house.found["new.ru"] = (Finding("mx", "new.ru", Severity.FAILURE, "goes elsewhere"),)
    house.day()
    assert house.asked == ["good.ru", "new.ru"]
    assert len(lines) == 1
    assert house.look.wrong("mx") == 1
    house.look.stopService()


def test_a_domain_that_takes_too_long_holds_up_no_other(lines: list[str]) -> None:
    house = begun(RIGHT)
    house.silent = True
    house.names = ("good.ru", "other.ru")
    house.clock.advance(DAY_S)
    house.clock.advance(60)
    house.silent = False
    house.clock.advance(60)
    house.day(WRONG)
    assert "good.ru was right and now" in lines[-1]
    house.look.stopService()


def test_the_end_of_the_server_ends_it() -> None:
    house = begun(RIGHT)
    house.silent = True
    house.clock.advance(DAY_S)
    ended = house.look.stopService()
    assert ended is not None
    assert ended.called
    assert not house.clock.getDelayedCalls()


def test_a_server_without_public_domains_says_nothing(lines: list[str]) -> None:
    house = House("example.org", "shop.test")
    house.clock.advance(FIRST_S)
    assert (house.asked, lines) == ([], [])
    house.look.stopService()
