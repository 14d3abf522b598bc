"""What integration tests need from the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.server import NOBODY


@pytest.fixture
def nobodys_home(open_home: Path) -> Path:
    """A directory that belongs to nobody, where any user may come to."""
    os.chown(open_home, NOBODY, NOBODY)
    return open_home
