"""A help desk over real stores, for the tests of its actions."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from tests.fakes.help_desk import HelpDesk
from tests.fakes.stores import make_stores

Make = Callable[..., HelpDesk]


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stores with nothing in them: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("blank")
    with make_stores(folder):
        return folder


@pytest.fixture
def make(blank: Path, tmp_path: Path) -> Iterator[Make]:
    shutil.copytree(blank, tmp_path, dirs_exist_ok=True)
    clock = Clock()
    clock.advance(1_800_000_000)
    with make_stores(tmp_path, clock) as stores:
        yield lambda *settings: HelpDesk(stores, clock, *settings)
