"""`make screenshots`: pictures of real pages for the documentation."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.chromium import PHONE, Size, chromium
from tests.browser.owners_day import OwnersDay
from tests.browser.shots import SETTINGS, furnish, pages
from tests.fakes.process import ServerProcess

_WINDOW = Size(1100, 720)
_WIDE = {
    "en": ("dashboard", "messages", "rules-edit", "domain", "server", "settings-smtp"),
    "ru": ("dashboard", "rules-edit"),
}
_NARROW = {"en": (), "ru": ("messages", "server")}


def main(folder: Path) -> None:
    """Write them; those of before are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for language in ("en", "ru"):
            with (
                tempfile.TemporaryDirectory(prefix="bitrixmail-") as home,
                ServerProcess(Path(home), SETTINGS, web=True) as server,
            ):
                day = OwnersDay(browser, server, language)
                day.go()
                furnish(server)
                paths = dict(pages(day))
                for size, names in ((_WINDOW, _WIDE), (PHONE, _NARROW)):
                    for name in names[language]:
                        day.owner.resize(size)
                        day.owner.open(paths[name])
                        day.page.wait_for_timeout(500)  # charts are drawn once the page is there
                        label = "" if size is _WINDOW else "-phone"
                        day.page.screenshot(path=folder / f"{name}{label}-{language}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
