"""Every dialogue of tests/dialogs/pop3, in memory and over a socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from tests.dialogs.dialog import (
    cut_anywhere,
    cut_by,
    needs_socket,
    parse,
    play_in_memory,
    play_over_socket,
)
from tests.fakes.certificate import server_tls
from tests.fakes.maildrop import PASSWORD
from tests.fakes.reader_door import ReaderDoor

DIALOGS = sorted((Path(__file__).parent / "pop3").glob("*.txt"))
DRIVERS = {"memory": play_in_memory, "socket": play_over_socket}
CASES = [
    pytest.param(path, play, id=f"{path.stem}-{name}")
    for path in DIALOGS
    for name, play in DRIVERS.items()
    if name == "socket" or not needs_socket(parse(path.read_text()))
]
IN_MEMORY = [path for path in DIALOGS if not needs_socket(parse(path.read_text()))]


def look_behind(door: ReaderDoor, failures: list[Failure], path: Path) -> None:
    """Nothing is held or waits any more, and no log knows a password."""
    assert not door.accounts.held
    assert not door.clock.getDelayedCalls()
    assert PASSWORD.decode() not in repr(door.maillog.lines)
    if path.stem.startswith("bug"):
        assert failures
        failures.clear()


@pytest.mark.parametrize(("path", "play"), CASES)
async def test_dialog(
    path: Path, play: Callable[..., Awaitable[None]], nothing_lost_or_left: list[Failure]
) -> None:
    door = ReaderDoor()
    implicit = path.stem.startswith("implicit_tls")
    wrapped = TLSMemoryBIOFactory(server_tls(), False, door.factory)
    await play(path, wrapped if implicit else door.factory, door.clock, door.hooks())
    look_behind(door, nothing_lost_or_left, path)


@pytest.mark.parametrize("path", IN_MEMORY, ids=lambda path: path.stem)
async def test_how_a_dialog_is_cut_does_not_matter(
    path: Path, nothing_lost_or_left: list[Failure]
) -> None:
    for cut in (cut_by(1), cut_by(2), *map(cut_anywhere, range(4))):
        door = ReaderDoor()
        await play_in_memory(path, door.factory, door.clock, door.hooks(), cut)
        look_behind(door, nothing_lost_or_left, path)
