"""What integration tests need from the machine: programs of named Debian packages."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

import pytest

from tests.fakes.server import NOBODY

INSTALLER = Path(__file__).parents[1] / "install-programs.sh"


@pytest.fixture
def nobodys_home(open_home: Path) -> Path:
    """A directory that belongs to nobody, where any user may come to."""
    os.chown(open_home, NOBODY, NOBODY)
    return open_home


@functools.cache
def missing(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Ask the installer, which knows by what program each package is recognised."""
    asked = subprocess.run(
        ["sh", str(INSTALLER), "--missing", *packages], check=True, capture_output=True, text=True
    )
    return tuple(asked.stdout.split())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `debian(package, …)` that lacks one; with CI=true let it fail."""
    needed = [package for mark in item.iter_markers("debian") for package in mark.args]
    lacking = missing(tuple(sorted(set(needed)))) if needed else ()
    if not lacking:
        return
    reason = "needs the Debian package " + ", ".join(lacking)
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
