"""Every dialogue of tests/dialogs/xclient, in memory and over a socket: XCLIENT at the door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from ipaddress import ip_network
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

DIALOGS = sorted((Path(__file__).parent / "xclient").glob("*.txt"))
DRIVERS = {"memory": play_in_memory, "socket": play_over_socket}
CASES = [
    pytest.param(path, play, id=f"{path.stem}-{name}")
    for path in DIALOGS
    for name, play in DRIVERS.items()
    if name == "socket" or not needs_socket(parse(path.read_text()))
]
IN_MEMORY = [path for path in DIALOGS if not needs_socket(parse(path.read_text()))]
# Where the two drivers' connections come from
OWN_PEERS = {"127.0.0.1", "192.168.1.1"}


def hooks(door: Door) -> Mapping[str, Callable[[str], None]]:
    def trusted(rest: str) -> None:
        networks = (*door.factory.limits.xclient_networks, ip_network(rest))
        door.factory.limits = replace(door.factory.limits, xclient_networks=networks)

    def inside(rest: str) -> None:
        assert list(+door.gate.inside) == rest.split()

    def from_proxy(_rest: str) -> None:
        assert door.gate.opened[-1].client.address in OWN_PEERS

    def refused_peer(rest: str) -> None:
        assert door.maillog.lines[-1][1]["peer"] == rest

    return {
        **door.hooks(),
        "trusted": trusted,
        "trusted_too": trusted,
        "inside": inside,
        "from_proxy": from_proxy,
        "refused_peer": refused_peer,
    }


def look_behind(door: Door) -> None:
    assert not +door.gate.inside
    assert not door.factory._sessions
    assert not door.factory._admitted
    assert not door.clock.getDelayedCalls()


@pytest.mark.parametrize(("path", "play"), CASES)
async def test_dialog(path: Path, play: Callable[..., Awaitable[None]]) -> None:
    door = Door()
    await play(path, door.factory, door.clock, hooks(door))
    look_behind(door)


@pytest.mark.parametrize("path", IN_MEMORY, ids=lambda path: path.stem)
async def test_how_a_dialog_is_cut_does_not_matter(path: Path) -> None:
    for cut in (cut_by(1), cut_by(2), *map(cut_anywhere, range(4))):
        door = Door()
        await play_in_memory(path, door.factory, door.clock, hooks(door), cut)
        look_behind(door)
