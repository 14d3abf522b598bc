"""`make run` starts with a copy of the settings, which the pages may change."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fakes.process import ROOT

# Stands in the place of twistd: what is looked at here is what make hands it
_TELLS = """\
#!/bin/sh
echo "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout in which everything is installed."""
    for folder in ("etc", "tools", "bin", ".venv", "bitrixmail/web/static"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "etc/bitrixmail.toml", "tools/vendor-pages.sh"):
        shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / ".venv/installed").touch()
    (tmp_path / "bitrixmail/web/static/vendor").mkdir()
    (tmp_path / "bin/twistd").write_text(_TELLS)
    (tmp_path / "bin/twistd").chmod(0o755)
    return tmp_path


def make_run(checkout: Path) -> str:
    command = ("make", "--no-print-directory", "run", "BIN=bin")
    return subprocess.check_output(command, cwd=checkout, text=True, timeout=60)


def test_the_first_start_makes_settings_of_its_own_and_later_ones_keep_them(
    checkout: Path,
) -> None:
    example, own = checkout / "etc/bitrixmail.toml", checkout / "var/bitrixmail.toml"
    assert make_run(checkout).split()[-2:] == ["--config", "var/bitrixmail.toml"]
    assert own.read_text() == example.read_text()
    assert own.stat().st_mode & 0o777 == 0o600
    assert own.parent.stat().st_mode & 0o777 == 0o700
    own.write_text("[smtp]\n")
    make_run(checkout)
    assert own.read_text() == "[smtp]\n"
