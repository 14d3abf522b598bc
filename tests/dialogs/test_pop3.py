"""Every dialogue of tests/dialogs/pop3, in memory and over a socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from tests.dialogs.cases import CUTS, in_memory, played
from tests.dialogs.dialog import play_in_memory
from tests.fakes.certificate import server_tls
from tests.fakes.maildrop import PASSWORD
from tests.fakes.reader_door import ReaderDoor


def look_behind(door: ReaderDoor, failures: list[Failure], path: Path) -> None:
    """Nothing is held or waits any more, and no log knows a password."""
    assert not door.accounts.held
    assert not door.clock.getDelayedCalls()
    assert PASSWORD.decode() not in repr(door.maillog.lines)
    if path.stem.startswith("bug"):
        assert failures
        failures.clear()


@pytest.mark.parametrize(("path", "play"), played("pop3"))
async def test_dialog(
    path: Path, play: Callable[..., Awaitable[None]], nothing_lost_or_left: list[Failure]
) -> None:
    door = ReaderDoor()
    implicit = path.stem.startswith("implicit_tls")
    wrapped = TLSMemoryBIOFactory(server_tls(), False, door.factory)
    await play(path, wrapped if implicit else door.factory, door.clock, door.hooks())
    look_behind(door, nothing_lost_or_left, path)


@pytest.mark.parametrize("path", in_memory("pop3"), ids=lambda path: path.stem)
async def test_how_a_dialog_is_cut_does_not_matter(
    path: Path, nothing_lost_or_left: list[Failure]
) -> None:
    for cut in CUTS:
        door = ReaderDoor()
        await play_in_memory(path, door.factory, door.clock, door.hooks(), cut)
        look_behind(door, nothing_lost_or_left, path)
