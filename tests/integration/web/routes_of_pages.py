"""Every route of the pages, and every name that they ask of a query or a form."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from bitrixmail.web import pages
from bitrixmail.web.api.__main__ import whole_document
from bitrixmail.web.visit import Route

with warnings.catch_warnings():
    # Twisted warns of its own as it loads what serves files
    warnings.simplefilter("ignore", DeprecationWarning)
    from bitrixmail.web.site_map import Over, routes_of

_ASKED = re.compile(r'(?:asked|given|all_given|_raw)\((?:visit, )?"([a-z_.]+)"')
_PART = re.compile(r"<(?:[a-z]+:)?[a-z_]+>")


class _Nobody:
    """Stands for use cases that are never called."""

    def __getattr__(self, name: str) -> Any:
        return self


def every_route() -> tuple[Route, ...]:
    """Return the routes as the server has them; their handlers can't be called."""
    nobody: Any = _Nobody()
    return tuple(routes_of(Over(nobody, nobody, nobody, nobody, "", nobody), whole_document()))


def filled(path: str, part: str) -> str:
    """Put a text, quoted already, in the place of each part of a path."""
    return _PART.sub(lambda _found: part, path)


def every_name() -> tuple[str, ...]:
    """Return the names of all that pages ask for."""
    (folder,) = pages.__path__
    texts = (file.read_text("utf-8") for file in Path(folder).glob("*.py"))
    return tuple(sorted({name for text in texts for name in _ASKED.findall(text)}))
