"""Every dialogue of tests/dialogs/submission, in memory and over a socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from twisted.protocols.tls import TLSMemoryBIOFactory

from tests.dialogs.cases import CUTS, in_memory, played
from tests.dialogs.dialog import play_in_memory
from tests.fakes.certificate import server_tls
from tests.fakes.maildrop import PASSWORD
from tests.fakes.neighbour_doors import SubmissionDoor


def look_behind(door: SubmissionDoor) -> None:
    """Nobody is inside or waits any more, and no log knows a password."""
    assert not +door.gate.inside
    assert not door.clock.getDelayedCalls()
    assert PASSWORD.decode() not in repr(door.maillog.lines)


@pytest.mark.parametrize(("path", "play"), played("submission"))
async def test_dialog(path: Path, play: Callable[..., Awaitable[None]]) -> None:
    door = SubmissionDoor()
    implicit = path.stem.startswith("implicit_tls")
    wrapped = TLSMemoryBIOFactory(server_tls(), False, door.factory)
    await play(path, wrapped if implicit else door.factory, door.clock, door.hooks())
    look_behind(door)


# What is sent at once in one write matters to that one alone
CUT = [path for path in in_memory("submission") if path.stem != "pipelined"]


@pytest.mark.parametrize("path", CUT, ids=lambda path: path.stem)
async def test_how_a_dialog_is_cut_does_not_matter(path: Path) -> None:
    for cut in CUTS:
        door = SubmissionDoor()
        await play_in_memory(path, door.factory, door.clock, door.hooks(), cut)
        look_behind(door)
