"""The name that was probably meant by one that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from bitrixmail.model.text import printable

_SHOWN = 60


def nearest(typed: str, known: Iterable[str], otherwise: str) -> str:
    """Return a remedy: the known name most like what was typed, whatever its case; or another."""
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(typed.casefold()[: 2 * _SHOWN], folded, 1)
    return f'did you mean "{printable(folded[near[0]], _SHOWN)}"?' if near else otherwise
