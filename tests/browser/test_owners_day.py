"""Walks the owner's day in both languages, in Debian's Chromium, and keeps what it looked like."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.chromium import chromium
from tests.browser.owners_day import OwnersDay
from tests.browser.shots import REFUSED, furnish, pages, take
from tests.fakes.process import ROOT, ServerProcess, free_port

# Kept as what a run leaves behind: each page in both languages, wide and on a phone
SHOTS = Path(os.environ.get("SCREENSHOTS") or ROOT / "build" / "screenshots")
pytestmark = pytest.mark.debian("chromium", "npm")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_owners_day(tmp_path: Path, language: str) -> None:
    away = f'[outbound]\nsmarthost = "127.0.0.1:{free_port()}"\n'
    with ServerProcess(tmp_path, away, web=True) as server, chromium() as browser:
        day = OwnersDay(browser, server, language)
        day.go()
        furnish(server)
        SHOTS.mkdir(parents=True, exist_ok=True)
        found = [each for name, path in pages(day) for each in take(day.owner, name, path, SHOTS)]
        heard = [each for each in day.owner.wrong if not any(path in each for path in REFUSED)]
        assert found + heard == []
