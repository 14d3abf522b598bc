"""Real bounces and replies of programs: the test data in the source package of flufl.bounce.

Nobody but its authors may hand it on in pieces, so it is fetched once, by the ordinary client of
the package index, and kept beside the programs of the environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

_NAME, _VERSION = "flufl.bounce", "6.0.0"
_FOLDER = Path(sys.prefix) / "share" / "flufl-bounce"


def real_bounces() -> dict[str, bytes]:
    """Return the messages by their names, CRLF at line ends; skip the test if there is no way."""
    package = _FOLDER / f"flufl_bounce-{_VERSION}.tar.gz"
    if not package.exists():
        _fetch()
    if not package.exists():
        said = f"the source package of {_NAME} can't be fetched"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    with tarfile.open(package) as archive:
        found = {}
        for member in archive.getmembers():
            folder, _, name = member.name.rpartition("/")
            if folder.endswith("tests/data") and name.endswith(".txt"):
                file = archive.extractfile(member)
                assert file is not None
                lines = file.read().replace(b"\r", b"").replace(b"\0", b"")
                found[name] = lines.replace(b"\n", b"\r\n")
    return found


def _fetch() -> None:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    wanted = ["--no-deps", f"--no-binary={_NAME}", f"--dest={_FOLDER}", f"{_NAME}=={_VERSION}"]
    subprocess.run(
        [*pip, *wanted], stdin=subprocess.DEVNULL, capture_output=True, timeout=100, check=False
    )
