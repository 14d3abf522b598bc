"""Every dialogue of tests/dialogs/smtp, in memory and over a socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.dialogs.cases import CUTS, in_memory, played
from tests.dialogs.dialog import play_in_memory
from tests.fakes.door import Door


@pytest.mark.parametrize(("path", "play"), played("smtp"))
async def test_dialog(path: Path, play: Callable[..., Awaitable[None]]) -> None:
    door = Door()
    await play(path, door.factory, door.clock, door.hooks())
    assert not +door.gate.inside
    assert not door.clock.getDelayedCalls()


@pytest.mark.parametrize("path", in_memory("smtp"), ids=lambda path: path.stem)
async def test_how_a_dialog_is_cut_does_not_matter(path: Path) -> None:
    for cut in CUTS:
        door = Door()
        await play_in_memory(path, door.factory, door.clock, door.hooks(), cut)
