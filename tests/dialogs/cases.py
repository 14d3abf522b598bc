"""The dialogues of a folder as cases for pytest: which there are, how each can be played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.dialogs.dialog import (
    cut_anywhere,
    cut_by,
    needs_socket,
    parse,
    play_in_memory,
    play_over_socket,
)

# How input may be cut without a difference
CUTS = (cut_by(1), cut_by(2), *map(cut_anywhere, range(4)))


def in_memory(folder: str) -> list[Path]:
    """Return the dialogues of a folder that need no socket."""
    return [path for path in _dialogs(folder) if not needs_socket(parse(path.read_text()))]


def played(folder: str) -> list[Any]:
    """Return each dialogue with each way to play it, as parameters `path` and `play`."""
    memory = [
        pytest.param(path, play_in_memory, id=f"{path.stem}-memory") for path in in_memory(folder)
    ]
    socket = [
        pytest.param(path, play_over_socket, id=f"{path.stem}-socket") for path in _dialogs(folder)
    ]
    return memory + socket


def _dialogs(folder: str) -> list[Path]:
    return sorted((Path(__file__).parent / folder).glob("*.txt"))
