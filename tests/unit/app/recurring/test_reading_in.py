"""Messages read in for the search, a few at a time while others come."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from bitrixmail.app.recurring.reading_in import ReadingIn
from bitrixmail.interfaces.searching import ISearching
from tests.fakes.stored_mail import fill
from tests.fakes.stores import make_stores, result_of


def test_it_reads_in_behind_reception_and_ends(tmp_path: Path) -> None:
    clock = Clock()
    with make_stores(tmp_path) as stores:
        reading = ReadingIn(cast("IReactorTime", clock), stores.searching)
        reading.begin()
        fill(stores, 150)
        assert result_of(stores.searching.unread()) == 150
        clock.advance(2)
        assert result_of(stores.searching.unread()) == 0
        assert reading.stopService() is not None


class Busy:
    """A search that never comes to an end of what is new."""

    def __init__(self, clock: Clock, more: int) -> None:
        self.clock = clock
        self.more = more
        self.behind = 100_000
        self.read = 0

    async def unread(self) -> int:
        return self.behind

    async def read_in(self, limit: int) -> int:
        self.read += limit
        self.behind -= limit
        self.clock.rightNow += 0.01  # what it takes
        return limit


def test_it_does_little_while_mail_comes_in_and_much_when_none_does() -> None:
    counts = []
    for more in (6000, 0):
        clock = Clock()
        busy = Busy(clock, more)
        reading = ReadingIn(cast("IReactorTime", clock), cast("ISearching", busy))
        reading.begin()
        clock.advance(2)
        busy.read, busy.behind = 0, busy.behind + more
        clock.advance(2)
        counts.append(busy.read)
    assert counts[0] == 400
    assert counts[1] > 4000
