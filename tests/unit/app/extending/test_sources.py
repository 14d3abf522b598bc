"""Sources: begun anew when they fail, ended when their extension is switched off or the server ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.app.extending.guard import Guard
from bitrixmail.app.extending.sources import Sources
from bitrixmail.interfaces.extension import IIntake
from tests.fakes.installed import pass_over_planted


@pytest.fixture(autouse=True)
def planted(nothing_lost_or_left: list[Failure]) -> Iterator[None]:
    yield
    pass_over_planted(nothing_lost_or_left)


class House:
    """A service with the sources of one extension. Made by a test."""

    def __init__(self, faults: int = 3, **sources: Callable[[IIntake], Any]) -> None:
        self.clock = Clock()
        self.told: list[str] = []
        self.closed = 0
        self.guard = Guard("shop", self.clock, faults, 600.0, self._tell)
        given: Mapping[str, Any] = {"shop": (self.guard, sources)}
        gate: Any = None
        self.service = Sources(given, gate, self.clock, self._close)

    def _tell(self, subject: str, _text: str) -> None:
        self.told.append(subject)
        self.clock.callLater(0, self.service.look)

    def end(self) -> None:
        """Stop, and find that it has ended at once."""
        ended: list[object] = []
        self.service.stopService().addCallback(ended.append)
        assert ended == [None]

    async def _close(self) -> None:
        self.closed += 1


class Runs:
    """A source that notes its beginnings and ends. `fails`: at once; `stays`: it never ends."""

    def __init__(self, *, fails: bool = False, stays: bool = False) -> None:
        self.fails = fails
        self.stays = stays
        self.begun = 0
        self.ended = 0

    async def run(self, _intake: IIntake) -> None:
        self.begun += 1
        if self.fails:
            raise RuntimeError("planted")
        while True:
            try:
                await Deferred()
            except CancelledError:
                self.ended += 1
                if not self.stays:
                    raise


def test_they_run_from_the_beginning_to_the_end_of_the_server() -> None:
    one, two = Runs(), Runs()
    house = House(one=one.run, two=two.run)
    assert (one.begun, two.begun) == (0, 0)
    house.service.begin()
    house.clock.advance(3600)
    assert (one.begun, two.begun) == (1, 1)
    house.end()
    assert (one.ended, two.ended, house.closed) == (1, 1, 1)


def test_one_that_fails_is_begun_anew_until_its_extension_is_switched_off() -> None:
    failing, other = Runs(fails=True), Runs()
    house = House(failing=failing.run, other=other.run)
    house.service.begin()
    assert failing.begun == 1
    house.clock.pump([29.0])
    assert failing.begun == 1
    house.clock.pump([1.5, 30.5, 0, 60.0, 60.0])
    assert failing.begun == 3
    assert house.told == ["the extension shop is switched off: it has failed too often"]
    assert (other.begun, other.ended) == (1, 1)
    # Switched on again, all of it runs again
    failing.fails = False
    house.guard.switch_on()
    house.service.look()
    assert (failing.begun, other.begun) == (4, 2)
    house.end()
    assert (failing.ended, other.ended) == (1, 2)


def test_one_that_does_not_end_holds_the_end_of_the_server_up_for_a_moment() -> None:
    staying = Runs(stays=True)
    house = House(staying=staying.run)
    house.service.begin()
    ended: list[object] = []
    house.service.stopService().addCallback(ended.append)
    house.clock.advance(4.9)
    assert not ended
    house.clock.advance(0.2)
    assert ended == [None]
    assert staying.ended == 1
