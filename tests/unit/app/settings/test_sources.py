"""Where settings come from, and how the command line is called with them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from bitrixmail.app.settings.sources import SettingSources


def test_the_command_works_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sources = SettingSources(
        Path("mail.toml"), {}, ("server.data_dir=my var", "server.hostname=mx.example.org")
    )
    program, *words = shlex.split(sources.command())
    assert program.endswith("/bitrixmail")
    assert words == [
        "--config", f"{tmp_path}/mail.toml", "--data-dir", f"{tmp_path}/my var",
        "--set", "server.hostname=mx.example.org",
    ]  # fmt: skip
