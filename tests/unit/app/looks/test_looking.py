"""Looks in the background: a bug in one costs the next nothing, and the end cuts it."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from bitrixmail.app.looks.looking import Looking


class Look(Looking):
    """Looks at nothing: it does what the test has put into `doing`."""

    name = "test's look"

    def __init__(self, clock: Clock, again_s: float = 0) -> None:
        super().__init__(clock, 5, again_s)
        self.looked = 0
        self.doing: Deferred[None] | None = None

    async def look(self) -> None:
        self.looked += 1
        if self.doing is not None:
            await self.doing


def test_a_bug_is_told_and_the_next_look_comes(nothing_lost_or_left: list[Failure]) -> None:
    clock = Clock()
    look = Look(clock, again_s=100)
    look.begin()
    look.doing = Deferred()
    clock.advance(5)
    look.doing.errback(ValueError("a bug"))
    assert [str(failure.value) for failure in nothing_lost_or_left] == ["a bug"]
    nothing_lost_or_left.clear()
    look.doing = None
    clock.advance(100)
    assert look.looked == 2
    look.stopService()


@pytest.mark.parametrize("after_s", [4, 5])
def test_the_end_of_the_service_is_that_of_the_look(after_s: float) -> None:
    clock = Clock()
    look = Look(clock)
    look.begin()
    look.doing = Deferred(lambda _: None)
    clock.advance(after_s)
    ended = look.stopService()
    assert (ended is not None) == (after_s == 5) == (look.looked == 1)
    assert ended is None or ended.called
    assert not clock.getDelayedCalls()
