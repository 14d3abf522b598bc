"""What integration tests need from the machine: programs of named Debian packages."""

from __future__ import annotations

import functools
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

# These drive the server by the `bitrixmail` command and read by POP3: they count from the day
# on which both exist.
collect_ignore = (
    []
    if find_spec("bitrixmail.app.console") and find_spec("bitrixmail.access.pop3")
    else ["test_clients.py", "test_corpus.py", "test_crash.py", "test_sync_order.py"]
)
INSTALLER = Path(__file__).parents[1] / "install-programs.sh"


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
