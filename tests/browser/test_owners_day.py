"""Walks the owner's day in both languages, in Debian's Chromium, and keeps what it looked like."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.chromium import chromium
from tests.browser.owners_day import OwnersDay
from tests.browser.shots import REFUSED, SETTINGS, furnish, pages, take
from tests.fakes.process import ROOT, ServerProcess

# Where each page is kept as it looked; a run of all checks leaves it behind
_CI = ROOT / "build" / "screenshots" if os.environ.get("CI") == "true" else ""
SHOTS = os.environ.get("SCREENSHOTS") or _CI
pytestmark = pytest.mark.debian("chromium", "npm")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_owners_day(tmp_path: Path, language: str) -> None:
    with ServerProcess(tmp_path, SETTINGS, web=True) as server, chromium() as browser:
        day = OwnersDay(browser, server, language)
        day.go()
        furnish(server)
        folder = Path(SHOTS) if SHOTS else None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        found = [each for name, path in pages(day) for each in take(day.owner, name, path, folder)]
        heard = [each for each in day.owner.wrong if not any(path in each for path in REFUSED)]
        assert found + heard == []
