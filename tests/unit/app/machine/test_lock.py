from __future__ import annotations

import os
from pathlib import Path

import pytest

from bitrixmail.app.machine.lock import DataDirLock
from bitrixmail.model.errors import SetupError


def test_a_second_server_is_told_who_was_first(tmp_path: Path) -> None:
    first, second = DataDirLock(), DataDirLock()
    first.take(tmp_path)
    with pytest.raises(SetupError) as raised:
        second.take(tmp_path)
    assert raised.value.exit_code == os.EX_UNAVAILABLE
    assert f"PID {os.getpid()}" in raised.value.problem
    assert any("--data-dir" in remedy for remedy in raised.value.remedies)
    first.release()
    second.take(tmp_path)
    second.release()
    second.release()
