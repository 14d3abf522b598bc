"""Texts with places for what a message says: `Dear {from_name}, …`. Pure.

A place is a name between braces and nothing else: no attribute, index or format is ever looked up.
A brace itself is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def template_fault(text: str, names: Collection[str]) -> str:
    """Say what is wrong with a text whose places may have these names; empty if nothing is."""
    for found in _PIECE.finditer(text):
        name = found[1]
        if name is None and found[0] in ("{", "}"):
            return f'has a single "{found[0]}"; write "{found[0] * 2}" where a brace is meant'
        if name is not None and name not in names:
            known = ", ".join(f"{{{each}}}" for each in names)
            return f'has a place "{{{name[:60]}}}" that nothing is known for; there are {known}'
    return ""


def places(text: str) -> frozenset[str]:
    """Return the names of the places in a text."""
    return frozenset(found[1] for found in _PIECE.finditer(text) if found[1] is not None)


def filled(text: str, values: Mapping[str, str], written: Callable[[str], str] = str) -> str:
    """Put values into their places, each as `written` writes it; what has none is left out.

    What stands in a value is never taken for a place. Never raises.
    """

    def piece(found: re.Match[str]) -> str:
        if found[1] is not None:
            return written(values.get(found[1], ""))
        return found[0][0]

    return _PIECE.sub(piece, text)
