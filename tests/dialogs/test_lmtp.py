"""Every dialogue of tests/dialogs/lmtp, in memory and over a socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from twisted.python.failure import Failure

from tests.dialogs.cases import CUTS, in_memory, played
from tests.dialogs.dialog import play_in_memory
from tests.fakes.neighbour_doors import LMTPDoor


def look_behind(door: LMTPDoor, failures: list[Failure]) -> None:
    assert not +door.gate.inside
    assert not door.clock.getDelayedCalls()
    if door.gate.bugs:
        assert failures
        failures.clear()


@pytest.mark.parametrize(("path", "play"), played("lmtp"))
async def test_dialog(
    path: Path, play: Callable[..., Awaitable[None]], nothing_lost_or_left: list[Failure]
) -> None:
    door = LMTPDoor()
    await play(path, door.factory, door.clock, door.hooks())
    look_behind(door, nothing_lost_or_left)


@pytest.mark.parametrize("path", in_memory("lmtp"), ids=lambda path: path.stem)
async def test_how_a_dialog_is_cut_does_not_matter(
    path: Path, nothing_lost_or_left: list[Failure]
) -> None:
    for cut in CUTS:
        door = LMTPDoor()
        await play_in_memory(path, door.factory, door.clock, door.hooks(), cut)
        look_behind(door, nothing_lost_or_left)
