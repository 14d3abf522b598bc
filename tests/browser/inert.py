"""What a page of ours let a message do: scripts that ran, and what was asked of elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.sync_api import BrowserContext, Dialog

from tests.corpus.injections import MARK

# Says so wherever a payload is run: in the page and in its frames
_TELL = f"window.{MARK} = () => console.log('{MARK}')"
# Puts frames into the page, as the page of a message does, and waits until all have loaded
_FRAMES = """async (paths) => Promise.all(paths.map((path) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.addEventListener("load", done);
  frame.addEventListener("error", done);
  frame.src = path;
  document.body.append(frame);
})))"""
_MOMENT_MS = 20


class Inert:
    """Looks at pages in a context of Playwright's. Made by a test; `found` is what happened.

    `base` is the address of the pages, without a slash at the end.
    """

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.found: list[str] = []
        self._base = base
        context.add_init_script(_TELL)
        self.page = context.new_page()
        self.page.on("console", lambda said: self._heard(said.type, said.text))
        self.page.on("pageerror", lambda error: self._heard("error", str(error)))
        self.page.on("dialog", self._opened)
        self.page.on("request", lambda request: self._asked(request.url))

    def _heard(self, kind: str, what: str) -> None:
        """Errors count too: they tell of what only the policy of the page has kept from running."""
        if MARK in what or kind == "error":
            self.found.append(f"{self.page.url}: {what}")

    def _asked(self, url: str) -> None:
        if not url.startswith((self._base, "data:", "about:")):
            self.found.append(f"{self.page.url}: asked for {url}")

    def _opened(self, dialog: Dialog) -> None:
        self.found.append(f"{self.page.url}: a dialog")
        dialog.dismiss()

    def look(self, path: str) -> None:
        """Open a page; whatever it then leads to by itself is found."""
        self.page.goto(self._base + path)
        self.page.wait_for_timeout(_MOMENT_MS)
        if self.page.url != self._base + path:
            self.found.append(f"{path} led to {self.page.url}")

    def look_framed(self, paths: Iterable[str]) -> int:
        """Open documents in frames of the page as it is; return in how many there is something."""
        self.page.evaluate(_FRAMES, list(paths))
        self.page.wait_for_timeout(_MOMENT_MS)
        return sum(frame.locator("body").count() for frame in self.page.frames[1:])
