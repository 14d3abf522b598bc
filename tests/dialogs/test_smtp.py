"""Every dialogue of tests/dialogs/smtp, in memory and over a socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.dialogs.dialog import (
    cut_anywhere,
    cut_by,
    needs_socket,
    parse,
    play_in_memory,
    play_over_socket,
)
from tests.fakes.door import Door

DIALOGS = sorted((Path(__file__).parent / "smtp").glob("*.txt"))
DRIVERS = {"memory": play_in_memory, "socket": play_over_socket}
CASES = [
    pytest.param(path, play, id=f"{path.stem}-{name}")
    for path in DIALOGS
    for name, play in DRIVERS.items()
    if name == "socket" or not needs_socket(parse(path.read_text()))
]
IN_MEMORY = [path for path in DIALOGS if not needs_socket(parse(path.read_text()))]


@pytest.mark.parametrize(("path", "play"), CASES)
async def test_dialog(path: Path, play: Callable[..., Awaitable[None]]) -> None:
    door = Door()
    await play(path, door.factory, door.clock, door.hooks())
    assert not +door.gate.inside
    assert not door.clock.getDelayedCalls()


@pytest.mark.parametrize("path", IN_MEMORY, ids=lambda path: path.stem)
async def test_how_a_dialog_is_cut_does_not_matter(path: Path) -> None:
    for cut in (cut_by(1), cut_by(2), *map(cut_anywhere, range(4))):
        door = Door()
        await play_in_memory(path, door.factory, door.clock, door.hooks(), cut)
