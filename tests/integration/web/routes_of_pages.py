"""Paths of the pages with something in their parts, and every name that they ask for."""

from __future__ import annotations

import re
from pathlib import Path

from bitrixmail.web import pages

_ASKED = re.compile(r'(?:asked|given|all_given|_raw)\((?:visit, )?"([a-z_.]+)"')
_PART = re.compile(r"<(?:[a-z]+:)?[a-z_]+>")


def filled(path: str, part: str) -> str:
    """Put a text, quoted already, in the place of each part of a path."""
    return _PART.sub(lambda _found: part, path)


def every_name() -> tuple[str, ...]:
    """Return the names of all that pages ask for."""
    (folder,) = pages.__path__
    texts = (file.read_text("utf-8") for file in Path(folder).glob("*.py"))
    return tuple(sorted({name for text in texts for name in _ASKED.findall(text)}))
