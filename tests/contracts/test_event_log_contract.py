"""What every event log does that is read backwards."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from bitrixmail.interfaces.event_log import IEventLog
from bitrixmail.model.event_log import Wanted
from bitrixmail.model.message import Event
from bitrixmail.store.opening import Stores
from tests.fakes.both_stores import BOTH, Opened
from tests.fakes.drafts import RECEIVED

pytestmark = pytest.mark.parametrize("opened", BOTH)
ANN, BOB = "ann@example.org", "bob@example.org"


async def filled(stores: Stores) -> None:
    events = [
        Event(
            RECEIVED + timedelta(minutes=number),
            "refused" if number % 5 == 4 else "filed",
            "" if number % 5 == 4 else f"Q{number}",
            BOB if number % 2 else ANN,
            f"kept in Folder {number} of 100%",
        )
        for number in range(20)
    ]
    await stores.messages.record(events)


async def told(stores: Stores, wanted: Wanted, breadth: int = 100, limit: int = 100) -> list[int]:
    """Return the numbers in the texts of all that is found, stretch by stretch."""
    found: list[int] = []
    below = 0
    for _ in range(50):
        stretch = await stores.event_log.read(wanted, below, limit, breadth)
        found += [int(each.event.text.split()[3]) for each in stretch.entries]
        below = stretch.reached
        if not below:
            return found
    raise AssertionError("it never ends")


async def test_what_is_wanted_is_told_newest_first(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        verifyObject(IEventLog, stores.event_log)
        assert await told(stores, Wanted()) == []
        await filled(stores)
        for wanted, numbers in (
            (Wanted(), list(range(19, -1, -1))),
            (Wanted(queue_id="Q7"), [7]),
            (Wanted(address="BOB@example.org", kinds=("refused",)), [19, 9]),
            (Wanted(kinds=("refused",)), [19, 14, 9, 4]),
            (Wanted(text="FOLDER 1"), [19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 1]),
            (Wanted(text="_"), []),
            (Wanted(text="100%", before=RECEIVED + timedelta(minutes=2)), [1, 0]),
            (Wanted(before=RECEIVED), []),
            (Wanted(before=RECEIVED + timedelta(days=1)), list(range(19, -1, -1))),
            (Wanted(address=ANN, before=RECEIVED + timedelta(minutes=3)), [2, 0]),
        ):
            for breadth, limit in ((100, 100), (3, 100), (7, 2), (100, 1)):
                assert await told(stores, wanted, breadth, limit) == numbers, wanted


async def test_the_last_of_a_kind_that_each_address_had(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as stores:
        await filled(stores)
        log, asked = stores.event_log, (ANN, BOB, "carl@example.org")
        for breadth, wanted in ((100, {ANN: 14, BOB: 19}), (2, {BOB: 19})):
            found = await log.last_of("refused", asked, breadth)
            numbers = {address: int(each.text.split()[3]) for address, each in found.items()}
            assert numbers == wanted
        assert await log.last_of("bounced", asked, 100) == {}
