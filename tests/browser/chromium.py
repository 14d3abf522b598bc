"""Debian's Chromium, driven by Playwright: whoever looks at the pages as a person does."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

# What of the visible words is asked to be in the language of the page
_SPOKEN = """nav a, button, thead th, label, legend, summary, figcaption, dt, h2, h3,
main > h1:not(.way ~ h1, .pages ~ h1), [role=status]"""


class Size(NamedTuple):
    """The inside of a window, in CSS pixels."""

    width: int
    height: int


# Much, since a busy machine is slow
_PATIENCE_MS = 30_000
WIDE, PHONE = Size(1280, 900), Size(390, 844)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start it, without a window."""
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=arguments
        )
        yield browser
        browser.close()


class Onlooker:
    """Somebody with a browser of his own, in his language and time zone. Made by a test.

    `wrong` is what pages did that none should: errors on the console, scripts that failed, calls
    to elsewhere.
    """

    def __init__(self, browser: Browser, port: int, language: str) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.language = language
        self.wrong: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": WIDE.width, "height": WIDE.height},
            locale={"en": "en-GB", "ru": "ru-RU"}[language],
            timezone_id="Europe/Moscow",
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.context.set_default_timeout(_PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self._heard(said.type, said.text))
        self.page.on("pageerror", lambda error: self._heard("error", str(error)))
        self.page.on("request", lambda request: self._asked(request.url))

    def _heard(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.wrong.append(f"{self.page.url}: {kind}: {text}")

    def _asked(self, url: str) -> None:
        if not url.startswith((self.base, "data:", "about:")):
            self.wrong.append(f"{self.page.url}: asked for {url}")

    def log_in(self, name: str, password: str) -> None:
        self.page.goto(f"{self.base}/login")
        self.page.locator("[name=name]").fill(name)
        self.page.locator("[name=password]").fill(password)
        self.page.locator("main button").click()
        self.page.wait_for_url(f"{self.base}/")

    def open(self, path: str) -> None:
        """Go to a page, as by its address."""
        self.page.goto(self.base + path)

    def press(self, label: str) -> None:
        """Press the button that says this, and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=label).first.click()

    def follow(self, label: str) -> None:
        """Follow the link that says just this."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=label, exact=True).first.click()

    def resize(self, size: Size) -> None:
        self.page.set_viewport_size({"width": size.width, "height": size.height})

    def too_wide(self) -> list[str]:
        """Return what reaches beyond the window, where all of it should fit."""
        found: list[str] = self.page.evaluate(
            """() => {
              const width = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= width) return [];
              return [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > width + 1)
                .map((each) => each.tagName + "." + each.className).slice(0, 5);
            }"""
        )
        return found

    def foreign_words(self) -> list[str]:
        """Return visible names of things that have a word of English in a page in Russian.

        What stands in code, is marked as of another language or typed by somebody is left out.
        """
        texts: list[str] = self.page.evaluate(
            """(spoken) => [...document.querySelectorAll(spoken)]
              .filter((each) => each.checkVisibility())
              .map((each) => {
                const copy = each.cloneNode(true);
                for (const no of copy.querySelectorAll("code, [lang], textarea, select, .name"))
                  no.remove();
                return each.closest("[lang]") === document.documentElement ? copy.textContent : "";
              })""",
            _SPOKEN,
        )
        return [" ".join(text.split()) for text in texts if _FOREIGN.search(_KNOWN.sub("", text))]


# Words of other alphabets that are names, in whatever language
_KNOWN = re.compile(
    r"\S*[@./]\S*|\b(API|HTML|TOML|JSON|DNS|DNSSEC|DANE|MX|DKIM|SPF|DMARC|MTA-STS|TLS|SSL|SMTP|LMTP|"
    r"POP3|IMAP|IPv6|PROXY|XCLIENT|SSE|UTC|Prometheus|eml|INBOX|Spam|Trash|PID|OpenAPI|"
    r"Bitrix24|bitrixmail|English|GiB|Invoices|Desk)\b|\dGiB"
)
_FOREIGN = re.compile(r"[A-Za-z]{2,}")
