"""What was right yesterday and is not today is told, once; and that nobody answers is no news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher

from bitrixmail.app.looks.daily_look import DAY_S, FIRST_S, DailyLook
from bitrixmail.app.looks.told_records import FILE, ToldRecords
from bitrixmail.model.finding import Finding, Severity
from bitrixmail.tasks import InlineThreads

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
        if event.get("log_namespace") == "bitrixmail.app.looks.daily_look":
            found.append(f"{event['log_level'].name}: {formatEvent(event)}")

    observer = cast("ILogObserver", take)
    globalLogPublisher.addObserver(observer)
    yield found
    globalLogPublisher.removeObserver(observer)


class House:
    """A look at domains of which the test says what is found. Made by a test."""

    folder: Path

    def __init__(self, *domains: str) -> None:
        self.clock = Clock()
        self.names: Sequence[str] = domains
        self.found: dict[str, Sequence[Finding]] = {}
        self.asked: list[str] = []
        self.silent = False
        kept = ToldRecords(self.folder / FILE)
        self.look = DailyLook(self._domains, self._look_at, self.clock, kept, InlineThreads())
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


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where all houses of a test keep what they told."""
    monkeypatch.setattr(House, "folder", tmp_path, raising=False)
    return tmp_path


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


def test_a_restart_tells_nothing_anew(lines: list[str], folder: Path) -> None:
    begun(WRONG).look.stopService()
    assert len(lines) == 1
    house = begun(WRONG)
    assert house.look.wrong("spf") == 1
    house.day(WRONG)
    house.look.stopService()
    assert len(lines) == 1
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600


def test_what_was_told_in_between_is_not_told_after_a_restart(lines: list[str]) -> None:
    house = begun(RIGHT)
    house.day(WRONG)
    house.look.stopService()
    assert len(lines) == 2
    house = begun(WRONG)
    # The sum has changed since it was told, the record has not
    assert [line.partition(":")[0] for line in lines[2:]] == ["info"]
    house.look.stopService()


def test_what_changed_while_the_server_was_away_is_told(lines: list[str]) -> None:
    begun(RIGHT).look.stopService()
    begun(UNKNOWN).look.stopService()
    assert len(lines) == 1
    house = begun(WRONG)
    assert lines[1].startswith("warn: spf: good.ru was right and now has no SPF record.")
    assert lines[2].startswith("info: records of our domains in the DNS: 1, not as they should be")
    house.look.stopService()
    begun(WRONG).look.stopService()
    assert len(lines) == 3
    begun(RIGHT).look.stopService()
    assert lines[3] == "info: spf: good.ru is right again"
    assert "not as they should be: none" in lines[4]
    begun(WRONG).look.stopService()
    assert lines[5].startswith("warn: spf: good.ru was right and now")


@pytest.mark.parametrize(
    "octets",
    [b"", b"\xff", b"[", b"[" * 100_000, b"{}", b"[]", b"1", b'{"records": [["spf"]], "sum": ""}',
     b'{"records": [["spf", "good.ru", "bad"]], "sum": ""}', b'{"records": 7, "sum": ""}'],
)  # fmt: skip
def test_a_broken_file_is_as_none(lines: list[str], folder: Path, octets: bytes) -> None:
    (folder / FILE).write_bytes(octets)
    house = begun(RIGHT)
    assert len(lines) == 1
    house.look.stopService()
    begun(RIGHT).look.stopService()
    assert len(lines) == 1


def test_a_file_that_cannot_be_kept_ends_no_look(lines: list[str], folder: Path) -> None:
    (folder / FILE).mkdir()
    house = begun(RIGHT)
    house.day(WRONG)
    assert [line.partition(":")[0] for line in lines] == ["warn", "info", "warn", "warn", "warn"]
    assert "can't be read" in lines[0]
    assert "can't be kept" in lines[2]
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
