"""What a page of ours let a message do: scripts that ran, and what was asked of elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.corpus.injections import MARK

# Says so wherever a payload is run: in the page and in its frames
_TELL = f"window.{MARK} = () => console.log('{MARK}')"


def ran(context: Any, base: str, paths: Iterable[str]) -> list[str]:
    """Look at pages in a context of Playwright's; return what should not have happened.

    `base` is the address of the pages, without a slash at the end.
    """
    found: list[str] = []
    context.add_init_script(_TELL)
    page = context.new_page()

    def heard(what: str) -> None:
        if MARK in what:
            found.append(f"{page.url}: {what}")

    def asked(request: Any) -> None:
        if not request.url.startswith((base, "data:", "about:")):
            found.append(f"{page.url}: asked for {request.url}")

    def opened(dialog: Any) -> None:
        found.append(f"{page.url}: a dialog")
        dialog.dismiss()

    page.on("console", lambda message: heard(message.text))
    page.on("pageerror", lambda error: heard(str(error)))
    page.on("dialog", opened)
    page.on("request", asked)
    for path in paths:
        page.goto(base + path)
        page.wait_for_timeout(30)
        if page.url != base + path:
            found.append(f"{path} led to {page.url}")
    page.close()
    return found
